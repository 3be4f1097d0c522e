//! From a model's name to a provider's route: `openai/gpt-4.1-mini`, or `auto`.

use http::HeaderMap;
use keyseal::catalogue::{self, Provider};

use super::super::{Code, Problem, api::offered};
use crate::AppState;
use crate::auth::Caller;
use crate::choose::Nothing;
use crate::clock;
use crate::store::{Entry, Status};

const AUTO: &str = "auto";

/// Whose model it is.
pub struct Pick {
    /// Its page in the catalogue.
    pub provider: &'static Provider,
    /// The name of its host's route: `openai`, `moonshot:cn`.
    pub route: String,
    /// The provider's own name of the model.
    pub model: String,
}

impl Pick {
    /// Reads `provider/model`, or chooses for `auto`.
    pub async fn of(
        state: &AppState,
        caller: &Caller,
        headers: &HeaderMap,
        asked: &str,
    ) -> Result<Self, Problem> {
        if asked != AUTO {
            return named(state, asked);
        }
        if headers.contains_key("keyseal-key") {
            return Err(Problem::validation(
                "`auto` chooses among stored entries, and this key is in the browser.",
            )
            .next("Name the model, as in `openai/gpt-4.1-mini`."));
        }
        let entries = state.store.list(&caller.owner).await?;
        first(&entries, clock::micros()).ok_or_else(|| {
            match entries.iter().any(|entry| entry.active) {
                true => Problem::new(
                    Code::NoCredential,
                    "None of your active entries is of a provider with a default model.",
                )
                .next("Name the model, as in `openai/gpt-4.1-mini`."),
                false => Nothing::NoEntry.into(),
            }
        })
    }

    /// As it is asked for: `provider/model`.
    pub fn name(&self) -> String {
        format!("{}/{}", self.route, self.model)
    }
}

fn named(state: &AppState, asked: &str) -> Result<Pick, Problem> {
    let shape = || {
        Problem::validation("`model` must be `provider/model`, or `auto`.")
            .next("`GET /v1/models` lists what your entries reach.")
    };
    let (route, model) = asked.split_once('/').ok_or_else(shape)?;
    if model.is_empty() {
        return Err(shape());
    }
    let id = route.split(':').next().unwrap_or(route);
    Ok(Pick {
        provider: offered(state, id)?,
        route: route.to_owned(),
        model: model.to_owned(),
    })
}

/// The default model of the first usable entry: the lowest priority first, of these the oldest.
fn first(entries: &[Entry], now: clock::Micros) -> Option<Pick> {
    let usable = entries.iter().filter(|entry| is_usable(entry, now));
    let with_default = usable.filter_map(|entry| {
        let provider = catalogue::find(&entry.provider)?;
        let model = provider.wire.chat_path.and(provider.wire.default_model)?;
        let order = (entry.priority, entry.created_at, entry.id.clone());
        Some((order, provider, model))
    });
    let (_, provider, model) = with_default.min_by(|(a, ..), (b, ..)| a.cmp(b))?;
    Some(Pick {
        provider,
        route: provider.id.to_owned(),
        model: model.to_owned(),
    })
}

/// Whether requests may be served by it, and its provider did not refuse it.
pub fn is_usable(entry: &Entry, now: clock::Micros) -> bool {
    entry.active
        && !entry.needs_reentry
        && entry.revoked_at.is_none()
        && entry.sealed_key.is_some()
        && entry.status != Status::Invalid
        && entry.expires_at.is_none_or(|at| at > now)
}
