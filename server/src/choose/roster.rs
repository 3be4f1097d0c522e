//! The candidates of a user, kept for a moment: a burst of requests asks the database once.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use keyseal::envelope::sha256;

use super::Consent;
use crate::clock;
use crate::store::{Candidate, Owner, Store, StoreError};
use crate::usage::{InUse, Life};

/// A change made by another replica holds within one second; this leaves the rest for the query.
const FRESH: Duration = Duration::from_millis(500);

/// More users than this at once, and all are asked for anew.
const MANY: usize = 20_000;

/// A candidate with what using it needs.
pub struct Ready {
    /// The row.
    pub candidate: Candidate,
    /// SHA-256 of the sealed key: what was opened is found again under it.
    pub digest: [u8; 32],
    /// Ends with a revoke.
    pub life: Life,
}

impl AsRef<Candidate> for Ready {
    fn as_ref(&self) -> &Candidate {
        &self.candidate
    }
}

/// Candidates by user and provider.
#[derive(Default)]
pub struct Roster {
    /// Counts changes: a list that was read before one must not be kept after it.
    changes: AtomicU64,
    lists: Mutex<Lists>,
}

type Lists = HashMap<Owner, Vec<(&'static str, List)>>;

struct List {
    own: Own,
    until: Instant,
}

/// What is a user's own, of one provider.
#[derive(Clone)]
pub struct Own {
    /// The active, unexpired entries, in priority order.
    pub entries: Arc<[Ready]>,
    /// About the operator's key.
    pub consent: Consent,
}

impl Roster {
    /// What a user has of a provider. `lent`: there is a platform key, so that it matters what the
    /// user has said about it.
    pub async fn of(
        &self,
        store: &Store,
        in_use: &InUse,
        owner: &Owner,
        provider: &'static str,
        lent: bool,
    ) -> Result<Own, StoreError> {
        if let Some(known) = self.known(owner, provider) {
            return Ok(known);
        }
        loop {
            let changes = self.changes.load(Ordering::Acquire);
            let rows = store.candidates(owner, provider, clock::micros()).await?;
            let ready = rows.into_iter().map(|candidate| Ready {
                digest: sha256(candidate.sealed_key.as_bytes()),
                life: in_use.life(owner, &candidate.id),
                candidate,
            });
            let own = Own {
                entries: ready.collect(),
                consent: match lent {
                    true => consent(store, owner, provider).await?,
                    false => Consent::default(),
                },
            };
            // What was read before a revoke must not be used after it.
            if self.keep(owner, provider, &own, changes) {
                return Ok(own);
            }
        }
    }

    /// Forgets what is known of a user: an entry was added, changed or revoked, or the settings were.
    pub fn forget(&self, owner: &Owner) {
        let mut lists = self.lock();
        self.changes.fetch_add(1, Ordering::Release);
        lists.remove(owner);
    }

    /// Drops what is no longer fresh.
    pub fn sweep(&self) {
        let now = Instant::now();
        self.lock().retain(|_, lists| {
            lists.retain(|(_, list)| now < list.until);
            !lists.is_empty()
        });
    }

    fn known(&self, owner: &Owner, provider: &str) -> Option<Own> {
        let lists = self.lock();
        let (_, list) = lists.get(owner)?.iter().find(|(id, _)| *id == provider)?;
        (Instant::now() < list.until).then(|| list.own.clone())
    }

    /// Keeps a list that was read when so many changes had been made; `false` if there were more.
    fn keep(&self, owner: &Owner, provider: &'static str, own: &Own, changes: u64) -> bool {
        let mut lists = self.lock();
        if self.changes.load(Ordering::Acquire) != changes {
            return false;
        }
        if lists.len() >= MANY {
            lists.clear();
        }
        let list = List {
            own: own.clone(),
            until: Instant::now() + FRESH,
        };
        let of_owner = lists.entry(owner.clone()).or_default();
        of_owner.retain(|(id, _)| *id != provider);
        of_owner.push((provider, list));
        true
    }

    fn lock(&self) -> MutexGuard<'_, Lists> {
        self.lists.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn consent(store: &Store, owner: &Owner, provider: &str) -> Result<Consent, StoreError> {
    let settings = store.settings(owner).await?;
    let allowed = settings
        .get("platformAllowed")
        .and_then(|by_provider| by_provider.get(provider))
        .and_then(serde_json::Value::as_bool);
    Ok(Consent {
        allowed: allowed.unwrap_or(false),
        never_had_an_entry: !store.ever_had(owner, provider).await?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Realm, Status};

    fn ann() -> Owner {
        Owner::new(Realm::Jwt, "ann")
    }

    fn own() -> Own {
        let candidate = Candidate {
            id: "e".into(),
            sealed_key: "{}".into(),
            host: None,
            status: Status::Valid,
            priority: 0,
            needs_reentry: false,
            budget: None,
            resting_until: None,
        };
        let life = InUse::default().life(&ann(), "e");
        Own {
            entries: Arc::new([Ready {
                candidate,
                digest: [0; 32],
                life,
            }]),
            consent: Consent::default(),
        }
    }

    #[test]
    fn a_list_is_known_to_its_user_and_provider_for_a_moment() {
        let roster = Roster::default();
        assert!(roster.keep(&ann(), "openai", &own(), 0));
        assert!(roster.known(&ann(), "openai").is_some());
        assert!(roster.known(&ann(), "groq").is_none());
        assert!(
            roster
                .known(&Owner::new(Realm::Local, "ann"), "openai")
                .is_none()
        );
        assert!(
            roster
                .known(&Owner::new(Realm::Jwt, "bob"), "openai")
                .is_none()
        );
        std::thread::sleep(FRESH);
        assert!(roster.known(&ann(), "openai").is_none());
        roster.sweep();
        assert!(roster.lock().is_empty());
    }

    #[test]
    fn what_was_read_before_a_change_is_not_kept_after_it() {
        let roster = Roster::default();
        roster.forget(&ann());
        assert!(!roster.keep(&ann(), "openai", &own(), 0));
        assert!(roster.known(&ann(), "openai").is_none());
        assert!(roster.keep(&ann(), "openai", &own(), 1));
        roster.forget(&ann());
        assert!(roster.known(&ann(), "openai").is_none());
    }
}
