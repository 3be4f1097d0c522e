//! The provider: plain http on loopback, remembers what it saw, and misbehaves on request.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, StreamExt};
use http::{HeaderMap, Method, StatusCode, Uri, Version};
use http_body_util::BodyExt;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;

/// How much of a long body goes at once.
pub const PIECE: usize = 64 * 1024;

/// A request as it arrived.
#[derive(Clone)]
pub struct Seen {
    pub method: Method,
    pub version: Version,
    pub uri: Uri,
    pub headers: HeaderMap,
    pub body: usize,
}

#[derive(Clone)]
pub struct Upstream {
    pub address: SocketAddr,
    inner: Arc<Inner>,
}

struct Inner {
    seen: Mutex<Vec<Seen>>,
    /// A stream sends one piece for each permit.
    pieces: Semaphore,
    /// Bytes of long answers that the network has taken.
    sent: AtomicUsize,
    /// Answers that were dropped before their end.
    left: AtomicUsize,
    /// What requests under a key are answered, whatever they ask for.
    said: Mutex<HashMap<String, Said>>,
}

/// An answer that a test chose.
#[derive(Clone)]
pub struct Said {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

impl From<u16> for Said {
    fn from(status: u16) -> Self {
        Self {
            status,
            headers: vec![("content-type", "application/json".into())],
            body: format!(r#"{{"error":{{"message":"status {status}"}}}}"#),
        }
    }
}

impl Said {
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self.headers.push((name, value.into()));
        self
    }

    pub fn body(mut self, body: &str) -> Self {
        self.body = body.into();
        self
    }

    fn response(self) -> Response {
        let mut response = Response::builder().status(self.status);
        for (name, value) in self.headers {
            response = response.header(name, value);
        }
        response.body(Body::from(self.body)).unwrap()
    }
}

/// Counts itself unless it is told that all went well.
struct Unfinished(Option<Arc<Inner>>);

impl Unfinished {
    fn finish(&mut self) {
        self.0 = None;
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(inner) = &self.0 {
            inner.left.fetch_add(1, Ordering::SeqCst);
        }
    }
}

impl Upstream {
    pub async fn start() -> Self {
        let (upstream, listener, app) = Self::new().await;
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        upstream
    }

    /// The same behind TLS, as `localhost`, offering these protocols.
    pub async fn start_tls(acceptor: TlsAcceptor) -> Self {
        let (upstream, listener, app) = Self::new().await;
        let service = TowerToHyperService::new(app);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (acceptor, service) = (acceptor.clone(), service.clone());
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else {
                        return;
                    };
                    let builder = auto::Builder::new(TokioExecutor::new());
                    let _ = builder
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        upstream
    }

