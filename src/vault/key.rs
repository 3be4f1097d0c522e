//! The vault key.

use zeroize::Zeroizing;

use super::TYP_SLOT;
use crate::envelope::{Alg, CompactJwe, ContentKey, Header, SealError, random};

/// The random AES-256 key that encrypts a vault's entries, and what it expands to; both are zeroed
/// on drop.
pub struct VaultKey {
    bytes: Zeroizing<[u8; 32]>,
    cipher: ContentKey,
}

impl VaultKey {
    /// A new one.
    ///
    /// # Errors
    /// [`SealError::Random`].
    ///
    /// ```
    /// use keyseal::vault::VaultKey;
    ///
    /// let key = VaultKey::generate()?; // never shown: it is only wrapped, and used
    /// # Ok::<(), keyseal::envelope::SealError>(())
    /// ```
    pub fn generate() -> Result<Self, SealError> {
        Ok(Self::new(Zeroizing::new(random()?)))
    }

    pub(super) fn new(bytes: Zeroizing<[u8; 32]>) -> Self {
        Self {
            cipher: ContentKey::new(&bytes),
            bytes,
        }
    }

    #[cfg(any(
        test,
        all(feature = "core", any(feature = "relay", target_arch = "wasm32"))
    ))]
    pub(super) fn bytes(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// This key as a compact JWE (`dir`) under `key`, whose name is `kid`.
    pub(super) fn wrap(&self, key: &ContentKey, kid: &str) -> Result<String, SealError> {
        let header = Header {
            alg: Alg::Dir,
            typ: TYP_SLOT,
            kid: kid.to_owned(),
            rid: None,
        };
        CompactJwe::seal(&header, &[], key, self.bytes.to_vec())
    }

    /// The key out of what [`VaultKey::wrap`] made.
    pub(super) fn unwrap(wrapped: &str, key: &ContentKey, kid: &str) -> Option<Self> {
        CompactJwe::parse(wrapped, Alg::Dir, TYP_SLOT, false)
            .ok()
            .filter(|jwe| jwe.header.kid == kid)
            .and_then(|jwe| jwe.open(key))
            .and_then(|bytes| Some(Self::new(Zeroizing::new(bytes.as_slice().try_into().ok()?))))
    }

    pub(super) fn cipher(&self) -> &ContentKey {
        &self.cipher
    }
}
