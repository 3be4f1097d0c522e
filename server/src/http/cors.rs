//! Which other origins' pages may call. None by default; never with credentials, never `null`.

use std::time::Duration;

use http::{HeaderName, HeaderValue, Method};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

use crate::config::Config;

/// What a page of another origin may read of an answer.
const EXPOSED: [&str; 16] = [
    "keyseal-error",
    "keyseal-served-by",
    "keyseal-attempts",
    "keyseal-body",
    "keyseal-model",
    "keyseal-request-id",
    "keyseal-next-cursor",
    "retry-after",
    "x-should-retry",
    "ratelimit",
    "ratelimit-policy",
    "content-disposition",
    "request-id",
    "x-request-id",
    "openai-processing-ms",
    "location",
];

/// The layer. Requested headers are allowed as asked: SDKs send many of their own, and which ones go
/// out is decided elsewhere.
pub fn layer(config: &Config) -> Option<CorsLayer> {
    let origins = config
        .cors_origins
        .iter()
        .filter_map(|origin| origin.parse().ok());
    let origins: Vec<HeaderValue> = origins.collect();
    if origins.is_empty() {
        return None;
    }
    let layer = CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([
            Method::GET,
            Method::HEAD,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
        ])
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers(EXPOSED.map(HeaderName::from_static))
        .max_age(Duration::from_secs(7200));
    Some(layer)
}
