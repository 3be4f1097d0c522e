//! `/healthz`: it runs. `/readyz`: it can do its work.

use axum::{Json, Router, extract::State, routing::get};
use serde_json::{Value, json};

use super::{Code, Problem};
use crate::AppState;

/// The routes.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/healthz", get(alive))
        .route("/readyz", get(ready))
}

async fn alive() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

async fn ready(State(state): State<AppState>) -> Result<Json<Value>, Problem> {
    state.store.ping().await?;
    if state.ring.kids().is_empty() {
        return Err(Problem::new(Code::Unavailable, "The key ring is empty."));
    }
    if !state.verifier.is_ready() {
        return Err(Problem::new(
            Code::Unavailable,
            "The identity provider's keys could not be fetched yet.",
        ));
    }
    Ok(Json(json!({ "status": "ready" })))
}
