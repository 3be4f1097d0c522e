//! One line for each request: route, status, time. Never a header, a query, a body, or the path as
//! it was sent: any of them could hold a key.

use std::time::Instant;

use axum::{
    extract::{MatchedPath, Request},
    middleware::Next,
    response::Response,
};
use http::HeaderValue;
use uuid::Uuid;

/// Names a request in the log and in `Keyseal-Request-Id`.
#[derive(Clone, Debug)]
pub struct RequestId(pub HeaderValue);

/// Gives the request its id and logs how it ended.
pub async fn request(mut request: Request, next: Next) -> Response {
    let mut buffer = [0; uuid::fmt::Hyphenated::LENGTH];
    let id = Uuid::now_v7().hyphenated().encode_lower(&mut buffer);
    let header = HeaderValue::from_str(id).unwrap_or(HeaderValue::from_static("-"));
    request.extensions_mut().insert(RequestId(header.clone()));
    let route = request.extensions().get::<MatchedPath>().cloned();
    let method = request.method().clone();
    let start = Instant::now();

    let mut response = next.run(request).await;
    let code = response.headers().get(super::error::KEYSEAL_ERROR);
    tracing::info!(
        id,
        method = method.as_str(),
        route = route.as_ref().map_or("-", MatchedPath::as_str),
        status = response.status().as_u16(),
        code = code.and_then(|code| code.to_str().ok()),
        micros = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX),
        "request"
    );
    response.headers_mut().insert("keyseal-request-id", header);
    response
}
