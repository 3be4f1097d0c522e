//! Moves every entry that is sealed to an older key of the ring to the current one.

use std::path::Path;

use keyseal::envelope::{PublicKey, SealedKey, Unwrap, sha256};

use super::{
    opened::{CannotOpen, Stored},
    reseal::reseal,
    ring::{KeyRing, RingError},
};
use crate::store::{OldEntry, Store, StoreError};

/// So many are read, and opened, before the next are.
const BATCH: i64 = 64;

/// What was done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Sealed to the current key now.
    pub moved: u64,
    /// Replaced or revoked by their users in the very moment; looked at again where they are still
    /// there.
    pub changed: u64,
    /// Entries that no key of the ring opens: their users have to enter them again.
    pub lost: u64,
}

/// Why it does not go on. What was moved stays moved; given again, it goes on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RewrapError {
    /// The private keys.
    #[error(transparent)]
    Ring(#[from] RingError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The current key, or the random numbers.
    #[error("nothing can be sealed to the current key")]
    Seal,
}

/// Goes over the entries until a round moves none, and tells after each batch what was done.
pub async fn rewrap(
    keys_dir: &Path,
    store: &Store,
    mut tell: impl FnMut(Progress),
) -> Result<Progress, RewrapError> {
    let ring = KeyRing::read(keys_dir)?;
    let current = ring.current_key().ok_or(RewrapError::Seal)?;
    let mut done = Progress::default();
    loop {
        // Each round meets all that do not open, and those only once count.
        done.lost = 0;
        let before = (done.moved, done.changed);
        round(&ring, &current, store, &mut done, &mut tell).await?;
        if before == (done.moved, done.changed) {
            break;
        }
    }
    if done.moved > 0 {
        store.forget_moved().await;
    }
    Ok(done)
}

async fn round(
    ring: &KeyRing,
    current: &PublicKey,
    store: &Store,
    done: &mut Progress,
    tell: &mut impl FnMut(Progress),
) -> Result<(), RewrapError> {
    let mut last: Option<OldEntry> = None;
    loop {
        let mut batch = store
            .sealed_to_others(current.kid(), last.as_ref(), BATCH)
            .await?;
        for entry in &batch {
            match again(entry, ring, current) {
                Ok(sealed) => {
                    let json = sealed.to_json();
                    if store.rewrap(entry, &json, current.kid()).await? {
                        done.moved += 1;
                    } else {
                        done.changed += 1;
                    }
                }
                Err(CannotOpen::Ending) => return Err(RewrapError::Seal),
                Err(CannotOpen::Lost | CannotOpen::Moved) => {
                    store.mark_lost(entry, is_damaged(entry, ring)).await?;
                    done.lost += 1;
                }
            }
        }
        if batch.is_empty() {
            return Ok(());
        }
        tell(*done);
        last = batch.pop();
    }
}

fn again(entry: &OldEntry, ring: &KeyRing, to: &PublicKey) -> Result<SealedKey, CannotOpen> {
    let stored = Stored {
        caller: &entry.owner,
        id: &entry.id,
        provider: &entry.provider,
        host: entry.host.as_deref(),
        sealed_key: &entry.sealed_key,
        digest: sha256(entry.sealed_key.as_bytes()),
    };
    reseal(stored, ring, to)
}

fn is_damaged(entry: &OldEntry, ring: &KeyRing) -> bool {
    // One that does not even say to whom it is sealed is opened by no key at all.
    SealedKey::parse(entry.sealed_key.as_bytes()).map_or(true, |sealed| ring.knows(sealed.kid()))
}
