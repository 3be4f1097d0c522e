//! The built page, where the operator names its folder, and the isolated frame, where pages of other
//! origins may hold it.

mod policy;

use axum::{
    Json, Router,
    extract::{Request, State},
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::get,
};
use http::{StatusCode, header};
use serde_json::json;
use tower_http::services::ServeDir;

use self::policy::Policies;
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
    let files = ServeDir::new(dir).precompressed_br().precompressed_gzip();
    framed(config)
        .fallback_service(files)
        .layer(from_fn_with_state(Policies::new(config), protect))
}

/// What the frame has besides its files. It is told here which companion it belongs to, and which
/// pages may hold it: never by the page that does.
fn framed(config: &Config) -> Router {
    if config.frame_origins.is_empty() {
        return Router::new()
            .route("/frame", get(nothing))
            .route("/frame/", get(nothing))
            .route("/frame/{*path}", get(nothing));
    }
    let told = json!({ "companion": config.public_url(), "parents": config.frame_origins });
    Router::new()
        // Relative, so that it leads to the same place below a path.
        .route(
            "/frame",
            get(|| async {
                (
                    StatusCode::PERMANENT_REDIRECT,
                    [(header::LOCATION, "frame/")],
                )
            }),
        )
        .route("/frame/config.json", get(|| async move { Json(told) }))
}

async fn nothing() -> Problem {
    Problem::new(Code::NotFound, "There is nothing here.")
}

async fn protect(State(policies): State<Policies>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let hashed = path.starts_with("/assets/") || path.starts_with("/frame/assets/");
    let framed = path == "/frame" || path.starts_with("/frame/");
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
    map.insert(header::CACHE_CONTROL, http::HeaderValue::from_static(cache));
    if framed {
        policies.frame(map);
    } else {
        policies.page(map);
    }
    response
}
