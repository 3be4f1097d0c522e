//! A provider's body on its way to the caller.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::response;
use http_body::{Body, Frame, SizeHint};
use keyseal::transit::{COMPRESSED, Next, SEARCHED, Scrub, Search, Treatment};

/// The body, masked where the rules say so. Bytes pass as they come.
pub struct Answer<B> {
    inner: Option<B>,
    search: Option<Search>,
    /// In place of the provider's body.
    instead: Option<Bytes>,
}

impl<B> Answer<B> {
    /// Decides by status and headers what happens to the body; masks the key in the headers.
    pub fn new(head: &mut response::Parts, inner: B, key: &str) -> Self {
        let scrub = Scrub::new(key);
        mask_headers(&mut head.headers, &scrub);
        let value = |name: HeaderName| head.headers.get(name).map(HeaderValue::as_bytes);
        let (content_type, encoding) =
            (value(header::CONTENT_TYPE), value(header::CONTENT_ENCODING));
        let search = match Treatment::of(head.status.as_u16(), content_type, encoding) {
            Treatment::LeaveOut => return Self::left_out(&mut head.headers),
            Treatment::Pass => None,
            Treatment::Search => Some(Search::new(scrub, false)),
            Treatment::SearchError => {
                shorten(&mut head.headers);
                Some(Search::new(scrub, true))
            }
        };
        Self {
            inner: Some(inner),
            search,
            instead: None,
        }
    }

    fn left_out(headers: &mut HeaderMap) -> Self {
        headers.remove(header::CONTENT_ENCODING);
        headers.remove(header::CONTENT_LENGTH);
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        Self {
            inner: None,
            search: None,
            instead: Some(Bytes::from_static(COMPRESSED.as_bytes())),
        }
    }
}

fn mask_headers(headers: &mut HeaderMap, scrub: &Scrub) {
    for value in headers.values_mut() {
        if let Some(masked) = scrub.whole(value.as_bytes()) {
            *value =
                HeaderValue::from_bytes(&masked).unwrap_or_else(|_| HeaderValue::from_static("*"));
        }
    }
}

fn shorten(headers: &mut HeaderMap) {
    let length = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok());
    if length
        .and_then(|length| length.parse().ok())
        .is_some_and(|length: u64| length > SEARCHED as u64)
    {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(SEARCHED));
    }
}

