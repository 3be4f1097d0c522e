//! Refusals that tell of an attack or a broken app are written down for the user they concern: not
//! each, so that nobody fills the disk with them.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

use super::{Code, Problem};
use crate::AppState;
use crate::auth::place;
use crate::clock;
use crate::store::{Note, Owner};

/// Of one user and code no more than one note in this time; it tells how many there were.
const PAUSE: Duration = Duration::from_secs(60);
/// More users and codes than this at once, and the notes of some are not counted together.
const MANY: usize = 20_000;

/// What was refused a moment ago.
#[derive(Default)]
pub struct Refusals(Mutex<HashMap<(Owner, Code), Recent>>);

struct Recent {
    noted: Instant,
    /// Since then.
    more: u64,
}

impl Refusals {
    /// Counts a refusal. `Some`: it is to be written down, with so many others since the last note.
    fn count(&self, owner: &Owner, code: Code) -> Option<u64> {
        let mut recent = self.lock();
        if recent.len() >= MANY {
            recent.clear();
        }
        let now = Instant::now();
        match recent.get_mut(&(owner.clone(), code)) {
            Some(known) if now < known.noted + PAUSE => {
                known.more += 1;
                None
            }
            Some(known) => {
                known.noted = now;
                Some(std::mem::take(&mut known.more))
            }
            None => {
                let first = Recent {
                    noted: now,
                    more: 0,
                };
                recent.insert((owner.clone(), code), first);
                Some(0)
            }
        }
    }

    /// Forgets what is over, but for what still waits to be told.
    pub fn sweep(&self) {
        let now = Instant::now();
        self.lock()
            .retain(|_, known| known.more > 0 || now < known.noted + PAUSE);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(Owner, Code), Recent>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Those that say something to the user. What is only misspelt, absent or a provider's fault is not
/// among them.
fn is_noted(code: Code) -> bool {
    matches!(
        code,
        Code::PlaintextRefused
            | Code::SealedKeyMalformed
            | Code::UnknownKid
            | Code::SealedKeyRefused
            | Code::SealedKeyExpired
            | Code::SealedKeyMismatch
            | Code::EnvelopeMalformed
            | Code::EnvelopeRefused
            | Code::EnvelopeExpired
            | Code::EnvelopeMismatch
            | Code::Replayed
            | Code::IdConflict
            | Code::RevokedId
            | Code::NeedsReentry
            | Code::ByokNotInTier
            | Code::BudgetExhausted
            | Code::RateLimited
            | Code::Forbidden
            | Code::PathRefused
            | Code::HostRefused
            | Code::RelayRefused
    )
}

/// Writes a refusal down. Only its code: nothing out of the request.
pub async fn note(state: &AppState, owner: &Owner, problem: &Problem) {
    if is_noted(problem.code) {
        let (note, code) = (Note::new("request.refuse"), problem.code);
        write(state, owner, code, note, code.as_str()).await;
    }
}

/// Writes down what ended with a code, unless one was written a moment ago: that is told by the next.
pub async fn write(state: &AppState, owner: &Owner, code: Code, note: Note<'_>, said: &str) {
    let Some(more) = state.refusals.count(owner, code) else {
        return;
    };
    let detail = match more {
        0 => said.to_owned(),
        more => format!("{said}, and {more} more since the last note"),
    };
    let note = note.detail(detail);
    if let Err(error) = state.store.note(owner, &note, clock::micros()).await {
        tracing::warn!(%error, "a refusal was not written down");
    }
}

/// The layer around `/api/v1`: whose refusal it is says the token, also where nothing came so far as
/// to ask for it.
pub async fn layer(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let headers = request.headers().clone();
    let response = next.run(request).await;
    let Some(problem) = response.extensions().get::<Problem>().cloned() else {
        return response;
    };
    if is_noted(problem.code)
        && let Some(token) = place::token(&headers)
        && let Ok(caller) = state.verifier.verify(token, &state.config).await
    {
        note(&state, &caller.owner, &problem).await;
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Realm;

    #[test]
    fn the_first_is_written_down_and_the_next_ones_are_counted() {
        let refusals = Refusals::default();
        let [ann, bob] = ["ann", "bob"].map(|sub| Owner::new(Realm::Jwt, sub));
        assert_eq!(refusals.count(&ann, Code::Replayed), Some(0));
        assert_eq!(refusals.count(&ann, Code::Replayed), None);
        assert_eq!(refusals.count(&ann, Code::Replayed), None);
        assert_eq!(refusals.count(&ann, Code::HostRefused), Some(0));
        assert_eq!(refusals.count(&bob, Code::Replayed), Some(0));
        refusals.sweep();
        let past = Instant::now().checked_sub(PAUSE).expect("a clock");
        refusals
            .lock()
            .values_mut()
            .for_each(|known| known.noted = past);
        refusals.sweep();
        assert_eq!(refusals.lock().len(), 1, "what waits to be told is kept");
        assert_eq!(refusals.count(&ann, Code::Replayed), Some(2));
        assert_eq!(refusals.count(&ann, Code::Replayed), None);
    }
}
