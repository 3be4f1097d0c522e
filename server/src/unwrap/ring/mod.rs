//! The private keys: one current, older ones only open; and the identity that signs the key set.
//! They stand as PKCS#8 files in `keys_dir`, which replicas share.

mod folder;
mod keys;
mod keyset;
mod retire;
mod rotate;

use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use arc_swap::ArcSwap;
use keyseal::envelope::{Jwk, PublicKey, Unwrap};
use zeroize::Zeroizing;

use self::{
    folder::{Fingerprint, Folder},
    keys::UnwrapKey,
};
pub use self::{
    keyset::SignedKeyset,
    retire::{Retirement, keep, retire},
    rotate::{Step, rotate},
};
use crate::clock;

/// Why the ring cannot be used; names a file, never a key.
#[derive(Debug, thiserror::Error)]
#[error("keys_dir: {path}: {reason}", path = path.display())]
pub struct RingError {
    path: PathBuf,
    reason: String,
}

impl RingError {
    fn new(path: &Path, reason: impl ToString) -> Self {
        Self {
            path: path.to_owned(),
            reason: reason.to_string(),
        }
    }
}

/// The ring of a running server; follows changes of the folder.
pub struct KeyRing {
    folder: Folder,
    issuer: String,
    loaded: ArcSwap<Loaded>,
    seen: Mutex<Fingerprint>,
    unwraps: AtomicU64,
}

/// What stood in the folder when it was last read.
struct Loaded {
    keys: HashMap<String, UnwrapKey>,
    /// They open what is stored; nothing new is taken under them.
    retiring: HashSet<String>,
    keyset: SignedKeyset,
}

impl KeyRing {
    /// Opens the ring for the companion at `issuer`; makes its keys at first start.
    pub fn open(keys_dir: &Path, issuer: &str) -> Result<Self, RingError> {
        Folder::open(keys_dir)?.make_missing(issuer)?;
        let ring = Self::read(keys_dir)?;
        if ring.issuer == issuer {
            return Ok(ring);
        }
        let reason = format!("is for {}, but public_url is {issuer}", ring.issuer);
        Err(RingError::new(&ring.folder.keyset_path(), reason))
    }

    /// Opens the ring of a companion that holds keys already: one that is not there is not made anew,
    /// since a new one would open none of them.
    pub fn open_kept(keys_dir: &Path, issuer: &str) -> Result<Self, RingError> {
        let path = Folder::existing(keys_dir).keyset_path();
        if path.exists() {
            return Self::open(keys_dir, issuer);
        }
        let reason = "is missing, and the database holds keys sealed to it: point keys_dir to the \
                      folder that has it, or restore it from a backup. If it is lost, `keys create` \
                      makes new ones, and every user has to enter their keys again";
        Err(RingError::new(&path, reason))
    }

    fn other_issuer(&self, found: &str) -> RingError {
        let reason = format!(
            "was signed for {found} while this companion is {}: each needs a keys_dir of its own",
            self.issuer
        );
        RingError::new(&self.folder.keyset_path(), reason)
    }

    /// Reads a ring that was made before; makes and signs nothing.
    pub fn read(keys_dir: &Path) -> Result<Self, RingError> {
        let folder = Folder::existing(keys_dir);
        let seen = folder.fingerprint()?;
        let loaded = load(&folder)?;
        Ok(Self {
            issuer: loaded.keyset.issuer().to_owned(),
            folder,
            loaded: ArcSwap::from_pointee(loaded),
            seen: Mutex::new(seen),
            unwraps: AtomicU64::new(0),
        })
    }

    /// How many times it was asked to open something.
    pub fn unwraps(&self) -> u64 {
        self.unwraps.load(Ordering::Relaxed)
    }

    /// Reads the folder again where it changed, and signs the key set again where it soon expires.
    /// What cannot be read leaves the ring as it was. `true`: something changed.
    pub fn refresh(&self) -> Result<bool, RingError> {
        let changed = self.reload()?;
        if !self.loaded.load().keyset.is_due(clock::seconds()) {
            return Ok(changed);
        }
        self.folder.sign_again(&self.issuer)?;
        Ok(self.reload()? || changed)
    }

    fn reload(&self) -> Result<bool, RingError> {
        let now = self.folder.fingerprint()?;
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if *seen == now {
            return Ok(false);
        }
        let loaded = load(&self.folder)?;
        // Signed by a companion at another address: this one's browsers would refuse it.
        if loaded.keyset.issuer() != self.issuer {
            return Err(self.other_issuer(loaded.keyset.issuer()));
        }
        self.loaded.store(loaded.into());
        *seen = now;
        Ok(true)
    }

    /// The public keys as published; the first is current.
    pub fn jwks(&self) -> Vec<Jwk> {
        self.loaded.load().keyset.keys().to_vec()
    }

    /// The key to seal to.
    pub fn current_kid(&self) -> String {
        let loaded = self.loaded.load();
        loaded
            .keyset
            .keys()
            .first()
            .and_then(|key| key.kid.clone())
            .unwrap_or_default()
    }

    /// The key to seal to, to seal to it here.
    pub fn current_key(&self) -> Option<PublicKey> {
        PublicKey::from_jwk(self.loaded.load().keyset.keys().first()?).ok()
    }

    /// Whether something new may be sealed to `kid`. The folder is looked at before the answer is no:
    /// another replica may have published the key a moment ago.
    pub async fn takes(self: &Arc<Self>, kid: &str) -> bool {
        if self.is_open_to(kid) {
            return true;
        }
        let ring = Arc::clone(self);
        // What is wrong with the folder, the follower logs.
        let _ = tokio::task::spawn_blocking(move || ring.refresh()).await;
        self.is_open_to(kid)
    }

    fn is_open_to(&self, kid: &str) -> bool {
        let loaded = self.loaded.load();
        loaded.keys.contains_key(kid) && !loaded.retiring.contains(kid)
    }

    /// Whether nothing new is taken under `kid`, though it opens.
    pub fn is_retiring(&self, kid: &str) -> bool {
        self.loaded.load().retiring.contains(kid)
    }

    /// The identity and the signed key set, as published.
    pub fn published(&self) -> SignedKeyset {
        self.loaded.load().keyset.clone()
    }

    /// Every key that still opens, by name.
    pub fn kids(&self) -> Vec<String> {
        let mut kids: Vec<_> = self.loaded.load().keys.keys().cloned().collect();
        kids.sort();
        kids
    }
}

impl Unwrap for KeyRing {
    fn knows(&self, kid: &str) -> bool {
        self.loaded.load().keys.contains_key(kid)
    }

    fn unwrap_key(&self, kid: &str, encrypted_key: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        self.unwraps.fetch_add(1, Ordering::Relaxed);
        self.loaded.load().keys.get(kid)?.unwrap(encrypted_key)
    }
}

fn load(folder: &Folder) -> Result<Loaded, RingError> {
    // In the order in which they are written, backwards: what the set names is there already.
    let keyset = folder.keyset()?;
    let retiring = folder.retiring()?;
    let keys = folder.unwrap_keys()?;
    for key in keyset.keys() {
        let kid = key.kid.as_deref().unwrap_or_default();
        if !keys.contains_key(kid) {
            return Err(RingError::new(
                &folder.key_path(kid),
                "is missing, though the key set publishes it",
            ));
        }
    }
    Ok(Loaded {
        keys,
        retiring,
        keyset,
    })
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;
