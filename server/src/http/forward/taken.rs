//! An answer that its caller has to take. On a connection of HTTP/1 the system sees to that; HTTP/2
//! has many answers on one connection, and one that nobody takes would wait there while others pass.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep_until};

use crate::AppState;
use crate::connection::not_taken;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The caller took nothing for too long.
#[derive(Debug, thiserror::Error)]
#[error("nothing of the answer was taken")]
struct NotTaken;

/// A body that is let go of, and with it the provider's connection, where nobody takes it.
pub struct Taken {
    shared: Arc<Mutex<Shared>>,
    watch: AbortHandle,
}

struct Shared {
    body: Option<Body>,
    /// A piece was given out then, and nobody asked for the next one yet. A provider that thinks is
    /// asked, however long it does.
    since: Option<Instant>,
}

impl Taken {
    /// Lets the caller pause so long.
    pub fn new(state: &AppState, body: Body, pause: Duration) -> Self {
        let since = None;
        let shared = Shared {
            body: Some(body),
            since,
        };
        let shared = Arc::new(Mutex::new(shared));
        let (state, watched) = (state.clone(), Arc::downgrade(&shared));
        let watch = tokio::spawn(async move {
            if watch(watched, pause).await.is_some() {
                not_taken(state.metrics.as_ref());
            }
        });
        let watch = watch.abort_handle();
        Self { shared, watch }
    }
}

/// Ends with `Some` once nothing was taken for so long.
async fn watch(shared: Weak<Mutex<Shared>>, pause: Duration) -> Option<()> {
    loop {
        let shared = shared.upgrade()?;
        let due = lock(&shared).since.unwrap_or_else(Instant::now) + pause;
        if due <= Instant::now() {
            let left = lock(&shared).body.take();
            // Counted as it goes, and nobody waits for that under the lock.
            drop(left);
            return Some(());
        }
        drop(shared);
        sleep_until(due).await;
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl http_body::Body for Taken {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let mut shared = lock(&self.shared);
        let Some(body) = &mut shared.body else {
            return Poll::Ready(Some(Err(NotTaken.into())));
        };
        let frame = Pin::new(body).poll_frame(cx);
        shared.since = frame.is_ready().then(Instant::now);
        frame.map_err(Into::into)
    }

    fn is_end_stream(&self) -> bool {
        lock(&self.shared)
            .body
            .as_ref()
            .is_some_and(http_body::Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let shared = lock(&self.shared);
        let body = shared.body.as_ref();
        body.map(http_body::Body::size_hint).unwrap_or_default()
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.watch.abort();
    }
}
