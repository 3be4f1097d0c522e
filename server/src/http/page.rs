//! The built page, where the operator names its folder.

use axum::{
    Router,
    extract::Request,
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use tower_http::services::ServeDir;

use super::{Code, Problem, headers};
use crate::config::Config;

/// Files of the page, or the answer that there is nothing.
pub fn service(config: &Config) -> Router {
    let Some(dir) = &config.page_dir else {
        return Router::new().fallback(nothing).layer(from_fn(headers::api));
    };
    if !dir.join("index.html").exists() {
        tracing::warn!(page_dir = %dir.display(), "there is no page here: was it built?");
    }
    let policy = Policy::new(config);
    let files = ServeDir::new(dir).precompressed_br().precompressed_gzip();
    Router::new()
        .fallback_service(files)
        .layer(from_fn_with_state(policy, protect))
}

async fn nothing() -> Problem {
    Problem::new(Code::NotFound, "There is nothing here.")
}

/// The page's Content-Security-Policy.
#[derive(Clone)]
struct Policy(HeaderValue);

impl Policy {
    /// Only what the page needs: its own files, WebAssembly, a worker for the relay, and the
    /// companion it came from, also by WebSocket.
    fn new(config: &Config) -> Self {
        let (origin, _) = config.public_origin();
        let socket = origin.replacen("http", "ws", 1);
        let policy = format!(
            "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; \
             connect-src 'self' {origin} {socket}; worker-src 'self'; img-src 'self' data:; \
             object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
             require-trusted-types-for 'script'; trusted-types lit-html keyseal"
        );
        let strictest = HeaderValue::from_static("default-src 'none'");
        Self(HeaderValue::from_str(&policy).unwrap_or(strictest))
    }
}

async fn protect(
    axum::extract::State(Policy(policy)): axum::extract::State<Policy>,
    request: Request,
    next: Next,
) -> Response {
    let hashed = request.uri().path().starts_with("/assets/");
    let mut response = next.run(request).await;
    if response.status() == StatusCode::NOT_FOUND {
        response = nothing().await.into_response();
    }
    // A file with a hash in its name never changes; the page that names it must be fresh.
    let cache = match response.status() {
        StatusCode::OK if hashed => "public, max-age=31536000, immutable",
        _ => "no-store",
    };
    let map = response.headers_mut();
    headers::common(map);
    map.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    map.insert(header::CONTENT_SECURITY_POLICY, policy);
    map.insert(
        "cross-origin-opener-policy",
        HeaderValue::from_static("same-origin"),
    );
    map.insert(
        "permissions-policy",
        HeaderValue::from_static("camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    );
    response
}
