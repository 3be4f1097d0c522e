//! One line for each request: route, status, time. Never a header, a query, a body, or the path as
//! it was sent: any of them could hold a key.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use axum::{
    extract::{MatchedPath, Request},
    response::Response,
};
use http::{HeaderName, HeaderValue};
use tower::Service;
use uuid::Uuid;

/// Names a request in the log and in `Keyseal-Request-Id`.
#[derive(Clone, Debug)]
pub struct RequestId(pub HeaderValue);

const REQUEST_ID: HeaderName = HeaderName::from_static("keyseal-request-id");

/// A service whose requests get an id, and are logged when they end. Every request passes it: what
/// stands behind it is boxed once, together with it, which `from_fn` would do three times.
#[derive(Clone)]
pub struct Logged<S>(pub S);

impl<S> Service<Request> for Logged<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let mut buffer = [0; uuid::fmt::Hyphenated::LENGTH];
        let id = Uuid::now_v7().hyphenated().encode_lower(&mut buffer);
        let id = HeaderValue::from_str(id).unwrap_or(HeaderValue::from_static("-"));
        request.extensions_mut().insert(RequestId(id.clone()));
        let route = request.extensions().get::<MatchedPath>().cloned();
        let method = request.method().clone();
        let start = Instant::now();
        let answering = self.0.call(request);
        Box::pin(async move {
            let mut response = answering.await?;
            let code = response.headers().get(super::error::KEYSEAL_ERROR);
            tracing::info!(
                id = id.to_str().unwrap_or("-"),
                method = method.as_str(),
                route = route.as_ref().map_or("-", MatchedPath::as_str),
                status = response.status().as_u16(),
                code = code.and_then(|code| code.to_str().ok()),
                micros = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX),
                "request"
            );
            response.headers_mut().insert(REQUEST_ID, id);
            Ok(response)
        })
    }
}
