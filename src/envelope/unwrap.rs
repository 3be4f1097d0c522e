//! The private half of RSA-OAEP-256, given by whoever holds the keys.

use zeroize::Zeroizing;

use super::cipher::{ContentKey, random};
use super::error::OpenError;

/// Unwraps content keys. The library never holds a private key: the companion does this with a
/// constant-time implementation.
pub trait Unwrap {
    /// Whether there is a key of that name.
    fn knows(&self, kid: &str) -> bool;

    /// RSA-OAEP-256 decryption of `encrypted_key` (RFC 8017 section 7.1.2; SHA-256, MGF1 with
    /// SHA-256, empty label) with the key named `kid`; `None` on any failure.
    fn unwrap_key(&self, kid: &str, encrypted_key: &[u8]) -> Option<Zeroizing<Vec<u8>>>;
}

/// Unwraps the content key of a message. Where that fails a random one takes its place, so that
/// a bad `encrypted_key` and a bad tag do the same work and end in the same way (RFC 7516
/// section 11.5).
pub(super) fn content_key(
    unwrap: &dyn Unwrap,
    kid: &str,
    encrypted_key: &[u8],
) -> Result<ContentKey, OpenError> {
    if !unwrap.knows(kid) {
        return Err(OpenError::UnknownKid);
    }
    let mut key = Zeroizing::new(random::<32>().map_err(|_| OpenError::Refused)?);
    if let Some(unwrapped) = unwrap.unwrap_key(kid, encrypted_key)
        && unwrapped.len() == key.len()
    {
        key.copy_from_slice(&unwrapped);
    }
    Ok(ContentKey::new(&key))
}
