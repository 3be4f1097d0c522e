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
        let tag = self.encrypt_in_place(iv, aad, buffer);
        wipe_stack();
        tag
    }

    /// Decrypts in place and says whether the tag fits; where it does not, the buffer is untouched.
    #[must_use]
    #[inline(never)]
    pub fn decrypt(&self, iv: &[u8; 12], aad: &[u8], buffer: &mut [u8], tag: &[u8; 16]) -> bool {
        let fits = self.decrypt_in_place(iv, aad, buffer, tag);
        wipe_stack();
        fits
    }

    #[inline(never)]
    fn encrypt_in_place(&self, iv: &[u8; 12], aad: &[u8], buffer: &mut [u8]) -> Option<[u8; 16]> {
        self.0
            .encrypt_inout_detached(&Nonce::from(*iv), aad, buffer.into())
            .ok()
            .map(Into::into)
    }

    #[inline(never)]
    fn decrypt_in_place(
        &self,
        iv: &[u8; 12],
        aad: &[u8],
        buffer: &mut [u8],
        tag: &[u8; 16],
    ) -> bool {
        self.0
            .decrypt_inout_detached(&Nonce::from(*iv), aad, buffer.into(), &Tag::from(*tag))
            .is_ok()
    }
}

/// Overwrites the part of the stack that the call before this one used. Counter mode works on
/// copies of four blocks there, and the first four hold most of a provider's key: in wasm they
/// would stay until something else happens to lie there.
#[inline(never)]
fn wipe_stack() {
    let mut area = [0_u64; 1024];
    core::hint::black_box(&mut area);
}
