//! Which entries are in use, so that a revoke ends what runs under them.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll};

use http_body::{Body, Frame, SizeHint};
use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;

use crate::store::Owner;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The entry was revoked while it was in use.
#[derive(Debug, thiserror::Error)]
#[error("the entry was revoked")]
pub struct Ended;

/// The life of one entry; whoever uses the entry holds it.
#[derive(Clone)]
pub struct Life(Arc<Inner>);

#[derive(Default)]
struct Inner {
    ended: AtomicBool,
    end: Arc<Notify>,
}

impl Life {
    /// Whether the entry was revoked.
    pub fn has_ended(&self) -> bool {
        self.0.ended.load(Ordering::Acquire)
    }

    /// Waits until the entry is revoked.
    pub async fn ended(&self) {
        // Before the look at the flag, so that no end falls between the two.
        let end = self.0.end.notified();
        if !self.has_ended() {
            end.await;
        }
    }

    fn end(&self) {
        self.0.ended.store(true, Ordering::Release);
        self.0.end.notify_waiters();
    }
}

/// The lives of the entries that somebody uses.
#[derive(Default)]
pub struct InUse {
    lives: Mutex<HashMap<Owner, HashMap<String, Weak<Inner>>>>,
}

impl InUse {
    /// The life of an entry: the same for everybody who uses it.
    pub fn life(&self, owner: &Owner, id: &str) -> Life {
        let mut lives = self.lock();
        if let Some(life) = lives
            .get(owner)
            .and_then(|entries| entries.get(id)?.upgrade())
        {
            return Life(life);
        }
        let life = Arc::new(Inner::default());
        let entries = lives.entry(owner.clone()).or_default();
        entries.insert(id.to_owned(), Arc::downgrade(&life));
        Life(life)
    }

    /// Ends an entry's life, and with it everything that runs under it. `true`: something did.
    pub fn end(&self, owner: &Owner, id: &str) -> bool {
        let life = self
            .lock()
            .get_mut(owner)
            .and_then(|entries| entries.remove(id)?.upgrade());
        match life {
            Some(life) => {
                Life(life).end();
                true
            }
            None => false,
        }
    }

    /// Whether nothing is used at all.
    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// Drops what nobody uses any more.
    pub fn sweep(&self) {
        self.lock().retain(|_, entries| {
            entries.retain(|_, life| life.strong_count() > 0);
            !entries.is_empty()
        });
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Owner, HashMap<String, Weak<Inner>>>> {
        self.lives.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A body that breaks off when the entry it runs under is revoked.
pub struct WhileAlive<B> {
    inner: Option<B>,
    under: Option<Under>,
}

struct Under {
    life: Life,
    end: Pin<Box<OwnedNotified>>,
}

impl<B> WhileAlive<B> {
    /// Without a life the body passes to its end.
    pub fn new(inner: B, life: Option<Life>) -> Self {
        let under = life.map(|life| Under {
            end: Box::pin(life.0.end.clone().notified_owned()),
            life,
        });
        Self {
            inner: Some(inner),
            under,
        }
    }
}

impl<B> Body for WhileAlive<B>
where
    B: Body + Unpin,
    B::Error: Into<BoxError>,
{
    type Data = B::Data;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, BoxError>>> {
        let this = &mut *self;
        let Some(inner) = &mut this.inner else {
            return Poll::Ready(None);
        };
        if this
            .under
            .as_ref()
            .is_none_or(|under| !under.life.has_ended())
        {
            if let Poll::Ready(frame) = Pin::new(inner).poll_frame(cx) {
                return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
            }
            // Only a body that has nothing to say needs to be woken by the end.
            let waits = this
                .under
                .as_mut()
                .is_none_or(|under| under.end.as_mut().poll(cx).is_pending());
            if waits {
                return Poll::Pending;
            }
        }
        this.inner = None;
        Poll::Ready(Some(Err(Ended.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.inner
            .as_ref()
            .map_or(SizeHint::with_exact(0), Body::size_hint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Realm;
    use axum::body::Body as AxumBody;
    use bytes::Bytes;
    use futures_util::StreamExt;
    use http_body_util::BodyExt;

    fn ann() -> Owner {
        Owner::new(Realm::Jwt, "ann")
    }

    fn endless() -> AxumBody {
        let first = futures_util::stream::iter([Ok::<_, std::io::Error>(Bytes::from("one"))]);
        AxumBody::from_stream(first.chain(futures_util::stream::pending()))
    }

    #[tokio::test]
    async fn a_waiting_stream_breaks_off_at_once_when_its_entry_ends() {
        let in_use = Arc::new(InUse::default());
        let mut body = WhileAlive::new(endless(), Some(in_use.life(&ann(), "e")));
        assert!(body.frame().await.expect("a frame").is_ok());
        let ending = Arc::clone(&in_use);
        tokio::spawn(async move { ending.end(&ann(), "e") });
        let error = body.frame().await.expect("a frame").expect_err("the end");
        assert!(error.is::<Ended>());
        assert!(body.frame().await.is_none());
    }

    #[tokio::test]
    async fn a_stream_that_never_waits_breaks_off_too() {
        let in_use = InUse::default();
        let busy = futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from("x")));
        let mut body = WhileAlive::new(AxumBody::from_stream(busy), Some(in_use.life(&ann(), "e")));
        assert!(body.frame().await.expect("a frame").is_ok());
        in_use.end(&ann(), "e");
        assert!(body.frame().await.expect("a frame").is_err());
    }

    #[tokio::test]
    async fn only_the_users_own_entry_ends() {
        let in_use = InUse::default();
        let [ann, bob] = ["ann", "bob"].map(|sub| Owner::new(Realm::Jwt, sub));
        let (hers, his, local) = (
            in_use.life(&ann, "e"),
            in_use.life(&bob, "e"),
            in_use.life(&Owner::new(Realm::Local, "ann"), "e"),
        );
        in_use.end(&ann, "e");
        assert!(hers.has_ended());
        assert!(!his.has_ended() && !local.has_ended());
        hers.ended().await;
    }

    #[test]
    fn a_use_that_begins_before_the_end_and_looks_after_it_sees_it() {
        let in_use = InUse::default();
        let (first, second) = (in_use.life(&ann(), "e"), in_use.life(&ann(), "e"));
        in_use.end(&ann(), "e");
        assert!(first.has_ended() && second.has_ended());
    }

    #[test]
    fn what_nobody_uses_is_swept() {
        let in_use = InUse::default();
        let kept = in_use.life(&ann(), "kept");
        drop(in_use.life(&ann(), "gone"));
        in_use.sweep();
        assert_eq!(in_use.lock()[&ann()].len(), 1);
        drop(kept);
        in_use.sweep();
        assert!(in_use.lock().is_empty());
    }
}
