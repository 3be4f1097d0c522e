//! `/api/v1/local/token`: local mode's link becomes the tab's token, once.

use axum::{Json, extract::State};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::{Code, Problem, json::Body};
use crate::{AppState, clock};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    link: String,
}

pub async fn exchange(
    State(state): State<AppState>,
    Body(Link { link }): Body<Link>,
) -> Result<Json<Value>, Problem> {
    let local = state.verifier.local().ok_or_else(|| {
        Problem::new(Code::NotFound, "This companion is not in local mode.")
            .next("Sign in through the app.")
    })?;
    let (token, exp) = local
        .exchange(&state.store, &link, clock::seconds())
        .await?;
    Ok(Json(
        json!({ "token": token, "expiresAt": clock::rfc3339(exp * 1_000_000) }),
    ))
}
