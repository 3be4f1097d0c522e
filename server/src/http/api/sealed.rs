//! An uploaded sealed key: parsed, opened once, and checked against who sends it and for what.

use std::sync::Arc;

use keyseal::{
    catalogue::{self, Provider},
    envelope::{KeyClaims, OpenError, SealedKey},
};
use serde_json::value::RawValue;

use super::{
    super::{Code, Problem},
    values::EntryId,
};
use crate::{
    AppState, clock,
    store::{Owner, Replacement},
};

/// How far a sealed key's time may be from ours, either way, in seconds.
const WINDOW: i64 = 600;

/// A sealed key that was found good, with what was read out of it. The key itself is gone again.
pub struct Checked {
    json: String,
    kid: String,
    sealed_at: i64,
    hint: String,
    host: Option<String>,
}

impl Checked {
    /// What the store takes.
    pub fn as_replacement(&self) -> Replacement<'_> {
        Replacement {
            sealed_key: &self.json,
            kid: &self.kid,
            sealed_at: self.sealed_at,
            hint: &self.hint,
            host: self.host.as_deref(),
        }
    }
}

/// What a sealed key has to be for.
pub struct Purpose<'a> {
    pub owner: &'a Owner,
    pub id: &'a EntryId,
    pub provider: &'static Provider,
}

/// Reads the profile strictly; no cryptography yet.
pub fn parse(json: &RawValue) -> Result<SealedKey, Problem> {
    SealedKey::parse(json.get().as_bytes()).map_err(|rule| {
        Problem::new(
            Code::SealedKeyMalformed,
            format!("The sealed key is malformed: {rule}."),
        )
    })
}

/// Opens it once and checks its claims.
pub async fn check(
    state: &AppState,
    sealed: SealedKey,
    purpose: &Purpose<'_>,
) -> Result<Checked, Problem> {
    if !state.ring.takes(sealed.kid()).await {
        return Err(Problem::from(Code::UnknownKid)
            .next("Fetch the companion's key set again and seal to its first key."));
    }
    state.uploads.take(purpose.owner)?;
    let ring = Arc::clone(&state.ring);
    // A millisecond of RSA: not on a thread that serves others.
    let opened = tokio::task::spawn_blocking(move || {
        let claims = sealed.open(ring.as_ref());
        (sealed, claims)
    });
    let (sealed, claims) = opened.await.map_err(|_| Problem::from(Code::Unavailable))?;
    let claims = claims.map_err(|error| match error {
        OpenError::UnknownKid => Code::UnknownKid.into(),
        OpenError::Claims => mismatch("its content is not that of the profile"),
        // One answer for every failure of decryption (RFC 7516 section 11.5).
        _ => Problem::from(Code::SealedKeyRefused).next("Enter the key again."),
    })?;
    check_claims(&claims, purpose, clock::seconds())?;
    let route = state
        .client
        .route(purpose.provider.id)
        .ok_or(Code::ProviderUnknown)?;
    route.target(claims.host.as_deref())?;
    let (sealed, claims) = to_current(state, sealed, claims).await?;
    Ok(Checked {
        json: sealed.to_json(),
        kid: sealed.kid().to_owned(),
        sealed_at: claims.iat,
        hint: catalogue::hint(claims.key.expose()),
        host: claims.host,
    })
}

/// What comes under an older key of the ring is stored under the current one, so that no new entry
/// needs the old one.
async fn to_current(
    state: &AppState,
    sealed: SealedKey,
    claims: KeyClaims,
) -> Result<(SealedKey, KeyClaims), Problem> {
    let unavailable = || Problem::from(Code::Unavailable);
    let current = state.ring.current_key().ok_or_else(unavailable)?;
    if sealed.kid() == current.kid() {
        return Ok((sealed, claims));
    }
    let sealing = tokio::task::spawn_blocking(move || {
        let again = SealedKey::seal(&claims, &current);
        again.map(|sealed| (sealed, claims))
    });
    let again = sealing.await.map_err(|_| unavailable())?;
    again.map_err(|_| unavailable())
}

fn check_claims(claims: &KeyClaims, purpose: &Purpose<'_>, now: i64) -> Result<(), Problem> {
    if claims.sub != purpose.owner.sub() {
        return Err(mismatch("it was sealed for another user"));
    }
    if claims.rid != purpose.id.as_str() {
        return Err(mismatch("it was sealed for another entry"));
    }
    if claims.provider != purpose.provider.id {
        return Err(mismatch("it was sealed for another provider"));
    }
    if claims
        .iat
        .checked_sub(now)
        .is_none_or(|apart| apart.abs() > WINDOW)
    {
        return Err(Problem::from(Code::SealedKeyExpired)
            .next("Enter the key again; if this repeats, check this device's clock."));
    }
    Ok(())
}

fn mismatch(why: &str) -> Problem {
    Problem::new(
        Code::SealedKeyMismatch,
        format!("The sealed key does not fit: {why}."),
    )
    .next("Enter the key again.")
}
