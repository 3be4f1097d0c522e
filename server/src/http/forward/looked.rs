//! An answer's body whose beginning was looked at before it went to the caller.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;

/// So much of an answer is looked at.
const LOOK: usize = 64 * 1024;
/// An error that comes more slowly is judged by what came.
const PATIENCE: Duration = Duration::from_secs(5);

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
        let patience = tokio::time::sleep(PATIENCE);
        let mut patience = std::pin::pin!(patience);
        let mut length = 0;
        while length < LOOK {
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
        let text: Vec<u8> = self.begun.iter().flatten().copied().collect();
        String::from_utf8_lossy(&text).into_owned()
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
    use futures_util::stream;

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
