//! `keys_dir`: `identity.pem`, `key-<kid>.pem` for each key, `keyset.jws`. Private files are 0600.

use std::{
    collections::{HashMap, HashSet},
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use keyseal::envelope::Jwk;
use zeroize::Zeroizing;

use super::{
    RingError,
    keys::{self, IdentityKey, UnwrapKey},
    keyset::SignedKeyset,
};
use crate::{clock, config::secret, files};

/// Tells whether the folder changed: names of its files, where they stand on the disk, and when that
/// was last changed, in nanoseconds.
pub type Fingerprint = Vec<(String, u64, i128)>;

/// The folder.
pub struct Folder {
    dir: PathBuf,
}

impl Folder {
    /// Opens it; made at first start. A folder that anyone may write to is refused.
    pub fn open(dir: &Path) -> Result<Self, RingError> {
        let fail = |reason: String| RingError::new(dir, reason);
        files::make_private_dir(dir).map_err(|error| fail(error.to_string()))?;
        let meta = fs::metadata(dir).map_err(|error| fail(error.to_string()))?;
        // Mounted secrets stand in folders that others may list; the files in them are checked alone.
        let (others_write, sticky) = (meta.mode() & 0o002 != 0, meta.mode() & 0o1000 != 0);
        if others_write && !sticky {
            return Err(fail("may be written by every user: chmod 700 it".into()));
        }
        Ok(Self {
            dir: dir.to_owned(),
        })
    }

    /// One that was made before.
    pub fn existing(dir: &Path) -> Self {
        Self {
            dir: dir.to_owned(),
        }
    }

    /// The key set's file.
    pub fn keyset_path(&self) -> PathBuf {
        self.dir.join("keyset.jws")
    }

    /// A key's file.
    pub fn key_path(&self, kid: &str) -> PathBuf {
        self.dir.join(format!("key-{kid}.pem"))
    }

    /// Says of a key that nothing new is taken under it.
    pub(super) fn retiring_path(&self, kid: &str) -> PathBuf {
        self.dir.join(format!("key-{kid}.retiring"))
    }

    pub(super) fn identity_path(&self) -> PathBuf {
        self.dir.join("identity.pem")
    }

    /// At first start: an identity, a key, a key set. Of several first starts one makes them. Where
    /// `public_url` changed, or the key set soon expires, it is signed again.
    pub fn make_missing(&self, issuer: &str) -> Result<(), RingError> {
        if self.keyset_path().exists() {
            return self.keep_signed(issuer);
        }
        let _held = self.lock()?;
        if self.keyset_path().exists() {
            return Ok(());
        }
        let begun = self.begin_first_start()?;
        let identity_pem = self.at_dir(keys::generate())?;
        self.create(&self.identity_path(), identity_pem.as_bytes())?;
        let identity = self.identity_key()?;
        let pem = self.at_dir(keys::generate())?;
        let jwk = self
            .at_dir(UnwrapKey::from_pem(pem.as_bytes()))?
            .jwk()
            .clone();
        let kid = jwk.kid.clone().unwrap_or_default();
        self.create(&self.key_path(&kid), pem.as_bytes())?;
        let signed = SignedKeyset::sign(&identity, issuer, 1, vec![jwk], clock::seconds());
        let signed = self.at_dir(signed)?;
        self.create(&self.keyset_path(), signed.jws.as_bytes())?;
        fs::remove_file(&begun).map_err(|error| RingError::new(&begun, error))?;
        tracing::info!(keys_dir = %self.dir.display(), kid, "made the companion's first keys");
        Ok(())
    }

    /// Signs again where that is needed. Where nothing is, nothing is written: the folder may be
    /// mounted read-only.
    fn keep_signed(&self, issuer: &str) -> Result<(), RingError> {
        let keyset = self.keyset()?;
        let now = clock::seconds();
        let good = keyset.issuer() == issuer && now < keyset.exp();
        if good && !keyset.is_due(now) {
            return Ok(());
        }
        match self.sign_again(issuer) {
            // Still good for some days; the log repeats it until somebody signs.
            Err(error) if good => {
                tracing::warn!(%error, "the key set was not signed again");
                Ok(())
            }
            signed => signed,
        }
    }

    /// Signs the same keys again under the next number. Where the identity is kept elsewhere, the
    /// operator has to.
    pub fn sign_again(&self, issuer: &str) -> Result<(), RingError> {
        if !self.identity_path().exists() {
            return Err(RingError::new(
                &self.keyset_path(),
                "has to be signed again (it expires within 30 days, or public_url changed), and identity.pem is not here",
            ));
        }
        let _held = self.lock()?;
        let old = self.keyset()?;
        if old.issuer() == issuer && !old.is_due(clock::seconds()) {
            return Ok(());
        }
        let identity = self.identity_key()?;
        let keys = old.keys().to_vec();
        let signed = SignedKeyset::sign(&identity, issuer, old.seq() + 1, keys, clock::seconds());
        let signed = self.at_dir(signed)?;
        let path = self.keyset_path();
        files::replace(&path, signed.jws.as_bytes()).map_err(|e| RingError::new(&path, e))?;
        tracing::info!(seq = signed.seq(), "signed the key set again");
        Ok(())
    }

    /// The key set, checked against the identity.
    pub fn keyset(&self) -> Result<SignedKeyset, RingError> {
        let path = self.keyset_path();
        let jws = fs::read_to_string(&path).map_err(|error| RingError::new(&path, error))?;
        let identity = self.identity()?;
        SignedKeyset::read(identity, jws.trim()).map_err(|reason| RingError::new(&path, reason))
    }

    /// Every key that opens, by its thumbprint.
    pub fn unwrap_keys(&self) -> Result<HashMap<String, UnwrapKey>, RingError> {
        let mut keys = HashMap::new();
        for (name, _, _) in self.fingerprint()? {
            let Some(named) = key_name(&name) else {
                continue;
            };
            let path = self.dir.join(&name);
            let key = UnwrapKey::from_pem(&read_private(&path)?)
                .map_err(|reason| RingError::new(&path, reason))?;
            let kid = key.jwk().kid.clone().unwrap_or_default();
            if kid != named {
                return Err(RingError::new(
                    &path,
                    format!("is the key {kid}: rename it"),
                ));
            }
            keys.insert(kid, key);
        }
        Ok(keys)
    }

    /// The keys under which nothing new is taken.
    pub fn retiring(&self) -> Result<HashSet<String>, RingError> {
        let files = self.fingerprint()?;
        let kids = files.iter().filter_map(|(name, _, _)| retiring_name(name));
        Ok(kids.map(str::to_owned).collect())
    }

    /// What to compare to see a change.
    pub fn fingerprint(&self) -> Result<Fingerprint, RingError> {
        let fail = |error: std::io::Error| RingError::new(&self.dir, error);
        let mut found = Fingerprint::new();
        for file in fs::read_dir(&self.dir).map_err(fail)? {
            let file = file.map_err(fail)?;
            let name = file.file_name().to_string_lossy().into_owned();
            let ours = key_name(&name).is_some()
                || retiring_name(&name).is_some()
                || name.starts_with("identity.")
                || name == "keyset.jws";
            // Through a link, as mounted secrets have them. What was removed meanwhile is not there.
            let Some(meta) = ours.then(|| fs::metadata(file.path()).ok()).flatten() else {
                continue;
            };
            let changed = i128::from(meta.ctime()) * 1_000_000_000 + i128::from(meta.ctime_nsec());
            found.push((name, meta.ino(), changed));
        }
        found.sort();
        Ok(found)
    }

    /// The public half of the identity: of `identity.pem`, or alone in `identity.jwk` where the
    /// private one is kept offline.
    fn identity(&self) -> Result<Jwk, RingError> {
        let public = self.dir.join("identity.jwk");
        if self.identity_path().exists() || !public.exists() {
            return Ok(self.identity_key()?.jwk().clone());
        }
        let text = fs::read(&public).map_err(|error| RingError::new(&public, error))?;
        serde_json::from_slice(&text).map_err(|error| RingError::new(&public, error))
    }

    pub(super) fn identity_key(&self) -> Result<IdentityKey, RingError> {
        let path = self.identity_path();
        IdentityKey::from_pem(&read_private(&path)?).map_err(|reason| RingError::new(&path, reason))
    }

    /// Keys without a key set are what is left of a folder that was lost in part: new keys beside
    /// them would hide that every browser has pinned another identity. Only where a first start was
    /// interrupted are they removed; nothing was published then.
    fn begin_first_start(&self) -> Result<PathBuf, RingError> {
        let mark = self.dir.join(".first-start");
        let interrupted = mark.exists();
        for (name, _, _) in self.fingerprint()? {
            let path = self.dir.join(&name);
            if !interrupted {
                let reason =
                    "is here but keyset.jws is not: restore it from a backup, or empty the folder";
                return Err(RingError::new(&path, reason));
            }
            fs::remove_file(&path).map_err(|error| RingError::new(&path, error))?;
        }
        files::replace(&mark, b"").map_err(|error| RingError::new(&mark, error))?;
        Ok(mark)
    }

    /// Holds the folder. What an interrupted command left aside goes: a private key could be in it.
    pub(super) fn lock(&self) -> Result<fs::File, RingError> {
        let fail = |error: std::io::Error| RingError::new(&self.dir, error);
        let held = files::lock_dir(&self.dir).map_err(fail)?;
        files::remove_aside(&self.dir, &["identity.", "key-", "keyset."]).map_err(fail)?;
        Ok(held)
    }

    pub(super) fn create(&self, path: &Path, bytes: &[u8]) -> Result<(), RingError> {
        match files::create_once(path, bytes) {
            Ok(true) => Ok(()),
            Ok(false) => Err(RingError::new(
                path,
                "was made by another process meanwhile",
            )),
            Err(error) => Err(RingError::new(path, error)),
        }
    }

    pub(super) fn at_dir<T>(&self, made: Result<T, &'static str>) -> Result<T, RingError> {
        made.map_err(|reason| RingError::new(&self.dir, reason))
    }
}

/// `key-<kid>.pem`
fn key_name(file: &str) -> Option<&str> {
    file.strip_prefix("key-")?.strip_suffix(".pem")
}

/// `key-<kid>.retiring`
fn retiring_name(file: &str) -> Option<&str> {
    file.strip_prefix("key-")?.strip_suffix(".retiring")
}

fn read_private(path: &Path) -> Result<Zeroizing<Vec<u8>>, RingError> {
    secret::check_mode(path).map_err(|reason| RingError::new(path, reason))?;
    let bytes = fs::read(path).map_err(|error| RingError::new(path, error))?;
    Ok(Zeroizing::new(bytes))
}
