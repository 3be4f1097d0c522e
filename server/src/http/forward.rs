//! `/forward/{provider}/{path…}`: the provider's own API, under the caller's key.

use axum::Router;

use crate::AppState;

/// The routes of forward.
pub fn routes() -> Router<AppState> {
    Router::new()
}
