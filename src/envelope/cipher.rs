//! A256GCM content encryption (RFC 7518 section 5.3): 256-bit key, 96-bit IV, 128-bit tag, the
//! encoded protected header as associated data.

use keyseal_primitives::Aes256Gcm;
use zeroize::Zeroizing;

use super::error::SealError;

/// Bytes of an initialisation vector.
pub(super) const IV_BYTES: usize = 12;
/// Bytes of a tag.
pub(super) const TAG_BYTES: usize = 16;

/// Random bytes from the platform.
///
/// # Errors
/// [`SealError::Random`] where the platform has none.
///
/// ```
/// let one: [u8; 16] = keyseal::envelope::random()?;
/// assert_ne!(one, keyseal::envelope::random()?);
/// # Ok::<(), keyseal::envelope::SealError>(())
/// ```
pub fn random<const N: usize>() -> Result<[u8; N], SealError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| SealError::Random)?;
    Ok(bytes)
}

/// Random bytes that go out in the clear: initialisation vectors and the ids of single messages.
///
/// # Errors
/// As [`random`].
pub(crate) fn nonce<const N: usize>() -> Result<[u8; N], SealError> {
    #[cfg(target_arch = "wasm32")]
    return supply::draw();
    #[cfg(not(target_arch = "wasm32"))]
    return random();
}

/// In the browser a call for random bytes costs as much as encrypting a request, so that those
/// which are no secret are fetched some at a time. Each is given out once.
#[cfg(target_arch = "wasm32")]
mod supply {
    use std::cell::Cell;

    use super::{SealError, random};

    const SUPPLY: usize = 256;

    thread_local! {
        static BYTES: Cell<([u8; SUPPLY], usize)> = const { Cell::new(([0; SUPPLY], SUPPLY)) };
    }

    pub(super) fn draw<const N: usize>() -> Result<[u8; N], SealError> {
        const { assert!(N <= SUPPLY) };
        let (mut bytes, mut used) = BYTES.get();
        if used + N > SUPPLY {
            (bytes, used) = (random()?, 0);
        }
        let mut drawn = [0; N];
        drawn.copy_from_slice(&bytes[used..used + N]);
        BYTES.set((bytes, used + N));
        Ok(drawn)
    }
}

/// A 256-bit content encryption key, expanded once and zeroed on drop.
pub struct ContentKey(Aes256Gcm);

/// What comes of sealing.
pub(super) struct Sealed {
    pub iv: [u8; IV_BYTES],
    pub ciphertext: Vec<u8>,
    pub tag: [u8; TAG_BYTES],
}

impl ContentKey {
    /// Expands `key`.
    ///
    /// ```
    /// use keyseal::envelope::{ContentKey, random};
    ///
    /// let key = ContentKey::new(&random()?);
    /// # Ok::<(), keyseal::envelope::SealError>(())
    /// ```
    #[must_use]
    pub fn new(key: &[u8; 32]) -> Self {
        Self(Aes256Gcm::new(key))
    }

    /// Encrypts in the buffer that holds the plaintext, so that no second copy of it is made.
    pub(super) fn seal(&self, aad: &[u8], mut plaintext: Vec<u8>) -> Result<Sealed, SealError> {
        let iv = nonce()?;
        let tag = self
            .0
            .encrypt(&iv, aad, &mut plaintext)
            .ok_or(SealError::Cipher)?;
        Ok(Sealed {
            iv,
            ciphertext: plaintext,
            tag,
        })
    }

    /// Decrypts, or nothing.
    pub(super) fn open(
        &self,
        aad: &[u8],
        iv: &[u8; IV_BYTES],
        ciphertext: &[u8],
        tag: &[u8; TAG_BYTES],
    ) -> Option<Zeroizing<Vec<u8>>> {
        let mut plaintext = Zeroizing::new(ciphertext.to_vec());
        self.0
            .decrypt(iv, aad, &mut plaintext, tag)
            .then_some(plaintext)
    }
}
