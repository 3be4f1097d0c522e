//! `/api/v1`: who one is, what is stored, what happened.

mod audit;
mod entry;
mod keys;
mod local;
mod me;
mod oauth;
mod providers;
mod sealed;
mod usage;
mod values;

pub(super) use self::providers::offered;

use axum::{
    Router,
    routing::{get, post},
};

use crate::AppState;

/// The routes, relative to `/api/v1`.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/me", get(me::show).patch(me::change))
        .route("/providers", get(providers::list))
        .route("/oauth/{provider}", get(oauth::show))
        .route("/api-keys", get(keys::list).post(keys::add))
        .route("/api-keys/reorder", post(keys::reorder))
        .route(
            "/api-keys/{id}",
            get(keys::show).patch(keys::change).delete(keys::revoke),
        )
        .route("/usage", get(usage::show))
        .route("/audit", get(audit::list))
        .route("/local/token", post(local::exchange))
}
