//! The key that serves a request: from what the caller sent and stored to something that opens.

use std::sync::Arc;

use http::request::Parts;
use http::{HeaderMap, HeaderValue};
use keyseal::envelope::{KeyClaims, Secret};

use super::{Code, Problem};
use crate::AppState;
use crate::auth::Caller;
use crate::choose::roster::Ready;
use crate::choose::{self, Nothing, Pick, Wish};
use crate::clock;
use crate::outgoing::{Route, Target};
use crate::unwrap::envelope::{Asked, Checked, Presented};
use crate::unwrap::opened::{CannotOpen, Stored};
use crate::usage::Life;

/// A key that opened.
pub enum Credential {
    /// Out of the request's own envelope, which is used up.
    Envelope(Secret),
    /// Out of a stored entry.
    Entry {
        /// The entry's id.
        id: String,
        /// The key.
        claims: Arc<KeyClaims>,
        /// Ends with a revoke.
        life: Life,
    },
}

impl Credential {
    /// The key itself.
    pub fn key(&self) -> &Secret {
        match self {
            Self::Envelope(key) => key,
            Self::Entry { claims, .. } => &claims.key,
        }
    }

    /// The value of `Keyseal-Served-By`.
    pub fn served_by(&self) -> HeaderValue {
        match self {
            Self::Envelope(_) => HeaderValue::from_static("envelope"),
            Self::Entry { id, .. } => HeaderValue::try_from(format!("entry {id}"))
                .unwrap_or_else(|_| HeaderValue::from_static("entry")),
        }
    }

    /// The entry's life, if there is an entry.
    pub fn life(&self) -> Option<&Life> {
        match self {
            Self::Envelope(_) => None,
            Self::Entry { life, .. } => Some(life),
        }
    }
}

/// Whether the caller's tier may bring and use keys of their own.
pub fn check_tier(state: &AppState, caller: &Caller) -> Result<(), Problem> {
    let (_, tier) = state.config.tiers.resolve(Some(&caller.tier));
    if tier.byok {
        Ok(())
    } else {
        Err(Code::ByokNotInTier.into())
    }
}

/// The request's envelope, if it carries one; every check but the one for replay.
pub async fn envelope(
    state: &AppState,
    caller: &Caller,
    headers: &HeaderMap,
    asked: Asked<'_>,
) -> Result<Option<Checked>, Problem> {
    let Some(presented) = Presented::read(headers)? else {
        return Ok(None);
    };
    let sessions = &state.sessions;
    let opened = sessions
        .open(presented, caller, asked, &state.ring, &state.new_sessions)
        .await?;
    Ok(Some(opened))
}

/// Picks a credential and opens it; says where its key goes.
pub async fn choose<'a>(
    state: &AppState,
    caller: &Caller,
    head: &Parts,
    path: &str,
    route: &'a Route,
) -> Result<(Credential, Target<'a>), Problem> {
    let provider = route.provider.id;
    let wish = Wish::read(&head.headers)?;
    let asked = Asked {
        method: head.method.as_str(),
        path,
        provider,
        now: clock::seconds(),
    };
    let mut envelope = envelope(state, caller, &head.headers, asked).await?;
    let entries = state
        .roster
        .of(&state.store, &state.in_use, &caller.owner, provider)
        .await?;

    for pick in choose::order(&wish, envelope.is_some(), &entries)? {
        match pick {
            Pick::Envelope => {
                let Some(checked) = envelope.take() else {
                    continue;
                };
                let target = route.target(checked.host())?;
                let key = checked.claim(&state.store, &caller.owner).await?;
                return Ok((Credential::Envelope(key), target));
            }
            Pick::Entry(index) => {
                let ready = &entries[index];
                if let Some(claims) = open(state, caller, provider, ready).await? {
                    let target = route.target(claims.host.as_deref())?;
                    let (id, life) = (ready.candidate.id.clone(), ready.life.clone());
                    return Ok((Credential::Entry { id, claims, life }, target));
                }
            }
        }
    }
    Err(Nothing::NeedsReentry.into())
}

/// The entry's key; `None`, and the entry marked, if it does not open. It is then never sent.
async fn open(
    state: &AppState,
    caller: &Caller,
    provider: &str,
    ready: &Ready,
) -> Result<Option<Arc<KeyClaims>>, Problem> {
    let candidate = &ready.candidate;
    let stored = Stored {
        caller: &caller.owner,
        id: &candidate.id,
        provider,
        host: candidate.host.as_deref(),
        sealed_key: &candidate.sealed_key,
        digest: ready.digest,
    };
    open_or_mark(state, stored).await
}

/// As [`choose`] opens an entry.
pub async fn open_or_mark(
    state: &AppState,
    stored: Stored<'_>,
) -> Result<Option<Arc<KeyClaims>>, Problem> {
    match state.opened.key(&state.ring, stored).await {
        Ok(claims) => Ok(Some(claims)),
        Err(CannotOpen::Ending) => Err(CannotOpen::Ending.into()),
        Err(reason @ (CannotOpen::Lost | CannotOpen::Moved)) => {
            tracing::warn!(entry = stored.id, %reason, "an entry has to be entered again");
            state
                .store
                .mark_needs_reentry(stored.caller, stored.id, stored.sealed_key)
                .await?;
            state.entries_changed(stored.caller);
            Ok(None)
        }
    }
}