    async fn new() -> (Self, TcpListener, Router) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let inner = Arc::new(Inner {
            seen: Mutex::default(),
            pieces: Semaphore::new(0),
            sent: AtomicUsize::new(0),
            left: AtomicUsize::new(0),
            said: Mutex::default(),
        });
        let app = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&inner));
        (Self { address, inner }, listener, app)
    }

    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Lets streams send so many more pieces.
    pub fn release(&self, pieces: usize) {
        self.inner.pieces.add_permits(pieces);
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.inner.seen.lock().unwrap().clone()
    }

    pub fn last(&self) -> Seen {
        self.seen().pop().expect("a request arrived")
    }

    /// From now on requests under this key are answered so; `None`: as usual again.
    pub fn say(&self, key: &str, said: impl Into<Option<Said>>) {
        let mut all = self.inner.said.lock().unwrap();
        match said.into() {
            Some(said) => all.insert(key.into(), said),
            None => all.remove(key),
        };
    }

    /// The keys of the requests that arrived since the last look, in their order.
    pub fn keys(&self) -> Vec<String> {
        let seen = std::mem::take(&mut *self.inner.seen.lock().unwrap());
        let key = |seen: Seen| {
            let value = seen.headers["authorization"].to_str().unwrap().to_owned();
            value.trim_start_matches("Bearer ").to_owned()
        };
        seen.into_iter().map(key).collect()
    }

    pub fn sent(&self) -> usize {
        self.inner.sent.load(Ordering::SeqCst)
    }

    /// How many answers nobody waited for; given a moment to become so many.
    pub async fn left(&self, expected: usize) -> usize {
        for _ in 0..100 {
            if self.inner.left.load(Ordering::SeqCst) >= expected {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.inner.left.load(Ordering::SeqCst)
    }
}

async fn answer(State(inner): State<Arc<Inner>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let asked = head
        .uri
        .path()
        .rsplit('/')
        .next()
        .unwrap_or_default()
        .to_owned();
    let query = head.uri.query().unwrap_or_default().to_owned();
    if asked == "late-reader" {
        inner.pieces.acquire().await.unwrap().forget();
    }
    if asked == "hasty" {
        // Answers at once and lets the rest run out, as load balancers do.
        tokio::spawn(body.collect());
        return (StatusCode::FORBIDDEN, "no need to read on").into_response();
    }
    let mut body = body;
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { break };
        length += frame.into_data().map_or(0, |data| data.len());
    }
    let authorization = head.headers.get("authorization").cloned();
    let key = authorization
        .as_ref()
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let key = key.trim_start_matches("Bearer ").to_owned();
    inner.seen.lock().unwrap().push(Seen {
        method: head.method,
        version: head.version,
        uri: head.uri,
        headers: head.headers,
        body: length,
    });

    let said = inner.said.lock().unwrap().get(&key).cloned();
    if let Some(said) = said {
        return said.response();
    }
    match asked.as_str() {
        "stream" => streaming(inner, None),
        "reset" => streaming(inner, Some(3)),
        "silent" => {
            let _unfinished = Unfinished(Some(inner));
            std::future::pending().await
        }
        "echo-key" => echo(&key, StatusCode::OK, "application/json"),
        "refused-key" => echo(&key, StatusCode::UNAUTHORIZED, "application/json"),
        "refused-page" => echo(&key, StatusCode::FORBIDDEN, "text/html"),
        "redirect" => (
            StatusCode::TEMPORARY_REDIRECT,
            [("location", query)],
            "elsewhere",
        )
            .into_response(),
        "headers" => (
            [
                ("set-cookie", "a=b"),
                ("access-control-allow-origin", "*"),
                ("keyseal-served-by", "platform"),
                ("strict-transport-security", "max-age=9"),
                ("link", "</x>; rel=preload"),
                ("alt-svc", "h3"),
                ("content-security-policy", "default-src *"),
                ("cache-control", "public, max-age=99"),
                ("x-ratelimit-remaining", "41"),
                ("connection", "x-hop"),
                ("x-hop", "1"),
            ],
            "ok",
        )
            .into_response(),
        "html" => ([("content-type", "text/html")], "<script>alert(1)</script>").into_response(),
        "models" if key.starts_with("sk-bad") => {
            echo(&key, StatusCode::UNAUTHORIZED, "application/json")
        }
        "models" if key.starts_with("sk-poor") => {
            let error = json!({ "error": { "message": "You exceeded your quota." } });
            (StatusCode::TOO_MANY_REQUESTS, axum::Json(error)).into_response()
        }
        "long" => {
            let piece = Bytes::from(vec![b'z'; PIECE]);
            let mut unfinished = Unfinished(Some(Arc::clone(&inner)));
            let pieces = stream::iter(0..1024).map(move |number| {
                inner.sent.fetch_add(PIECE, Ordering::SeqCst);
                if number == 1023 {
                    unfinished.finish();
                }
                Ok::<_, std::io::Error>(piece.clone())
            });
            Body::from_stream(pieces).into_response()
        }
        "big" => Body::from(vec![b'z'; 8 * 1024 * 1024]).into_response(),
        _ => axum::Json(json!({ "object": "list", "received": length })).into_response(),
    }
}

fn echo(key: &str, status: StatusCode, content_type: &'static str) -> Response {
    let escaped = key.replace('-', "\\u002d");
    let text = format!(
        "{{\"error\":{{\"message\":\"bad key {key}\",\"again\":\"{escaped}\",\"percent\":\"{}\"}}}}",
        key.replace('-', "%2D")
    );
    (
        status,
        [("content-type", content_type), ("x-your-key", key)],
        text,
    )
        .into_response()
}

/// Server-sent events, one for each permit; after `pieces` the connection breaks off.
fn streaming(inner: Arc<Inner>, pieces: Option<usize>) -> Response {
    let unfinished = Unfinished(Some(Arc::clone(&inner)));
    let events = stream::unfold(
        (0, inner, unfinished),
        move |(sent, inner, mut unfinished)| async move {
            if pieces == Some(sent) {
                unfinished.finish();
                // What was sent before should have left.
                tokio::time::sleep(Duration::from_millis(50)).await;
                let broken = std::io::Error::other("the provider broke off");
                return Some((Err(broken), (usize::MAX, inner, unfinished)));
            }
            if sent >= 1_000_000 {
                unfinished.finish();
                return None;
            }
            inner.pieces.acquire().await.unwrap().forget();
            let event = Bytes::from(format!("data: {sent}\n\n"));
            Some((Ok(event), (sent + 1, inner, unfinished)))
        },
    );
    (
        [("content-type", "text/event-stream")],
        Body::from_stream(events.fuse()),
    )
        .into_response()
}
