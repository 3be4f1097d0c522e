//! The authenticated caller, as handlers take it.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::request::Parts;

use super::place;
use crate::{
    AppState,
    http::{Code, Problem},
    store::Owner,
};

/// Who calls, once the token was verified.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Whose rows these are.
    pub owner: Owner,
    /// The tier's name, resolved.
    pub tier: String,
    /// The token's `org`, if it says one.
    pub org: Option<String>,
    /// The token's `role`, if it says one.
    pub role: Option<String>,
    /// SHA-256 of the whole token.
    pub token_hash: [u8; 32],
    /// When the token ends, in seconds.
    pub exp: i64,
}

/// The caller as the verifier remembers it: nothing is copied for a request.
pub struct Known(pub Arc<Caller>);

impl FromRequestParts<AppState> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let Known(caller) = Known::from_request_parts(parts, state).await?;
        Ok(Self::clone(&caller))
    }
}

impl FromRequestParts<AppState> for Known {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        no_token_in_url(parts.uri.query())?;
        let token = place::token(&parts.headers).ok_or_else(missing)?;
        let caller = state.verifier.verify(token, &state.config).await?;
        Ok(Self(caller))
    }
}

/// URLs end in logs and histories.
fn no_token_in_url(query: Option<&str>) -> Result<(), Problem> {
    let pairs = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    for (name, _) in pairs {
        if name.eq_ignore_ascii_case("key") {
            return Err(
                Problem::new(Code::Unauthorized, "A token or key in the URL is refused.")
                    .next("Send the token in the Authorization header."),
            );
        }
    }
    Ok(())
}

fn missing() -> Problem {
    Problem::new(Code::Unauthorized, "The request carries no token.")
        .next("Send `Authorization: Bearer <token>`.")
}
