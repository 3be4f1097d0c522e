//! The caller's body on its way to a provider.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
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
}

impl Progress {
    fn new() -> Self {
        Self(Arc::new(Moved {
            start: Instant::now(),
            last: AtomicU64::new(0),
        }))
    }

    fn moved(&self) {
        let since = self.0.start.elapsed().as_millis();
        self.0
            .last
            .store(u64::try_from(since).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Ends once nothing has moved for this long.
    pub async fn stalled(&self, patience: Duration) {
        loop {
            let last = Duration::from_millis(self.0.last.load(Ordering::Relaxed));
            let due = self.0.start + last + patience;
            if due <= Instant::now() {
                return;
            }
            tokio::time::sleep_until(due).await;
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
            let frame = match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
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
        let stalled =
            tokio::spawn(async move { progress.stalled(Duration::from_millis(200)).await });
        while upload.frame().await.is_some() {}
        assert!(!stalled.is_finished());
        stalled.await.expect("ends");
        assert!(started.elapsed() >= Duration::from_millis(440));
    }
}
