//! An answer's body whose beginning was looked at before it went to the caller.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use keyseal::usage::end_of_event;

/// So much of an answer is looked at.
const LOOK: usize = 64 * 1024;
/// An error that comes more slowly is judged by what came.
const PATIENCE: Duration = Duration::from_secs(5);
/// A longer event is no error.
const EVENT: usize = 4 * 1024;

/// A body that gives what was looked at first, and then the rest, unchanged.
pub struct Looked<B: Body> {
    begun: VecDeque<Bytes>,
    /// The body broke off while it was looked at.
    broke: Option<B::Error>,
    rest: B,
}

impl<B: Body<Data = Bytes> + Unpin> Looked<B> {
    /// Nothing of it was looked at yet.
    pub fn new(body: B) -> Self {
        Self {
            begun: VecDeque::new(),
            broke: None,
            rest: body,
        }
    }

    /// Its beginning: up to its end, as far as anything is looked at.
    pub async fn look(&mut self) -> String {
        self.begin(LOOK, false, PATIENCE).await;
        String::from_utf8_lossy(&self.seen()).into_owned()
    }

    /// The first of server-sent events: up to its blank line, or to the end of what is no event.
    pub async fn look_at_event(&mut self) -> String {
        self.event_within(PATIENCE).await
    }

    async fn event_within(&mut self, patience: Duration) -> String {
        self.begin(EVENT, true, patience).await;
        let seen = self.seen();
        let first = &seen[..end_of_event(&seen).unwrap_or(seen.len())];
        String::from_utf8_lossy(first).into_owned()
    }

    /// Reads so much, unless it ends before, or its first event does, where that is enough.
    async fn begin(&mut self, most: usize, an_event: bool, patience: Duration) {
        let patience = tokio::time::sleep(patience);
        let mut patience = std::pin::pin!(patience);
        let mut length = 0;
        while length < most && !(an_event && end_of_event(&self.seen()).is_some()) {
            let frame = tokio::select! {
                biased;
                frame = self.rest.frame() => frame,
                () = &mut patience => break,
            };
            match frame {
                None => break,
                Some(Err(error)) => {
                    self.broke = Some(error);
                    break;
                }
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        length += data.len();
                        self.begun.push_back(data);
                    }
                }
            }
        }
    }

    fn seen(&self) -> Vec<u8> {
        self.begun.iter().flatten().copied().collect()
    }
}

impl<B> Body for Looked<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Unpin,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        if let Some(data) = self.begun.pop_front() {
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        if let Some(error) = self.broke.take() {
            return Poll::Ready(Some(Err(error)));
        }
        Pin::new(&mut self.rest).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.begun.is_empty() && self.broke.is_none() && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let begun: u64 = self.begun.iter().map(|data| data.len() as u64).sum();
        let rest = self.rest.size_hint();
        let mut all = SizeHint::new();
        all.set_lower(begun + rest.lower());
        if let Some(upper) = rest.upper() {
            all.set_upper(begun + upper);
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body as AxumBody;
    use futures_util::{StreamExt as _, stream};

    #[tokio::test]
    async fn what_was_looked_at_still_comes_and_an_error_where_it_was() {
        let pieces = [Ok("{\"a\":"), Ok("1}"), Err(std::io::Error::other("gone"))];
        let body = AxumBody::from_stream(stream::iter(pieces));
        let mut looked = Looked::new(body);
        assert_eq!(looked.look().await, "{\"a\":1}");
        for expected in ["{\"a\":", "1}"] {
            let frame = looked.frame().await.expect("a frame").expect("no error");
            assert_eq!(frame.into_data().expect("data"), expected);
        }
        assert!(looked.frame().await.expect("the error").is_err());
    }

    #[tokio::test]
    async fn of_a_stream_the_first_event_is_looked_at_and_no_more_is_waited_for() {
        for (pieces, first) in [
            (&["data: 1\n\n"][..], "data: 1\n\n"),
            (&["data", ": 1\r\n", "\r\n"], "data: 1\r\n\r\n"),
            (&["data: 1\n\ndata: 2\n\n"], "data: 1\n\n"),
            (&[": still here\n\n"], ": still here\n\n"),
        ] {
            let whole = pieces.concat();
            let pieces = stream::iter(pieces.iter().map(|piece| Ok::<_, std::io::Error>(*piece)));
            // What would be waited for never comes.
            let body = AxumBody::from_stream(pieces.chain(stream::pending()));
            let mut looked = Looked::new(body);
            assert_eq!(looked.look_at_event().await, first);
            let mut came = Vec::new();
            while came.len() < whole.len() {
                let frame = looked.frame().await.expect("a frame").expect("no error");
                came.extend_from_slice(&frame.into_data().expect("data"));
            }
            assert_eq!(came, whole.as_bytes());
        }
        let mut no_event = Looked::new(AxumBody::from("{\"a\":1}"));
        assert_eq!(no_event.look_at_event().await, "{\"a\":1}");
        let mut long = Looked::new(AxumBody::from("x".repeat(100_000)));
        assert_eq!(long.look_at_event().await.len(), 100_000, "one frame");
    }

    #[tokio::test]
    async fn a_first_event_that_does_not_come_is_not_waited_for_without_end() {
        let begun = stream::iter([Ok::<_, std::io::Error>("data")]);
        let mut looked = Looked::new(AxumBody::from_stream(begun.chain(stream::pending())));
        let soon = Duration::from_millis(20);
        assert_eq!(looked.event_within(soon).await, "data");
    }

    #[tokio::test]
    async fn a_long_answer_is_looked_at_only_so_far_and_passes_whole() {
        let piece = Bytes::from(vec![b'x'; 10_000]);
        let pieces = stream::iter((0..20).map(move |_| Ok::<_, std::io::Error>(piece.clone())));
        let mut looked = Looked::new(AxumBody::from_stream(pieces));
        assert_eq!(looked.look().await.len(), 70_000);
        assert!(!looked.is_end_stream());
        let whole = looked.collect().await.expect("a body").to_bytes();
        assert_eq!(whole.len(), 200_000);
    }
}
