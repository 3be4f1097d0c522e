//! `/api/v1/providers`: the catalogue, for anyone.

use axum::{Json, extract::State};
use keyseal::catalogue::{self, Category, Provider};
use serde::Serialize;
use serde_json::{Value, json};

use super::super::{Code, Problem};
use crate::{AppState, auth::Caller};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProviderView {
    id: &'static str,
    name: &'static str,
    categories: &'static [Category],
    dashboard: &'static str,
    base_path: &'static str,
    test_cost: &'static str,
    cors: &'static str,
    chat_path: Option<&'static str>,
    default_model: Option<&'static str>,
    custom_host: bool,
    /// Patterns of hosts that may be sealed into a key here.
    custom_hosts: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    platform_available: Option<bool>,
}

pub async fn list(State(state): State<AppState>, caller: Result<Caller, Problem>) -> Json<Value> {
    let lent = caller.ok().map(|caller| {
        let (_, tier) = state.config.tiers.resolve(Some(&caller.tier));
        tier.platform
    });
    let demo = state.demo.and_then(|_| catalogue::find("demo"));
    let view = |provider: &'static Provider| ProviderView {
        id: provider.id,
        name: provider.name,
        categories: provider.categories,
        dashboard: provider.dashboard,
        base_path: provider.base_path,
        test_cost: provider.test_cost.as_str(),
        cors: provider.cors.as_str(),
        chat_path: provider.wire.chat_path,
        default_model: provider.wire.default_model,
        custom_host: provider.custom_host,
        custom_hosts: custom_hosts(&state, provider.id),
        platform_available: lent.map(|lent| lent && has_platform_key(&state, provider.id)),
    };
    let providers: Vec<_> = catalogue::all().iter().chain(demo).map(view).collect();
    Json(json!({ "providers": providers, "date": catalogue::DATE }))
}

fn has_platform_key(state: &AppState, id: &str) -> bool {
    let known = state.config.providers.get(id);
    known.is_some_and(|known| known.platform_key.is_some())
}

fn custom_hosts(state: &AppState, id: &str) -> Vec<String> {
    let known = state.config.providers.get(id);
    known
        .into_iter()
        .flat_map(|known| &known.custom_hosts)
        .map(ToString::to_string)
        .collect()
}

/// A provider that is offered here: one of the catalogue, and `demo` only where it was started.
pub fn offered(state: &AppState, id: &str) -> Result<&'static Provider, Problem> {
    let provider = catalogue::find(id).filter(|found| found.id != "demo" || state.demo.is_some());
    provider.ok_or_else(|| {
        Problem::from(Code::ProviderUnknown).next("`GET /api/v1/providers` lists them.")
    })
}
