//! The key that serves a request, once it was opened.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue};
use keyseal::envelope::{KeyClaims, Secret};

use super::{Code, Problem};
use crate::AppState;
use crate::auth::Caller;
use crate::choose::platform::Reservation;
use crate::unwrap::envelope::{Asked, Checked, Presented};
use crate::unwrap::opened::{CannotOpen, Stored};
use crate::usage::{By, Life};

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
    /// The operator's own, lent.
    Platform(Arc<Secret>, Box<Reservation>),
}

impl Credential {
    /// The key itself.
    pub fn key(&self) -> &Secret {
        match self {
            Self::Envelope(key) => key,
            Self::Entry { claims, .. } => &claims.key,
            Self::Platform(key, _) => key,
        }
    }

    /// The value of `Keyseal-Served-By`.
    pub fn served_by(&self) -> HeaderValue {
        match self {
            Self::Envelope(_) => HeaderValue::from_static("envelope"),
            Self::Entry { id, .. } => HeaderValue::try_from(format!("entry {id}"))
                .unwrap_or_else(|_| HeaderValue::from_static("entry")),
            Self::Platform(..) => HeaderValue::from_static("platform"),
        }
    }

    /// The entry's life, if there is an entry.
    pub fn life(&self) -> Option<&Life> {
        match self {
            Self::Entry { life, .. } => Some(life),
            Self::Envelope(_) | Self::Platform(..) => None,
        }
    }
}

impl From<Credential> for By {
    fn from(credential: Credential) -> Self {
        match credential {
            Credential::Envelope(_) => Self::Envelope,
            Credential::Entry { id, .. } => Self::Entry(id),
            Credential::Platform(_, reservation) => Self::Platform(reservation),
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

/// Whether the request carries an envelope, or a part of one.
pub fn has_envelope(headers: &HeaderMap) -> bool {
    headers.contains_key("keyseal-session") || headers.contains_key("keyseal-key")
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

/// An entry's key; `None`, and the entry marked, if it does not open. It is then never sent.
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
