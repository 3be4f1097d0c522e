//! A request's body on its way through: kept in memory where it is short enough to be sent again,
//! else sent once. Nothing of it goes to the disk.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;

use super::super::Problem;

/// Bodies up to this length are kept whatever else is.
const SMALL: usize = 64 * 1024;

/// What all longer bodies may take at once; those that find no room go once.
static ROOM: Room = Room::of(256 * 1024 * 1024);

/// Memory that is shared.
pub struct Room {
    left: AtomicUsize,
}

impl Room {
    pub(in crate::http) const fn of(bytes: usize) -> Self {
        Self {
            left: AtomicUsize::new(bytes),
        }
    }

    fn take(&self, bytes: usize) -> bool {
        let less = |left: usize| left.checked_sub(bytes);
        let taken = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        taken.is_ok()
    }
}

/// A body's part of the room; given back when the body is.
pub struct Held {
    room: &'static Room,
    bytes: usize,
}

impl Held {
    /// Of the room that all bodies share.
    pub fn none() -> Self {
        Self::none_of(&ROOM)
    }

    pub(in crate::http) fn none_of(room: &'static Room) -> Self {
        Self { room, bytes: 0 }
    }

    /// Makes it large enough for a body of this length; `false` if there is no room.
    pub fn grow(&mut self, length: usize) -> bool {
        let more = length.saturating_sub(self.bytes);
        let fits = length <= SMALL || self.room.take(more);
        if fits && length > SMALL {
            self.bytes += more;
        }
        fits
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.room.left.fetch_add(self.bytes, Ordering::Relaxed);
    }
}

/// A body, kept or not.
pub enum Kept {
    /// All of it, to be sent as often as needed.
    Whole(Bytes, Held),
    /// Too long to be kept; `None` once it has been sent.
    Once(Option<Body>),
}

impl Kept {
    /// Reads a body until it ends, or has become longer than `most`. A caller who sends nothing of it
    /// for `patience` is told so, and lets go of the memory.
    pub async fn read(body: Body, most: usize, patience: Duration) -> Result<Self, Problem> {
        Self::read_within(body, most, patience, &ROOM).await
    }

    async fn read_within(
        mut body: Body,
        most: usize,
        patience: Duration,
        room: &'static Room,
    ) -> Result<Self, Problem> {
        if http_body::Body::size_hint(&body).lower() > most as u64 {
            return Ok(Self::Once(Some(body)));
        }
        let mut held = Held::none_of(room);
        let mut first = Bytes::new();
        let mut more = BytesMut::new();
        while let Some(data) = piece(&mut body, patience).await? {
            let length = first.len() + more.len() + data.len();
            if length > most || !held.grow(length) {
                let begun = VecDeque::from([first, more.freeze(), data]);
                let rest = Resumed { begun, body };
                return Ok(Self::Once(Some(Body::new(rest))));
            }
            if first.is_empty() {
                first = data;
            } else {
                more.extend_from_slice(&data);
            }
        }
        if more.is_empty() {
            return Ok(Self::Whole(first, held));
        }
        let mut all = BytesMut::with_capacity(first.len() + more.len());
        all.extend_from_slice(&first);
        all.extend_from_slice(&more);
        Ok(Self::Whole(all.freeze(), held))
    }

    /// The bytes, where they are all here; what is put in their place is sent instead.
    pub fn whole(&mut self) -> Option<&mut Bytes> {
        match self {
            Self::Whole(bytes, _) => Some(bytes),
            Self::Once(_) => None,
        }
    }

    /// Whether another attempt can be made.
    pub fn can_be_sent(&self) -> bool {
        !matches!(self, Self::Once(None))
    }

    /// The body for one attempt; `None` if it went already.
    pub fn send(&mut self) -> Option<Body> {
        match self {
            Self::Whole(bytes, _) if bytes.is_empty() => Some(Body::empty()),
            Self::Whole(bytes, _) => Some(Body::from(bytes.clone())),
            Self::Once(body) => body.take(),
        }
    }
}

/// What comes next of a body; `None` at its end.
pub async fn piece(body: &mut Body, patience: Duration) -> Result<Option<Bytes>, Problem> {
    loop {
        let frame = tokio::time::timeout(patience, body.frame()).await;
        let Some(frame) = frame.map_err(|_| Problem::too_slow())? else {
            return Ok(None);
        };
        // Trailers are headers that nobody has checked.
        if let Ok(data) = frame.map_err(|_| Problem::broke_off())?.into_data() {
            return Ok(Some(data));
        }
    }
}

