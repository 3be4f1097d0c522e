//! The request path: who may come in, what is refused at the door, and where it goes.

mod api;
mod cors;
mod credential;
pub mod error;
pub mod forward;
mod guard;
mod headers;
mod health;
mod json;
mod log;
mod measure;
pub mod one;
pub mod openapi;
mod page;
mod panic;
mod plain;
pub mod rate;
mod refusals;
pub mod refused;
mod relay;
mod segment;
pub mod test_key;
mod well_known;

use axum::{
    Router,
    middleware::{from_fn, from_fn_with_state},
};
use tower::{ServiceBuilder, layer::layer_fn};

pub use self::{
    error::{Code, Problem},
    log::RequestId,
};
use crate::AppState;

/// The whole server, top to bottom. A request passes the layers of the door from the first one named
/// to the last, then those of its part of the API from the last to the first; its answer passes them
/// back.
pub fn service(state: AppState) -> Router {
    let api = api::routes()
        .merge(test_key::routes())
        .fallback(nothing_here)
        // Before any handler, and so before anything is stored.
        .layer(from_fn_with_state(state.clone(), plain::refuse))
        .layer(from_fn_with_state(state.clone(), refused::layer))
        .layer(from_fn(headers::api));
    let public = well_known::routes()
        .merge(health::routes())
        .merge(openapi::routes(&state.config))
        .layer(from_fn(headers::api));

    let all = Router::new()
        .nest("/api/v1", api)
        .merge(public)
        .merge(forward::routes())
        .merge(one::routes())
        .merge(relay::routes())
        .fallback_service(page::service(&state.config))
        .method_not_allowed_fallback(method_not_allowed);
    // Against whoever rebinds a name to this machine, or calls from another site.
    let guard = state
        .config
        .is_local()
        .then(|| from_fn_with_state(state.clone(), guard::local));
    let measure = state
        .metrics
        .is_some()
        .then(|| from_fn_with_state(state.clone(), measure::request));
    // One after the other, and not each as a layer of the router, which would box each of them.
    let door = ServiceBuilder::new()
        .layer(layer_fn(log::Logged))
        .layer(layer_fn(panic::Caught))
        .option_layer(measure)
        .option_layer(guard)
        .option_layer(cors::layer(&state.config));
    all.layer(door).with_state(state)
}

async fn nothing_here() -> Problem {
    Problem::new(Code::NotFound, "There is no such call.")
}

async fn method_not_allowed() -> Problem {
    Problem::new(Code::NotFound, "This call does not take that method.")
        .status(http::StatusCode::METHOD_NOT_ALLOWED)
}
