//! The vault key.

use zeroize::Zeroizing;

use crate::envelope::{ContentKey, SealError, random};

/// The random AES-256 key that encrypts a vault's entries; zeroed on drop.
pub struct VaultKey(Zeroizing<[u8; 32]>);

impl VaultKey {
    /// A new one.
    ///
    /// # Errors
    /// [`SealError::Random`].
    pub fn generate() -> Result<Self, SealError> {
        Ok(Self(Zeroizing::new(random()?)))
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Some(Self(Zeroizing::new(bytes.try_into().ok()?)))
    }

    pub(super) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    pub(super) fn cipher(&self) -> ContentKey {
        ContentKey::new(&self.0)
    }
}