/// What was read of a body, then the rest of it.
struct Resumed {
    begun: VecDeque<Bytes>,
    body: Body,
}

impl http_body::Body for Resumed {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        while let Some(data) = self.begun.pop_front() {
            if !data.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(data))));
            }
        }
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.begun.iter().all(Bytes::is_empty) && self.body.is_end_stream()
    }

    /// Of what was read nothing is missing, so a length that was declared stays true.
    fn size_hint(&self) -> SizeHint {
        let begun: u64 = self.begun.iter().map(|data| data.len() as u64).sum();
        let rest = self.body.size_hint();
        let mut all = SizeHint::new();
        if let Some(upper) = rest.upper() {
            all.set_upper(begun + upper);
        }
        all.set_lower(begun + rest.lower());
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Code;
    use futures_util::stream;
    use http::StatusCode;

    const PATIENCE: Duration = Duration::from_secs(30);

    fn pieces(pieces: &'static [&'static str]) -> Body {
        Body::from_stream(stream::iter(pieces.iter().map(|piece| {
            Ok::<_, std::io::Error>(Bytes::from_static(piece.as_bytes()))
        })))
    }

    async fn sent(kept: &mut Kept) -> Option<Bytes> {
        let body = kept.send()?;
        Some(body.collect().await.expect("a body").to_bytes())
    }

    #[tokio::test]
    async fn what_fits_is_sent_as_often_as_asked() {
        for body in [Body::from("abcdef"), pieces(&["ab", "cd", "", "ef"])] {
            let mut kept = Kept::read(body, 6, PATIENCE).await.expect("kept");
            for _ in 0..3 {
                assert_eq!(sent(&mut kept).await.as_deref(), Some(&b"abcdef"[..]));
            }
            assert!(kept.can_be_sent());
        }
    }

    #[tokio::test]
    async fn what_does_not_fit_is_sent_whole_and_once() {
        for body in [Body::from("abcdefg"), pieces(&["ab", "cd", "efg"])] {
            let mut kept = Kept::read(body, 6, PATIENCE).await.expect("read");
            assert!(kept.whole().is_none() && kept.can_be_sent());
            assert_eq!(sent(&mut kept).await.as_deref(), Some(&b"abcdefg"[..]));
            assert!(!kept.can_be_sent());
            assert!(sent(&mut kept).await.is_none());
        }
    }

    #[tokio::test]
    async fn a_declared_length_stays_true_whether_or_not_the_body_is_kept() {
        for most in [3, 6] {
            let kept = Kept::read(Body::from("abcdef"), most, PATIENCE).await;
            let mut kept = kept.expect("read");
            let body = kept.send().expect("unsent");
            assert_eq!(http_body::Body::size_hint(&body).exact(), Some(6), "{most}");
        }
    }

    #[tokio::test]
    async fn a_body_that_stops_coming_is_not_waited_for_without_end() {
        let begun = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"{"))]);
        let body = Body::from_stream(futures_util::StreamExt::chain(begun, stream::pending()));
        let patience = Duration::from_millis(20);
        let read = Kept::read_within(body, 6, patience, &ROOM).await;
        let problem = read.err().expect("a refusal");
        assert_eq!(problem.status, Some(StatusCode::REQUEST_TIMEOUT));
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_a_refusal() {
        let broken = Err(std::io::Error::other("gone"));
        let body = Body::from_stream(stream::iter([Ok(Bytes::from_static(b"{")), broken]));
        let problem = Kept::read(body, 6, PATIENCE)
            .await
            .err()
            .expect("a refusal");
        assert_eq!(problem.code, Code::Validation);
    }

    #[tokio::test]
    async fn long_bodies_share_one_room_and_go_once_where_it_is_full() {
        static SHARED: Room = Room::of(200_000);
        let body = |length| Body::from(vec![b'x'; length]);
        let read = async |length| {
            let kept = Kept::read_within(body(length), 1_000_000, PATIENCE, &SHARED).await;
            kept.expect("read")
        };
        let mut first = read(150_000).await;
        assert!(first.whole().is_some());
        let mut second = read(150_000).await;
        assert!(second.whole().is_none() && second.can_be_sent());
        assert_eq!(sent(&mut second).await.expect("unsent").len(), 150_000);
        assert!(read(SMALL).await.whole().is_some(), "always");
        drop((first, second));
        assert!(read(150_000).await.whole().is_some());
        assert_eq!(SHARED.left.load(Ordering::Relaxed), 200_000);
    }
}
