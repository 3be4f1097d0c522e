//! One attempt: a request to the provider under one credential, and what its answer says about it.

use std::time::{Duration, Instant};

use axum::body::Body;
use http::header::HeaderMap;
use http::{Method, Response, StatusCode};
use hyper::body::Incoming;

use super::super::credential::Credential;
use super::super::{Code, Problem};
use super::judge::{self, Against, Needs};
use super::looked::Looked;
use crate::AppState;
use crate::auth::Caller;
use crate::choose::roster::Ready;
use crate::clock::{self, Micros};
use crate::outgoing::{Answer, Outbound, Route, SendError, Target};
use crate::store::{Status, StoreError};

/// A provider's answer; nothing of it went to the caller yet.
pub type Answered = Response<Looked<Answer<Incoming>>>;

/// What the caller chooses among the operator's projects with; under the operator's key it is not
/// the caller's to choose.
const OPERATORS_CHOICE: [&str; 3] = [
    "openai-organization",
    "openai-project",
    "x-goog-user-project",
];

/// A key that rests is not written down again for less than this much longer.
const SAME_REST: Micros = 1_000_000;

/// What all attempts of a request share.
#[derive(Clone, Copy)]
pub struct Attempt<'a> {
    pub state: &'a AppState,
    pub caller: &'a Caller,
    pub route: &'a Route,
    pub method: &'a Method,
    pub path_and_query: &'a str,
    /// It leaves nothing at the provider. Such routes work for a caller, and none does so without a
    /// key: an answer proves it.
    pub is_stateless: bool,
    /// The largest body that goes out.
    pub limit: u64,
    /// How long the caller may stop in the middle of it.
    pub pause: Duration,
}

/// How an attempt ended.
pub enum Outcome {
    /// With the answer that the caller gets.
    Answered(Credential, Answered),
    /// With an answer that speaks against the credential: another may be tried, and the caller gets
    /// this one if none is.
    Against(Credential, Answered),
    /// With no answer at all, which no other credential would change.
    Failed(Problem),
    /// The same, by what the provider did or did not do: it was asked, and that counts.
    Broke(Credential, Problem),
}

impl Attempt<'_> {
    /// Makes it. `entry` is the stored entry that the credential came from.
    pub async fn make(
        &self,
        mut credential: Credential,
        entry: Option<&Ready>,
        target: Target<'_>,
        mut headers: HeaderMap,
        body: Body,
    ) -> Outcome {
        if let Credential::Platform(..) = credential {
            for name in OPERATORS_CHOICE {
                headers.remove(name);
            }
        }
        let outbound = Outbound {
            method: self.method.clone(),
            path_and_query: self.path_and_query,
            headers,
            body,
            limit: self.limit,
            pause: self.pause,
        };
        let ended = tokio::select! {
            biased;
            () = revoked(&credential) => return Outcome::Failed(was_revoked()),
            ended = self.exchange(&target, outbound, &credential) => ended,
        };
        let (answer, against) = match ended {
            Ok(ended) => ended,
            Err(error) => {
                tracing::info!(provider = self.route.provider.id, %error, "no answer");
                let never_sent = !matches!(
                    error,
                    SendError::Broken
                        | SendError::FirstByteTimeout
                        | SendError::CallerBroke
                        | SendError::CallerSlow
                );
                return_if(never_sent, &mut credential);
                return match error.is_the_providers() {
                    true => Outcome::Broke(credential, error.into()),
                    false => Outcome::Failed(error.into()),
                };
            }
        };
        let refused = answer.status().as_u16() >= 400 || against.is_some();
        return_if(refused, &mut credential);
        if let Some(entry) = entry {
            let noted = self.note(entry, answer.status(), against).await;
            if let Err(error) = noted {
                tracing::warn!(%error, "what the provider said about a key was not written");
            }
        }
        let Some(against) = against else {
            return Outcome::Answered(credential, answer);
        };
        let (provider, status) = (self.route.provider.id, answer.status().as_u16());
        match credential {
            Credential::Platform(..) => {
                tracing::warn!(
                    provider,
                    status,
                    ?against,
                    "the operator's key is not accepted"
                );
            }
            _ => tracing::info!(provider, status, ?against, "a key is not accepted"),
        }
        Outcome::Against(credential, answer)
    }

    async fn exchange(
        &self,
        target: &Target<'_>,
        outbound: Outbound<'_>,
        credential: &Credential,
    ) -> Result<(Answered, Option<Against>), SendError> {
        let start = Instant::now();
        let sent = target.send(outbound, credential.key()).await;
        if let Some(metrics) = &self.state.metrics {
            let error = sent.as_ref().err().copied();
            metrics.upstream(self.route.name(), start.elapsed(), error);
        }
        let answer = sent?;
        let (head, body) = answer.into_parts();
        let (wire, status) = (&self.route.provider.wire, head.status.as_u16());
        let mut body = Looked::new(body);
        let text = match judge::needs(wire, status, &head.headers) {
            Needs::Nothing => String::new(),
            Needs::Beginning => body.look().await,
            Needs::FirstEvent => body.look_at_event().await,
        };
        let against = judge::judge(wire, status, &head.headers, &text);
        Ok((Response::from_parts(head, body), against))
    }

    /// Writes down what an answer says about a stored key, where that is news.
    async fn note(
        &self,
        entry: &Ready,
        status: StatusCode,
        against: Option<Against>,
    ) -> Result<(), StoreError> {
        let known = &entry.candidate;
        let (owner, store) = (&self.caller.owner, &self.state.store);
        let mark = match against {
            None if status.is_success() && self.is_stateless => (Status::Valid, None),
            None | Some(Against::Unsaid) => return Ok(()),
            Some(Against::Refused) => (
                Status::Invalid,
                Some("The provider refused the key when it was used."),
            ),
            Some(Against::Limited) => (Status::Limited, Some(limited(status))),
            Some(Against::Wait(rest)) => {
                let rest = Micros::try_from(rest.as_micros()).unwrap_or(Micros::MAX);
                let until = clock::micros().saturating_add(rest);
                if known
                    .resting_until
                    .is_none_or(|known| known + SAME_REST < until)
                {
                    store
                        .rest(owner, &known.id, &known.sealed_key, until)
                        .await?;
                    self.state.entries_changed(owner);
                }
                return Ok(());
            }
        };
        let is_news = match mark.0 {
            // A key that was never tested stays so: that it works is not said without asking.
            Status::Valid => matches!(known.status, Status::Invalid | Status::Limited),
            status => known.status != status,
        };
        if is_news {
            store
                .mark_status(owner, &known.id, &known.sealed_key, mark)
                .await?;
            self.state.entries_changed(owner);
        }
        Ok(())
    }
}

/// What an answer like this costs is known: nothing.
fn return_if(costs_nothing: bool, credential: &mut Credential) {
    if let Credential::Platform(_, reservation) = credential
        && costs_nothing
    {
        reservation.settle(Some(0));
    }
}

fn limited(status: StatusCode) -> &'static str {
    match status.as_u16() {
        402 => "The key is good, but there is nothing left to pay with.",
        _ => "The key is good, but was not allowed to do what it was used for.",
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
