//! The caller: one connection for each request, and every piece as it comes.

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Body;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use crate::described;

/// Nothing here takes longer, unless it hangs.
const PATIENCE: Duration = Duration::from_secs(10);

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

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.text()))
    }

    /// The companion's own error code.
    pub fn code(&self) -> Option<&str> {
        self.headers
            .get("keyseal-error")
            .map(|code| code.to_str().unwrap())
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

/// Sends a request; the answer's body is read as it comes. Dropping the answer leaves.
pub async fn begin(to: SocketAddr, mut request: Request<Body>) -> Response<Incoming> {
    request
        .headers_mut()
        .insert("host", to.to_string().parse().unwrap());
    let stream = TcpStream::connect(to).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .unwrap();
    tokio::spawn(connection);
    let answer = tokio::time::timeout(PATIENCE, sender.send_request(request)).await;
    answer.expect("an answer in time").expect("an answer")
}

/// Sends a request and reads the whole answer.
pub async fn call(to: SocketAddr, request: Request<Body>) -> Answer {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let (head, body) = begin(to, request).await.into_parts();
    let body = tokio::time::timeout(PATIENCE, body.collect())
        .await
        .expect("in time");
    let body = body.expect("a whole body").to_bytes().to_vec();
    described::check(&method, &path, head.status, &head.headers);
    Answer {
        status: head.status,
        headers: head.headers,
        body,
    }
}

/// The next piece of a stream; `None` at its end, `Err` where it breaks off.
pub async fn piece(body: &mut Incoming) -> Option<Result<String, hyper::Error>> {
    let frame = tokio::time::timeout(PATIENCE, body.frame())
        .await
        .expect("a piece in time")?;
    Some(frame.map(|frame| {
        let data = frame.into_data().expect("data");
        String::from_utf8_lossy(&data).into_owned()
    }))
}
