//! A new key to seal to.

use std::path::Path;

use super::{
    RingError,
    folder::Folder,
    keys::{self, UnwrapKey},
    keyset::SignedKeyset,
};
use crate::{clock, files};

/// How far a rotation goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Publishes the next key, to which nobody seals yet.
    Announce,
    /// Makes the announced key current, or a new one where none is.
    Rotate,
}

/// Takes the step and signs the key set under the next number; gives the key's name. The key is on the
/// disk before the set names it, and the set changes at once: wherever this is killed, the folder is
/// whole.
pub fn rotate(keys_dir: &Path, step: Step) -> Result<String, RingError> {
    let folder = Folder::existing(keys_dir);
    // A folder that is not one is not locked, which would write into it.
    folder.keyset()?;
    let identity_path = folder.identity_path();
    if !identity_path.exists() {
        let reason = "is not here, and only it signs the new key set: bring it back for this command, \
                      then take it away again";
        return Err(RingError::new(&identity_path, reason));
    }
    let _held = folder.lock()?;
    let identity = folder.identity_key()?;
    let old = folder.keyset()?;
    let mut published = old.keys().iter().cloned();
    let (current, announced) = (published.next(), published.next());
    let keys = match (step, announced) {
        (Step::Announce, Some(next)) => {
            let kid = next.kid.unwrap_or_default();
            let reason = format!("announces {kid} already: `keys rotate` makes it current");
            return Err(RingError::new(&folder.keyset_path(), reason));
        }
        (Step::Announce, None) => current.into_iter().chain([make(&folder)?]).collect(),
        (Step::Rotate, Some(next)) => [next].into_iter().chain(published).collect(),
        (Step::Rotate, None) => vec![make(&folder)?],
    };
    let changed = match step {
        Step::Announce => keys.last(),
        Step::Rotate => keys.first(),
    };
    let kid = changed.and_then(|key| key.kid.clone()).unwrap_or_default();
    let (issuer, seq) = (old.issuer(), old.seq() + 1);
    let signed = SignedKeyset::sign(&identity, issuer, seq, keys, clock::seconds());
    let signed = folder.at_dir(signed)?;
    let path = folder.keyset_path();
    files::replace(&path, signed.jws.as_bytes()).map_err(|error| RingError::new(&path, error))?;
    Ok(kid)
}

fn make(folder: &Folder) -> Result<keyseal::envelope::Jwk, RingError> {
    let pem = folder.at_dir(keys::generate())?;
    let key = folder.at_dir(UnwrapKey::from_pem(pem.as_bytes()))?;
    let jwk = key.jwk().clone();
    let kid = jwk.kid.as_deref().unwrap_or_default();
    folder.create(&folder.key_path(kid), pem.as_bytes())?;
    Ok(jwk)
}
