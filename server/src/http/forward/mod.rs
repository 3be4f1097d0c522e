//! `/forward/{provider}/{path…}`: the provider's own API, under the caller's key.

mod attempt;
mod judge;
mod kept;
mod looked;
mod plan;
pub mod rate_limit;
mod taken;

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::get;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::request::Parts;
use http::{Method, Uri, Version};

use self::attempt::{Attempt, Outcome};
#[cfg(test)]
pub use self::kept::Room;
pub use self::kept::{Held, Kept, piece};
use self::plan::{Cannot, Plan};
use self::taken::Taken;
use super::credential::Credential;
use super::{Code, Problem, refused};
use crate::AppState;
use crate::auth::{Caller, Known};
use crate::choose::Nothing;
use crate::usage::{self, Served, WhileAlive};

const SERVED_BY: HeaderName = HeaderName::from_static("keyseal-served-by");
const ATTEMPTS: HeaderName = HeaderName::from_static("keyseal-attempts");
/// `once`: the body was too large to be kept for another attempt.
const BODY: HeaderName = HeaderName::from_static("keyseal-body");

/// More upstream requests than this are never made for one of a caller's, however many keys there
/// are: with an SDK that tries again by itself, that many each time.
const MOST_ATTEMPTS: u16 = 10;

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
    Known(caller): Known,
    request: Request,
) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    let uri = head.uri.clone();
    let answer = serve(&state, &caller, Asked::read(&uri)?, head, body).await;
    if let Err(problem) = &answer {
        refused::note(&state, &caller.owner, problem).await;
    }
    answer
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
///
/// Each credential of the plan is tried until one is answered with anything but a word against the
/// key itself. Nothing goes to the caller before that, so the caller sees one answer.
pub async fn serve(
    state: &AppState,
    caller: &Caller,
    asked: Asked<'_>,
    mut head: Parts,
    body: Body,
) -> Result<Response, Problem> {
    let limits = &state.config.limits;
    let version = head.version;
    let route = state
        .client
        .route(asked.provider)
        .ok_or(Code::ProviderUnknown)?;
    route.check_path(asked.path())?;
    check_length(&head.headers, limits.forward_body_bytes as u64)?;

    let pause = Duration::from_secs(limits.body_pause_seconds);
    let mut body = Kept::read(body, limits.retry_body_bytes, pause).await?;
    let ask = usage::ask(
        route.provider,
        &head.method,
        asked.path_and_query,
        body.whole(),
    );
    let is_kept = body.whole().is_some();
    let is_stateless = head.method == Method::POST && route.is_stateless(asked.path());
    let request = plan::Request {
        head: &head,
        original: asked.original,
        is_kept,
        is_stateless,
    };
    let mut plan = Plan::make(state, caller, route, &ask, request).await?;

    let attempt = Attempt {
        state,
        caller,
        route,
        method: &head.method,
        path_and_query: asked.path_and_query,
        is_stateless,
        limit: limits.forward_body_bytes as u64,
        pause,
    };
    let served = |credential: Credential| Served {
        owner: caller.owner.clone(),
        provider: route.provider.id,
        by: credential.into(),
    };
    let mut attempts = 0_u16;
    let mut last = None;
    let mut refused = None;
    while let Some(pick) = plan.next().filter(|_| body.can_be_sent()) {
        if attempts == MOST_ATTEMPTS {
            break;
        }
        let (credential, target) = match plan.open(pick).await {
            Ok(opened) => opened,
            Err(Cannot::End(problem)) => return Err(problem),
            Err(Cannot::Skip(problem)) => {
                refused = Some(problem);
                continue;
            }
        };
        let Some(sent) = body.send() else { break };
        let headers = match plan.is_at_end() {
            true => std::mem::take(&mut head.headers),
            false => head.headers.clone(),
        };
        attempts += 1;
        let made = attempt.make(credential, plan.entry(pick), target, headers, sent);
        match made.await {
            Outcome::Answered(credential, answer) => {
                last = Some((credential, answer, true));
                break;
            }
            Outcome::Against(credential, answer) => last = Some((credential, answer, false)),
            Outcome::Failed(problem) => {
                refused = Some(problem);
                break;
            }
            Outcome::Broke(credential, problem) => {
                usage::broke(state, served(credential), ask.model.as_deref());
                refused = Some(problem);
                break;
            }
        }
    }
    let Some((credential, answer, accepted)) = last else {
        return Err(refused.unwrap_or_else(|| Nothing::NoEntry.into()));
    };
    let (mut head, answer) = answer.into_parts();
    head.headers.insert(SERVED_BY, credential.served_by());
    head.headers.insert(ATTEMPTS, attempts.into());
    if !is_kept {
        head.headers.insert(BODY, HeaderValue::from_static("once"));
    }
    if let Credential::Platform(_, reservation) = &credential {
        rate_limit::tell(&mut head.headers, plan.tier(), reservation.left);
    }
    let answer = WhileAlive::new(answer, credential.life().cloned());
    // Some providers say that a key is not accepted with a status that says the contrary.
    let good = accepted && head.status.is_success();
    let mut answer = usage::metered(state, served(credential), ask, good, &mut head, answer);
    if version == Version::HTTP_2 {
        let pause = Duration::from_secs(limits.answer_pause_seconds);
        answer = Body::new(Taken::new(state, answer, pause));
    }
    Ok(Response::from_parts(head, answer))
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