impl<B> Body for Answer<B>
where
    B: Body<Data = Bytes> + Unpin,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        loop {
            if let Some(instead) = self.instead.take() {
                return Poll::Ready(Some(Ok(Frame::data(instead))));
            }
            let Some(inner) = &mut self.inner else {
                return Poll::Ready(None);
            };
            let frame = match ready!(Pin::new(inner).poll_frame(cx)) {
                Some(Ok(frame)) => frame,
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => {
                    self.inner = None;
                    let held = self.search.take().map(|mut search| search.finish());
                    self.instead = held.filter(|held| !held.is_empty()).map(Bytes::from);
                    continue;
                }
            };
            // Trailers are headers that nobody has checked.
            let Ok(chunk) = frame.into_data() else {
                continue;
            };
            let Some(search) = &mut self.search else {
                return Poll::Ready(Some(Ok(Frame::data(chunk))));
            };
            let (instead, next) = search.take(&chunk);
            let out = instead.map_or(chunk, Bytes::from);
            match next {
                Next::Search => {}
                Next::Pass => self.search = None,
                Next::Cut => self.inner = None,
            }
            if !out.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(out))));
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        let nothing_held = self.search.as_ref().is_none_or(Search::holds_nothing);
        self.instead.is_none()
            && nothing_held
            && self.inner.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        match (&self.inner, &self.search, &self.instead) {
            (Some(inner), None, None) => inner.size_hint(),
            (None, None, Some(instead)) => SizeHint::with_exact(instead.len() as u64),
            (None, None, None) => SizeHint::with_exact(0),
            _ => SizeHint::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Response;
    use http_body_util::{BodyExt, Full, StreamBody};

    const KEY: &str = "sk-secret-0123456789";

    async fn through(status: u16, headers: &[(&str, &str)], body: Vec<u8>) -> (HeaderMap, Vec<u8>) {
        let mut response = Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(*name, *value);
        }
        let (mut head, body) = response
            .body(Full::new(Bytes::from(body)))
            .expect("a response")
            .into_parts();
        let answer = Answer::new(&mut head, body, KEY);
        (
            head.headers,
            answer.collect().await.expect("a body").to_bytes().to_vec(),
        )
    }

    fn holds_key(body: &[u8]) -> bool {
        body.windows(KEY.len())
            .any(|window| window == KEY.as_bytes())
    }

    #[tokio::test]
    async fn errors_and_json_are_searched_whatever_their_status_or_type_else() {
        let echo = format!("bad key {KEY}").into_bytes();
        for (status, content_type) in [
            (401, "text/html"),
            (400, "text/event-stream"),
            (500, "application/octet-stream"),
            (200, "application/json"),
            (200, "application/problem+json; charset=utf-8"),
            (302, "text/plain"),
            (201, "Application/JSON"),
            (200, " application/vnd.api+JSON ;v=1"),
            (200, "text/json"),
        ] {
            let (_, body) = through(status, &[("content-type", content_type)], echo.clone()).await;
            assert!(!holds_key(&body), "{status} {content_type}");
            assert_eq!(body.len(), echo.len(), "lengths stay true");
        }
    }

    #[tokio::test]
    async fn streams_and_other_bodies_pass_untouched() {
        for content_type in [
            "text/event-stream",
            "audio/mpeg",
            "application/x-ndjson",
            "application/stream+json",
            "application/jsonl",
            "application/json-seq",
            "json",
        ] {
            let body = format!("data: {KEY}\n\n").into_bytes();
            assert_eq!(
                through(200, &[("content-type", content_type)], body.clone())
                    .await
                    .1,
                body
            );
        }
    }

    #[tokio::test]
    async fn headers_are_searched() {
        let (headers, _) = through(
            200,
            &[("x-echo", &format!("key={KEY}")), ("x-other", "1")],
            vec![],
        )
        .await;
        assert_eq!(headers["x-echo"], format!("key={}", "*".repeat(KEY.len())));
        assert_eq!(headers["x-other"], "1");
    }

    #[tokio::test]
    async fn long_errors_are_cut_and_say_so_in_their_length() {
        // The key stands across the cut.
        let mut body = vec![b'x'; SEARCHED - 10];
        body.extend_from_slice(KEY.as_bytes());
        body.extend(vec![b'y'; 100_000]);
        let length = body.len().to_string();
        let (headers, body) = through(500, &[("content-length", &length)], body).await;
        assert_eq!(headers[header::CONTENT_LENGTH], SEARCHED.to_string());
        assert_eq!(body.len(), SEARCHED);
        assert!(body.ends_with(b"x**********"));
    }

    #[tokio::test]
    async fn long_json_passes_whole() {
        let mut body = KEY.as_bytes().to_vec();
        body.extend(vec![b'y'; 200_000]);
        let (_, out) = through(200, &[("content-type", "application/json")], body.clone()).await;
        assert_eq!(out.len(), body.len());
        assert!(!holds_key(&out));
    }

    #[tokio::test]
    async fn compressed_errors_are_left_out() {
        let headers = [("content-encoding", "gzip"), ("content-length", "3")];
        let (headers, body) = through(401, &headers, b"\x1f\x8bx".to_vec()).await;
        assert_eq!(body, COMPRESSED.as_bytes());
        assert!(headers.get(header::CONTENT_ENCODING).is_none());
        assert!(headers.get(header::CONTENT_LENGTH).is_none());
    }

    #[tokio::test]
    async fn json_that_comes_in_pieces_is_not_held_up() {
        let pieces = ["[{\"text\":\"one\"}", ",{\"text\":\"two\"}", "]"];
        let stream = futures_util::stream::iter(pieces)
            .map(|piece| Ok::<_, std::io::Error>(Frame::data(Bytes::from(piece))));
        let (mut head, body) = Response::builder()
            .header("content-type", "application/json")
            .body(StreamBody::new(stream))
            .expect("a response")
            .into_parts();
        let mut answer = Answer::new(&mut head, body, KEY);
        for piece in pieces {
            let frame = answer.frame().await.expect("a frame").expect("no error");
            assert_eq!(frame.into_data().expect("data"), piece);
        }
        assert!(answer.frame().await.is_none());
    }

    use futures_util::StreamExt;
}
