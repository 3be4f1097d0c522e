//! `/api/v1/me`

use axum::{Json, extract::State};
use keyseal::catalogue;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::{Problem, json::Body};
use crate::{AppState, auth::Caller, clock};

pub async fn show(State(state): State<AppState>, caller: Caller) -> Result<Json<Value>, Problem> {
    let settings = state.store.settings(&caller.owner).await?;
    Ok(Json(described(&state, &caller, settings)))
}

fn described(state: &AppState, caller: &Caller, settings: Map<String, Value>) -> Value {
    let mut me = json!({
        "sub": caller.owner.sub(),
        "tier": caller.tier,
        "settings": settings,
        "limits": state.config.limits,
        "now": clock::rfc3339(clock::micros()),
    });
    for (name, value) in [("org", &caller.org), ("role", &caller.role)] {
        if let Some(value) = value {
            me[name] = value.as_str().into();
        }
    }
    me
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
    Ok(Json(described(&state, &caller, settings)))
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
