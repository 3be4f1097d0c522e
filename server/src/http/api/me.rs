//! `/api/v1/me`

use axum::{Json, extract::State};
use keyseal::catalogue;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::{Problem, json::Body};
use crate::{
    AppState,
    auth::Caller,
    clock::{self, Micros},
    config::Tier,
    store::Left,
};

pub async fn show(State(state): State<AppState>, caller: Caller) -> Result<Json<Value>, Problem> {
    let settings = state.store.settings(&caller.owner).await?;
    described(&state, &caller, settings).await
}

async fn described(
    state: &AppState,
    caller: &Caller,
    settings: Map<String, Value>,
) -> Result<Json<Value>, Problem> {
    let now = clock::micros();
    let (_, tier) = state.config.tiers.resolve(Some(&caller.tier));
    let mut limits = serde_json::to_value(state.config.limits).unwrap_or_default();
    limits["byok"] = tier.byok.into();
    limits["platform"] = match tier.platform {
        true => platform(tier, state.store.left(&caller.owner, tier, now).await?, now),
        false => Value::Null,
    };
    let mut me = json!({
        "sub": caller.owner.sub(),
        "tier": caller.tier,
        "settings": settings,
        "limits": limits,
        "now": clock::rfc3339(now),
    });
    for (name, value) in [("org", &caller.org), ("role", &caller.role)] {
        if let Some(value) = value {
            me[name] = value.as_str().into();
        }
    }
    Ok(Json(me))
}

/// How much of the operator's keys is the user's, and what is left of it now.
fn platform(tier: Tier, left: Left, now: Micros) -> Value {
    json!({
        "requestsPerMinute": tier.requests_per_minute,
        "requestsPerDay": tier.requests_per_day,
        "usdPerDay": usd(tier.micro_usd_per_day),
        "left": {
            "requestsThisMinute": left.this_minute,
            "requestsToday": left.today,
            "usdToday": usd(left.micro_usd_today),
            "dayEndsAt": clock::rfc3339(now + left.day_resets),
        },
    })
}

fn usd(micro: i64) -> f64 {
    micro as f64 / 1e6
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    settings: Map<String, Value>,
}

pub async fn change(
    State(state): State<AppState>,
    caller: Caller,
    Body(change): Body<Change>,
) -> Result<Json<Value>, Problem> {
    platform_allowed(change.settings.get("platformAllowed"))?;
    let merged = state
        .store
        .merge_settings(&caller.owner, &change.settings, clock::micros())
        .await?;
    let settings = merged.ok_or_else(|| Problem::validation("The settings would be too large."))?;
    // A permission that was taken back holds at once.
    state.entries_changed(&caller.owner);
    described(&state, &caller, settings).await
}

/// The one setting that decides about money has one form.
fn platform_allowed(value: Option<&Value>) -> Result<(), Problem> {
    let refuse = || {
        Err(Problem::validation(
            "`platformAllowed` must name known providers with true, false or null.",
        ))
    };
    match value {
        None | Some(Value::Null) => Ok(()),
        Some(Value::Object(by_provider)) => {
            let good = |(id, value): (&String, &Value)| {
                catalogue::find(id).is_some() && (value.is_boolean() || value.is_null())
            };
            if by_provider.iter().all(good) {
                Ok(())
            } else {
                refuse()
            }
        }
        Some(_) => refuse(),
    }
}
