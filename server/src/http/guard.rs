//! Local mode has one user and no password: the request's Host and Origin must be the companion's
//! own, so that a name rebound to this machine reaches nothing.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::header::{HOST, HeaderMap, HeaderValue, ORIGIN};

use super::{Code, Problem};
use crate::{AppState, config::Config};

/// Lets through what comes from the page itself, or from an allowed origin.
pub async fn local(State(state): State<AppState>, request: Request, next: Next) -> Response {
    if state.config.is_local()
        && let Err(problem) = check(&state.config, &request)
    {
        return problem.into_response();
    }
    next.run(request).await
}

fn check(config: &Config, request: &Request) -> Result<(), Problem> {
    let (_, authority) = config.public_origin();
    // HTTP/2 has the authority in the URI; where both are present both must be right.
    let in_uri = request
        .uri()
        .authority()
        .map(|authority| authority.as_str());
    let mut hosts = request.headers().get_all(HOST).iter();
    let in_header = hosts.next().map(|host| host.to_str().unwrap_or_default());
    let right = |host: Option<&str>| host.is_none_or(|host| host.eq_ignore_ascii_case(&authority));
    if in_uri.or(in_header).is_none()
        || hosts.next().is_some()
        || !right(in_uri)
        || !right(in_header)
    {
        return Err(
            Problem::new(Code::Forbidden, "The request names another host.").next(format!(
                "Open {} as the companion printed it.",
                config.public_url()
            )),
        );
    }
    check_origin(config, request.headers())
}

/// A present `Origin` must be one whose pages may call.
pub fn check_origin(config: &Config, headers: &HeaderMap) -> Result<(), Problem> {
    let allowed = |value: &HeaderValue| {
        let text = value.to_str();
        text.is_ok_and(|text| config.admits_origin(text))
    };
    if headers.get_all(ORIGIN).iter().all(allowed) {
        return Ok(());
    }
    Err(
        Problem::new(Code::Forbidden, "The request comes from another origin.")
            .next("The operator may add that origin to `cors.origins`."),
    )
}
