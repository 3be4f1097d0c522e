//! The end of an old key: first nothing new is taken under it, then its file goes.

use std::path::Path;

use super::{RingError, folder::Folder};
use crate::files;

/// A key under which nothing new is taken any more, on every replica that follows the folder.
pub struct Retirement {
    folder: Folder,
    kid: String,
}

/// Ends acceptance of what is sealed to `kid`. What is stored under it still opens. Never of a published
/// key. Again after it was begun, or after it was killed, it goes on.
pub fn retire(keys_dir: &Path, kid: &str) -> Result<Retirement, RingError> {
    let retirement = Retirement {
        folder: Folder::existing(keys_dir),
        kid: kid.to_owned(),
    };
    let folder = &retirement.folder;
    retirement.is_old()?;
    let (key, mark) = (folder.key_path(kid), folder.retiring_path(kid));
    let _held = folder.lock()?;
    let listed = folder.unwrap_keys()?;
    if !listed.contains_key(kid) && !folder.retiring()?.contains(kid) {
        return Err(RingError::new(
            &key,
            "is not here: `keys list` names those that are",
        ));
    }
    files::create_once(&mark, b"").map_err(|error| RingError::new(&mark, error))?;
    Ok(retirement)
}

/// Takes a retirement back that was begun and is not finished.
pub fn keep(keys_dir: &Path, kid: &str) -> Result<(), RingError> {
    let folder = Folder::existing(keys_dir);
    let mark = folder.retiring_path(kid);
    let _held = folder.lock()?;
    let is_here = folder.unwrap_keys()?.contains_key(kid);
    if !is_here || !folder.retiring()?.contains(kid) {
        return Err(RingError::new(
            &mark,
            "is not here: no retirement of that key was begun, or it is finished",
        ));
    }
    files::remove(&mark).map_err(|error| RingError::new(&mark, error))?;
    Ok(())
}

impl Retirement {
    /// Removes the private key. What is sealed to it opens nowhere any more.
    pub fn finish(self) -> Result<(), RingError> {
        let _held = self.folder.lock()?;
        self.is_old()?;
        // The mark last: until then the command can be given again.
        for path in [
            self.folder.key_path(&self.kid),
            self.folder.retiring_path(&self.kid),
        ] {
            files::remove(&path).map_err(|error| RingError::new(&path, error))?;
        }
        Ok(())
    }

    fn is_old(&self) -> Result<(), RingError> {
        let keyset = self.folder.keyset()?;
        let named = |key: &keyseal::envelope::Jwk| key.kid.as_deref() == Some(&*self.kid);
        let Some(place) = keyset.keys().iter().position(named) else {
            return Ok(());
        };
        let what = if place == 0 { "current" } else { "announced" };
        let reason = format!("is the {what} key: `keys rotate` first makes another one current");
        Err(RingError::new(&self.folder.key_path(&self.kid), reason))
    }
}
