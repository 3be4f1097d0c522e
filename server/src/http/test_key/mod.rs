//! Test endpoints, below `/api/v1`: `/api-keys/{id}/test` and `/test/{provider}`.

mod call;
mod verdict;

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use http::{HeaderMap, Method};
use keyseal::envelope::{Secret, sha256};
use serde::Serialize;

use super::segment::Segment;
use super::{Code, Problem, credential};
use crate::AppState;
use crate::auth::Caller;
use crate::choose::Nothing;
use crate::clock;
use crate::outgoing::Route;
use crate::store::Entry;
use crate::unwrap::envelope::Asked;
use crate::unwrap::opened::Stored;
use verdict::Verdict;

/// The routes, relative to `/api/v1`.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/api-keys/{id}/test", post(test_entry))
        .route("/test/{provider}", post(test_envelope))
}

/// What a test said, as it is answered.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TestResult {
    status: &'static str,
    status_detail: Option<String>,
    tested_at: String,
    latency_ms: u64,
    /// What the test cost: `free`, `quota`, `mayCost` or `none`, where there is no test.
    cost: &'static str,
}

/// Tests a stored key, whether or not it is switched on, and stores the result.
async fn test_entry(
    State(state): State<AppState>,
    caller: Caller,
    Segment(id): Segment,
) -> Result<Json<TestResult>, Problem> {
    let entry = state.store.entry(&caller.owner, &id).await?;
    let entry = entry
        .filter(|entry| entry.revoked_at.is_none())
        .ok_or_else(Problem::no_entry)?;
    let route = state
        .client
        .route(&entry.provider)
        .ok_or(Code::ProviderUnknown)?;
    let claims = credential::open_or_mark(&state, stored(&caller, &entry)?).await?;
    let claims = claims.ok_or(Nothing::NeedsReentry)?;

    state.tests.take(&caller.owner)?;
    let (verdict, result) = test(route, claims.host.as_deref(), &claims.key).await?;
    let at = clock::micros();
    let detail = verdict.detail.as_deref();
    state
        .store
        .record_test(
            &caller.owner,
            &id,
            entry.sealed_key.as_deref().unwrap_or_default(),
            (verdict.status, detail),
            at,
        )
        .await?;
    state.entries_changed(&caller.owner);
    Ok(result)
}

/// Tests the key in the request's envelope; the browser keeps the result.
async fn test_envelope(
    State(state): State<AppState>,
    caller: Caller,
    Segment(provider): Segment,
    headers: HeaderMap,
) -> Result<Json<TestResult>, Problem> {
    let route = state.client.route(&provider).ok_or(Code::ProviderUnknown)?;
    let asked = Asked {
        method: Method::POST.as_str(),
        path: &format!("/api/v1/test/{provider}"),
        provider: route.provider.id,
        now: clock::seconds(),
    };
    let checked = credential::envelope(&state, &caller, &headers, asked).await?;
    let checked = checked.ok_or_else(|| {
        Problem::new(Code::NoCredential, "The request carries no envelope.")
            .next("Send Keyseal-Session and Keyseal-Key, or test a stored entry by its id.")
    })?;
    let host = checked.host().map(str::to_owned);
    route.target(host.as_deref())?;
    state.tests.take(&caller.owner)?;
    let key = checked.claim(&state.store, &caller.owner).await?;
    let (_, result) = test(route, host.as_deref(), &key).await?;
    Ok(result)
}

fn stored<'a>(caller: &'a Caller, entry: &'a Entry) -> Result<Stored<'a>, Problem> {
    let sealed_key = entry.sealed_key.as_deref().filter(|_| !entry.needs_reentry);
    let sealed_key = sealed_key.ok_or(Nothing::NeedsReentry)?;
    Ok(Stored {
        caller: &caller.owner,
        id: &entry.id,
        provider: &entry.provider,
        host: entry.host.as_deref(),
        sealed_key,
        digest: sha256(sealed_key.as_bytes()),
    })
}

async fn test(
    route: &Route,
    host: Option<&str>,
    key: &Secret,
) -> Result<(Verdict, Json<TestResult>), Problem> {
    let target = route.test_target(host)?;
    let started = std::time::Instant::now();
    let verdict = call::test(route.provider, target, key).await;
    let result = TestResult {
        status: verdict.status.as_str(),
        status_detail: verdict.detail.clone(),
        tested_at: clock::rfc3339(clock::micros()),
        latency_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        cost: route.provider.test_cost.as_str(),
    };
    Ok((verdict, Json(result)))
}
