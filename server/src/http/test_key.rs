//! Test endpoints, below `/api/v1`: `/api-keys/{id}/test` and `/test/{provider}`.

use axum::Router;

use crate::AppState;

/// The routes, relative to `/api/v1`.
pub fn routes() -> Router<AppState> {
    Router::new()
}
