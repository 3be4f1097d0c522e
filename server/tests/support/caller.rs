//! A caller: one connection for each request, whose every header is the test's own.

use std::{net::SocketAddr, time::Duration};

use axum::body::Body;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{net::TcpStream, time::timeout};

use super::described;

/// Nothing here takes longer, unless it hangs.
const PATIENCE: Duration = Duration::from_secs(20);

/// A whole answer.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    /// The companion's own error code; empty where it is none.
    pub fn code(&self) -> &str {
        self.header("keyseal-error").unwrap_or_default()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The answer must be this refusal.
    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> Self {
        let got = (self.status.as_u16(), self.code());
        assert_eq!(got, (status, code), "{}", self.text());
        self
    }

    /// The answer must have this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        self
    }
}

/// Sends a request and reads the whole answer.
pub async fn call(to: SocketAddr, request: Request<Body>) -> Answer {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let (head, body) = begin(to, request).await.into_parts();
    let body = timeout(PATIENCE, body.collect()).await;
    let body = body.expect("a body in time").expect("a whole body");
    described::check(&method, &path, head.status, &head.headers);
    Answer {
        status: head.status,
        headers: head.headers,
        body: body.to_bytes().to_vec(),
    }
}

/// Sends a request, to where it is said unless the request names another host. The answer's body is
/// read as it comes.
#[expect(
    clippy::disallowed_methods,
    reason = "the test is the caller, who makes connections"
)]
pub async fn begin(to: SocketAddr, mut request: Request<Body>) -> Response<Incoming> {
    let host = to.to_string().parse().unwrap();
    request.headers_mut().entry("host").or_insert(host);
    let stream = TcpStream::connect(to).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .unwrap();
    tokio::spawn(connection);
    let answer = timeout(PATIENCE, sender.send_request(request)).await;
    answer.expect("an answer in time").expect("an answer")
}
