//! AES-256-GCM (NIST SP 800-38D) with a 96-bit IV and a 128-bit tag.

use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::{Nonce, Tag};

/// An expanded AES-256-GCM key, zeroed on drop.
pub struct Aes256Gcm(aes_gcm::Aes256Gcm);

impl Aes256Gcm {
    /// Expands `key`.
    #[must_use]
    #[inline(never)]
    pub fn new(key: &[u8; 32]) -> Self {
        Self(aes_gcm::Aes256Gcm::new(key.into()))
    }

    /// Encrypts in place and returns the tag; nothing where the buffer is longer than GCM allows.
    #[must_use]
    #[inline(never)]
    pub fn encrypt(&self, iv: &[u8; 12], aad: &[u8], buffer: &mut [u8]) -> Option<[u8; 16]> {
        self.0
            .encrypt_inout_detached(&Nonce::from(*iv), aad, buffer.into())
            .ok()
            .map(Into::into)
    }

    /// Decrypts in place and says whether the tag fits; where it does not, the buffer is untouched.
    #[must_use]
    #[inline(never)]
    pub fn decrypt(&self, iv: &[u8; 12], aad: &[u8], buffer: &mut [u8], tag: &[u8; 16]) -> bool {
        self.0
            .decrypt_inout_detached(&Nonce::from(*iv), aad, buffer.into(), &Tag::from(*tag))
            .is_ok()
    }
}
