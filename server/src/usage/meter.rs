//! Counts what is served: around the body on its way to the caller.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use http::response;
use http_body::{Frame, SizeHint};

use super::Ask;
use crate::{AppState, clock, store::Owner};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Who was served, and under what.
pub struct Served {
    /// The caller.
    pub owner: Owner,
    /// The catalogue's id.
    pub provider: &'static str,
    /// The credential.
    pub by: By,
}

/// The credential that served.
pub enum By {
    /// The entry of this id.
    Entry(String),
    /// A key out of the request's own envelope.
    Envelope,
}

/// Counts the answer from here to its end. `head` is the answer's, as it goes to the caller.
pub fn metered<B>(
    state: &AppState,
    served: Served,
    _ask: Ask,
    _head: &response::Parts,
    body: B,
) -> Body
where
    B: http_body::Body<Data = Bytes, Error = BoxError> + Send + Unpin + 'static,
{
    if let By::Entry(id) = &served.by {
        state.store.record_use(&served.owner, id, clock::micros());
    }
    Body::new(Meter { inner: body })
}

/// A body that is looked at as it passes. Dropped, the request has ended: at the body's end, where
/// it broke off, or where the caller left.
struct Meter<B> {
    inner: B,
}

impl<B> http_body::Body for Meter<B>
where
    B: http_body::Body<Data = Bytes> + Unpin,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        Pin::new(&mut self.inner).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
