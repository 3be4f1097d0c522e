//! Counts each request, where the operator wants metrics: by route, method, status and provider, and
//! by nothing that a caller chooses freely.

use std::borrow::Cow;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::Method;

use crate::AppState;
use crate::outgoing::Route;

/// Counts how it was answered.
pub async fn request(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let method = known(request.method());
    let provider = provider(&state, request.uri().path());
    let start = Instant::now();
    let response = next.run(request).await;
    if let Some(metrics) = &state.metrics {
        let route = route.as_ref().map_or("-", MatchedPath::as_str);
        let status = response.status().as_u16();
        metrics.answered(route, method, status, provider, start.elapsed());
    }
    response
}

fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// The provider that the path names, if there is one of that name.
fn provider(state: &AppState, path: &str) -> Cow<'static, str> {
    let mut parts = path.split('/').skip(1);
    match parts.next() {
        Some("forward" | "relay") => {
            let route = parts.next().and_then(|id| state.client.route(id));
            route.map_or("unknown".into(), Route::name)
        }
        _ => "".into(),
    }
}
