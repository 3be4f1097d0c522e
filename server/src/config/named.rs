//! The files that the configuration names and the companion relies on, each looked at alone: for
//! `doctor`, which says of all of them what is wrong, and not of the first.

use std::path::{Path, PathBuf};

use super::{ConfigError, auth, check, file, secret::SecretFile};

/// One of them.
pub struct NamedFile {
    /// The key that names it.
    pub what: String,
    /// Where it is.
    pub path: PathBuf,
    /// What is wrong with it, if something is.
    pub fault: Option<String>,
}

/// Each file of a secret, and of a key that tokens are checked with.
///
/// # Errors
/// The configuration cannot be read at all.
pub fn named_files(file: Option<&Path>) -> Result<Vec<NamedFile>, ConfigError> {
    let raw = file::read(file, None)?;
    let mut named = Vec::new();
    let mut add = |what: String, path: &Path, fault: Option<ConfigError>| {
        let fault = fault.map(|error| match error {
            ConfigError::Secret { reason, .. } => reason,
            other => other.to_string(),
        });
        named.push(NamedFile {
            what,
            path: path.to_owned(),
            fault,
        });
    };
    if let Some(path) = &raw.auth.hs256_secret_file {
        let what = "auth.hs256_secret_file";
        add(what.into(), path, SecretFile::read(what, path, 32).err());
    }
    if let Some(path) = &raw.auth.public_key_file {
        let fault = auth::public_key(path).err();
        add("auth.public_key_file".into(), path, fault);
    }
    for (id, provider) in &raw.providers {
        if let Some(path) = &provider.platform_key_file {
            let what = format!("providers.{id}.platform_key_file");
            let fault = check::platform_key(what.clone(), path).err();
            add(what, path, fault);
        }
    }
    Ok(named)
}
