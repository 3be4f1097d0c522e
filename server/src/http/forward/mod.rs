//! `/forward/{provider}/{path…}`: the provider's own API, under the caller's key.

mod kept;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::get;
use http::Uri;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::request::Parts;

pub use self::kept::Kept;
use super::credential::{self, Credential};
use super::{Code, Problem};
use crate::AppState;
use crate::auth::Caller;
use crate::outgoing::Outbound;
use crate::usage::{self, By, Served, WhileAlive};

const SERVED_BY: HeaderName = HeaderName::from_static("keyseal-served-by");
const ATTEMPTS: HeaderName = HeaderName::from_static("keyseal-attempts");

/// The routes of forward. `GET` answers `HEAD` too.
pub fn routes() -> Router<AppState> {
    let methods = get(forward)
        .post(forward)
        .put(forward)
        .patch(forward)
        .delete(forward);
    Router::new().route("/forward/{provider}/{*path}", methods)
}

async fn forward(
    State(state): State<AppState>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    let uri = head.uri.clone();
    serve(&state, &caller, Asked::read(&uri)?, head, body).await
}

/// What a request asks of which provider, byte for byte as it came.
pub struct Asked<'a> {
    /// The catalogue's id.
    pub provider: &'a str,
    /// Path and query below the provider's origin.
    pub path_and_query: &'a str,
    /// The path that the caller sees, without the query: envelopes are bound to it.
    pub original: &'a str,
}

/// One request, from the door to the provider and back. Of `head` the method and the headers count.
pub async fn serve(
    state: &AppState,
    caller: &Caller,
    asked: Asked<'_>,
    head: Parts,
    body: Body,
) -> Result<Response, Problem> {
    let limits = &state.config.limits;
    let route = state
        .client
        .route(asked.provider)
        .ok_or(Code::ProviderUnknown)?;
    let provider = route.provider;
    route.check_path(asked.path())?;
    check_length(&head.headers, limits.forward_body_bytes as u64)?;
    credential::check_tier(state, caller)?;

    let mut kept = Kept::read(body, limits.retry_body_bytes).await?;
    let ask = usage::ask(provider, &head.method, asked.path_and_query, kept.whole());
    let (credential, target) =
        credential::choose(state, caller, &head, asked.original, route).await?;

    let outbound = Outbound {
        method: head.method,
        path_and_query: asked.path_and_query,
        headers: head.headers,
        body: kept.send().unwrap_or_default(),
        limit: limits.forward_body_bytes as u64,
    };
    let answer = tokio::select! {
        biased;
        () = revoked(&credential) => return Err(was_revoked()),
        answer = target.send(outbound, credential.key()) => {
            answer.inspect_err(|error| tracing::info!(provider = provider.id, %error, "no answer"))?
        }
    };

    let (mut head, body) = answer.into_parts();
    head.headers.insert(SERVED_BY, credential.served_by());
    head.headers.insert(ATTEMPTS, HeaderValue::from_static("1"));
    let body = WhileAlive::new(body, credential.life().cloned());
    let served = Served {
        owner: caller.owner.clone(),
        provider: provider.id,
        by: credential.into(),
    };
    let body = usage::metered(state, served, ask, &mut head, body);
    Ok(Response::from_parts(head, body))
}

impl From<Credential> for By {
    fn from(credential: Credential) -> Self {
        match credential {
            Credential::Envelope(_) => Self::Envelope,
            Credential::Entry { id, .. } => Self::Entry(id),
        }
    }
}

impl<'a> Asked<'a> {
    fn read(uri: &'a Uri) -> Result<Self, Problem> {
        let whole = uri.path_and_query().map_or("", |whole| whole.as_str());
        let below = whole.strip_prefix("/forward/").ok_or(Code::NotFound)?;
        let slash = below.find('/').ok_or(Code::NotFound)?;
        let (provider, path_and_query) = below.split_at(slash);
        Ok(Self {
            provider,
            path_and_query,
            original: uri.path(),
        })
    }

    /// Below the provider's origin, without the query.
    fn path(&self) -> &'a str {
        let whole = self.path_and_query;
        whole.split('?').next().unwrap_or(whole)
    }
}

/// A body that says it is too large is not begun; others are cut where they become so.
fn check_length(headers: &HeaderMap, limit: u64) -> Result<(), Problem> {
    let length = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok());
    match length.and_then(|length| length.parse::<u64>().ok()) {
        Some(length) if length > limit => Err(Problem::new(
            Code::TooLarge,
            format!("The body is larger than the {limit} bytes that are forwarded."),
        )),
        _ => Ok(()),
    }
}

async fn revoked(credential: &Credential) {
    match credential.life() {
        Some(life) => life.ended().await,
        None => std::future::pending().await,
    }
}

fn was_revoked() -> Problem {
    Problem::new(
        Code::NoCredential,
        "The key was revoked while the request ran.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_is_taken_as_it_came() {
        let uri: Uri = "/forward/gemini/v1beta/models/a%20b:go?x=%2F/y&z"
            .parse()
            .expect("a URI");
        let asked = Asked::read(&uri).expect("well-formed");
        assert_eq!(asked.provider, "gemini");
        assert_eq!(asked.original, uri.path());
        assert_eq!(asked.path(), "/v1beta/models/a%20b:go");
        assert_eq!(asked.path_and_query, "/v1beta/models/a%20b:go?x=%2F/y&z");
    }
}
