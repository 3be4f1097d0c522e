//! `/api/v1/oauth/{provider}`: whether a provider gives a page a key by sign-in. The flow itself runs
//! between page and provider, so that the key comes here sealed, as any other.

use axum::{Json, extract::State};
use serde_json::{Value, json};

use super::super::{Code, Problem, segment::Segment};
use super::offered;
use crate::{AppState, auth::Caller};

/// Those for which `keyseal/oauth` has the flow.
const BY_PKCE: [&str; 1] = ["openrouter"];

pub async fn show(
    State(state): State<AppState>,
    _: Caller,
    Segment(provider): Segment,
) -> Result<Json<Value>, Problem> {
    let provider = offered(&state, &provider)?;
    if !BY_PKCE.contains(&provider.id) {
        return Err(Problem::new(
            Code::OauthNotAvailable,
            format!("{} gives no key by sign-in.", provider.name),
        )
        .next(format!(
            "Make a key at {} and paste it.",
            provider.dashboard
        )));
    }
    Ok(Json(json!({ "provider": provider.id, "flow": "pkce" })))
}
