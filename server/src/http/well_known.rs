//! `/.well-known`: which keys to seal to, signed for our package and plain for other JOSE clients.

use axum::{Json, Router, extract::State, http::header, response::IntoResponse, routing::get};
use serde_json::{Value, json};

use crate::{AppState, clock};

/// The routes.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/.well-known/keyseal", get(keyseal))
        .route("/.well-known/jwks.json", get(jwks))
}

async fn keyseal(State(state): State<AppState>) -> Json<Value> {
    let published = state.ring.published();
    Json(json!({
        "identity": published.identity,
        "keyset": published.jws,
        "limits": state.config.limits,
        "now": clock::rfc3339(clock::micros()),
    }))
}

async fn jwks(State(state): State<AppState>) -> impl IntoResponse {
    let headers = [(header::CACHE_CONTROL, "public, max-age=60")];
    (headers, Json(json!({ "keys": state.ring.jwks() })))
}
