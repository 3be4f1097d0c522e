//! Secrets that come as files, and the reasons not to start with one.

use std::{fmt, fs, os::unix::fs::PermissionsExt, path::Path};

use zeroize::Zeroizing;

use super::ConfigError;

/// A secret out of a file: raw bytes, a trailing newline cut; zeroed on drop, never printed.
#[derive(Clone)]
pub struct SecretFile(Zeroizing<Vec<u8>>);

/// Values that were printed in documentation somewhere, so that anyone knows them.
const PUBLISHED: [&str; 12] = [
    "changeme",
    "change-me",
    "change_me",
    "change me",
    "your-256-bit-secret",
    "your-secret",
    "your_secret",
    "a-string-secret-at-least-256-bits-long",
    "supersecret",
    "default",
    "example",
    "placeholder",
];

impl SecretFile {
    /// Reads a secret of at least `least` bytes; `what` is said where it is refused.
    pub fn read(what: impl Into<String>, path: &Path, least: usize) -> Result<Self, ConfigError> {
        let what = what.into();
        let refuse = |reason: String| ConfigError::Secret {
            what: what.clone(),
            path: path.to_owned(),
            reason,
        };
        check_mode(path).map_err(refuse)?;
        let mut bytes = Zeroizing::new(
            fs::read(path).map_err(|error| refuse(format!("cannot be read: {error}")))?,
        );
        while matches!(bytes.last(), Some(b'\n' | b'\r')) {
            bytes.pop();
        }
        weakness(&bytes, least).map_or(Ok(Self(bytes)), |reason| Err(refuse(reason)))
    }

    /// The bytes, for the one place that needs them.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SecretFile {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("[redacted]")
    }
}

/// Why a file must not be trusted: not there, no file, or open to every user of the machine.
pub fn check_mode(path: &Path) -> Result<(), String> {
    let meta = fs::metadata(path).map_err(|error| format!("cannot be read: {error}"))?;
    if !meta.is_file() {
        return Err("is not a file".into());
    }
    let mode = meta.permissions().mode() & 0o777;
    if mode & 0o007 != 0 {
        return Err(format!(
            "is open to every user (mode {mode:04o}): chmod 600 it"
        ));
    }
    Ok(())
}

fn weakness(bytes: &[u8], least: usize) -> Option<String> {
    if bytes.is_empty() {
        return Some("is empty".into());
    }
    let text = String::from_utf8_lossy(bytes).to_ascii_lowercase();
    if PUBLISHED.iter().any(|known| text.contains(known)) {
        return Some(
            "is a default that anyone knows: make a random one, as with `openssl rand -hex 32`"
                .into(),
        );
    }
    if bytes.len() < least {
        return Some(format!("holds {} bytes, {least} are needed", bytes.len()));
    }
    let mut seen = [false; 256];
    bytes
        .iter()
        .for_each(|byte| seen[usize::from(*byte)] = true);
    let distinct = seen.iter().filter(|seen| **seen).count();
    (distinct < 8).then(|| {
        "repeats a few characters: make a random one, as with `openssl rand -hex 32`".into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], mode: u32) -> Result<SecretFile, String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        fs::write(&path, bytes).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        SecretFile::read("the secret", &path, 32).map_err(|error| error.to_string())
    }

    const GOOD: &[u8] = b"0f1e2d3c4b5a69788796a5b4c3d2e1f0\n";

    #[test]
    fn a_good_secret_is_read_without_its_newline() {
        assert_eq!(read(GOOD, 0o600).unwrap().expose(), &GOOD[..32]);
    }

    #[test]
    fn weak_secrets_are_refused_and_say_why() {
        for (bytes, mode, word) in [
            (&b""[..], 0o600, "empty"),
            (b"\n", 0o600, "empty"),
            (b"short", 0o600, "32 are needed"),
            (b"changeme-changeme-changeme-changeme", 0o600, "default"),
            (b"a-string-secret-at-least-256-bits-long", 0o600, "default"),
            (&[b'a'; 64], 0o600, "repeats"),
            (GOOD, 0o644, "open to every user"),
            (GOOD, 0o604, "open to every user"),
        ] {
            let refusal = read(bytes, mode).expect_err(word);
            assert!(refusal.contains(word), "{refusal}");
            assert!(refusal.contains("the secret"), "{refusal}");
        }
    }

    #[test]
    fn a_missing_file_is_named() {
        let refusal = SecretFile::read("the secret", Path::new("/nowhere/at/all"), 32);
        assert!(refusal.unwrap_err().to_string().contains("/nowhere/at/all"));
    }

    #[test]
    fn a_secret_never_prints() {
        assert_eq!(format!("{:?}", read(GOOD, 0o600).unwrap()), "[redacted]");
    }
}
