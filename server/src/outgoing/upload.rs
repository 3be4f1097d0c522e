//! The caller's body on its way to a provider.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::time::Instant;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The body is larger than what is forwarded.
#[derive(Debug, thiserror::Error)]
#[error("the body is too large")]
pub struct TooLarge;

/// The caller stopped sending in the middle of the body.
#[derive(Debug, thiserror::Error)]
#[error("the caller's body broke off")]
pub struct CallerBroke;

/// When the body last moved, so that waiting for an answer is not counted while it is being sent.
#[derive(Clone)]
pub struct Progress(Arc<Moved>);

struct Moved {
    start: Instant,
    /// Milliseconds after `start`.
    last: AtomicU64,
    /// More was asked for, and the caller has not sent it.
    awaited: AtomicBool,
}

/// Where nothing moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stalled {
    /// The caller sends no more of the body.
    AtCaller,
    /// The provider takes no more of it, or does not answer.
    AtProvider,
}

impl Progress {
    fn new() -> Self {
        Self(Arc::new(Moved {
            start: Instant::now(),
            last: AtomicU64::new(0),
            awaited: AtomicBool::new(false),
        }))
    }

    fn moved(&self) {
        let since = self.0.start.elapsed().as_millis();
        self.0
            .last
            .store(u64::try_from(since).unwrap_or(u64::MAX), Ordering::Relaxed);
        self.awaited(false);
    }

    fn awaited(&self, awaited: bool) {
        self.0.awaited.store(awaited, Ordering::Relaxed);
    }

    /// Ends once nothing has moved for as long as the one may take for whom everything waits.
    pub async fn stalled(&self, provider: Duration, caller: Duration) -> Stalled {
        loop {
            let last = Duration::from_millis(self.0.last.load(Ordering::Relaxed));
            let since = self.0.start + last;
            let (stalled, due) = match self.0.awaited.load(Ordering::Relaxed) {
                true => (Stalled::AtCaller, since + caller),
                false => (Stalled::AtProvider, since + provider),
            };
            let now = Instant::now();
            if due <= now {
                return stalled;
            }
            // By then it may be another's turn, whose time is up earlier.
            tokio::time::sleep_until(due.min(now + caller)).await;
        }
    }
}

/// A body that is passed on piece by piece, up to a limit.
pub struct Upload {
    body: Body,
    left: u64,
    progress: Progress,
}

impl Upload {
    /// Passes on at most `limit` bytes.
    pub fn new(body: Body, limit: u64) -> (Self, Progress) {
        let progress = Progress::new();
        (
            Self {
                body,
                left: limit,
                progress: progress.clone(),
            },
            progress,
        )
    }
}

impl http_body::Body for Upload {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        loop {
            let polled = Pin::new(&mut self.body).poll_frame(cx);
            self.progress.awaited(polled.is_pending());
            let frame = match ready!(polled) {
                None => return Poll::Ready(None),
                Some(Err(_)) => return Poll::Ready(Some(Err(CallerBroke.into()))),
                Some(Ok(frame)) => frame,
            };
            self.progress.moved();
            // Trailers are headers that nobody has checked.
            let Ok(data) = frame.into_data() else {
                continue;
            };
            let Some(left) = self.left.checked_sub(data.len() as u64) else {
                return Poll::Ready(Some(Err(TooLarge.into())));
            };
            self.left = left;
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;

    #[tokio::test]
    async fn a_body_up_to_the_limit_passes_and_one_byte_more_does_not() {
        let (upload, _) = Upload::new(Body::from("12345"), 5);
        assert_eq!(upload.collect().await.expect("passes").to_bytes(), "12345");
        let (upload, _) = Upload::new(Body::from("123456"), 5);
        assert!(
            upload
                .collect()
                .await
                .expect_err("too large")
                .is::<TooLarge>()
        );
    }

    #[tokio::test]
    async fn waiting_counts_from_the_last_byte_sent() {
        let slow = futures_util::stream::unfold(0, |sent| async move {
            tokio::time::sleep(Duration::from_millis(60)).await;
            (sent < 4).then_some((Ok::<_, std::io::Error>("piece"), sent + 1))
        });
        let (mut upload, progress) = Upload::new(Body::from_stream(slow), 100);
        let started = Instant::now();
        let patience = Duration::from_millis(200);
        let stalled = tokio::spawn(async move { progress.stalled(patience, patience).await });
        while upload.frame().await.is_some() {}
        assert!(!stalled.is_finished());
        assert_eq!(stalled.await.expect("ends"), Stalled::AtProvider);
        assert!(started.elapsed() >= Duration::from_millis(440));
    }

    #[tokio::test]
    async fn a_caller_who_stops_is_not_taken_for_a_provider_who_does_not_answer() {
        let (soon, late) = (Duration::from_millis(50), Duration::from_secs(60));
        let begun = futures_util::stream::iter([Ok::<_, std::io::Error>("begun")]);
        let stops = futures_util::StreamExt::chain(begun, futures_util::stream::pending());
        let (mut upload, progress) = Upload::new(Body::from_stream(stops), 100);
        upload.frame().await.expect("a frame").expect("no error");
        let reading = tokio::spawn(async move { upload.frame().await.is_some() });
        assert_eq!(progress.stalled(late, soon).await, Stalled::AtCaller);
        reading.abort();

        let (mut upload, progress) = Upload::new(Body::from("whole"), 100);
        while upload.frame().await.is_some() {}
        assert_eq!(progress.stalled(soon, late).await, Stalled::AtProvider);
    }
}
