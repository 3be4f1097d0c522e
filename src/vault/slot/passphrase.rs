//! The passphrase slot: its secret is Argon2id (RFC 9106) of the passphrase.

use argon2::{Algorithm, Argon2, Params, Version};
use zeroize::Zeroizing;

use crate::envelope::{
    Object, ObjectWriter, SealError, decode_base64url, encode_base64url, random,
};
use crate::vault::VaultError;

/// The least, and the default: 64 MiB, 3 passes, 1 lane.
const LEAST: (u32, u32, u32) = (64 * 1024, 3, 1);
/// The most: 1 GiB, 10 passes, 4 lanes. More would only stop whoever opens it.
const MOST: (u32, u32, u32) = (1024 * 1024, 10, 4);
/// The fewest characters of a new passphrase: what NIST SP 800-63B asks of one that a person chooses.
const LEAST_CHARACTERS: usize = 8;

/// How a passphrase is stretched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretching {
    salt: [u8; 32],
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl Stretching {
    /// The default strength, with a salt of its own.
    ///
    /// # Errors
    /// [`SealError::Random`].
    ///
    /// ```
    /// use keyseal::vault::slot::Stretching;
    ///
    /// assert_ne!(Stretching::new()?, Stretching::new()?); // each with its own salt
    /// # Ok::<(), keyseal::envelope::SealError>(())
    /// ```
    pub fn new() -> Result<Self, SealError> {
        let (memory_kib, passes, lanes) = LEAST;
        Ok(Self {
            salt: random()?,
            memory_kib,
            passes,
            lanes,
        })
    }

    /// Whether a new passphrase has as many characters as it needs.
    ///
    /// # Errors
    /// [`VaultError::ShortPassphrase`].
    ///
    /// ```
    /// use keyseal::vault::slot::Stretching;
    ///
    /// assert!(Stretching::long_enough("correct horse").is_ok());
    /// assert!(Stretching::long_enough("horse").is_err());
    /// ```
    pub fn long_enough(passphrase: &str) -> Result<(), VaultError> {
        match passphrase.chars().count() {
            0..LEAST_CHARACTERS => Err(VaultError::ShortPassphrase),
            _ => Ok(()),
        }
    }

    /// A new passphrase, stretched: how, and the slot's secret.
    ///
    /// # Errors
    /// [`VaultError::ShortPassphrase`], before any work; otherwise as [`Stretching::new`] and
    /// [`Stretching::secret`].
    ///
    /// ```
    /// use keyseal::vault::{VaultError, slot::Stretching};
    ///
    /// let (stretching, secret) = Stretching::of_new("correct horse battery staple")?;
    /// assert_eq!(secret, stretching.secret("correct horse battery staple")?);
    /// assert_eq!(Stretching::of_new("abc").err(), Some(VaultError::ShortPassphrase));
    /// # Ok::<(), VaultError>(())
    /// ```
    pub fn of_new(passphrase: &str) -> Result<(Self, Zeroizing<[u8; 32]>), VaultError> {
        Self::long_enough(passphrase)?;
        let stretching = Self::new()?;
        let secret = stretching.secret(passphrase)?;
        Ok((stretching, secret))
    }

    /// The slot's secret. Takes about as long as the strength says.
    ///
    /// # Errors
    /// [`VaultError::WeakSlot`], before any work, where the strength is outside the bounds:
    /// somebody changed the record. [`VaultError::OutOfMemory`].
    ///
    /// ```
    /// use keyseal::vault::slot::Stretching;
    ///
    /// let stretching = Stretching::new()?;
    /// let secret = stretching.secret("correct horse battery staple")?;
    /// assert_eq!(secret, stretching.secret("correct horse battery staple")?);
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    pub fn secret(&self, passphrase: &str) -> Result<Zeroizing<[u8; 32]>, VaultError> {
        if !self.is_sound() {
            return Err(VaultError::WeakSlot);
        }
        let strength = (self.memory_kib, self.passes, self.lanes);
        stretch(passphrase.as_bytes(), &self.salt, strength).ok_or(VaultError::OutOfMemory)
    }

    fn is_sound(&self) -> bool {
        (LEAST.0..=MOST.0).contains(&self.memory_kib)
            && (LEAST.1..=MOST.1).contains(&self.passes)
            && (LEAST.2..=MOST.2).contains(&self.lanes)
    }

    pub(super) fn parameters(&self) -> String {
        let Self {
            memory_kib,
            passes,
            lanes,
            salt,
        } = self;
        format!(
            "argon2id,m={memory_kib},t={passes},p={lanes},{}",
            encode_base64url(salt)
        )
    }

    pub(super) fn to_json(&self) -> String {
        ObjectWriter::new(128)
            .text("salt", &encode_base64url(&self.salt))
            .integer("memoryKib", self.memory_kib.into())
            .integer("passes", self.passes.into())
            .integer("lanes", self.lanes.into())
            .end_text()
    }

    pub(in crate::vault) fn from_object(object: &mut Object) -> Option<Self> {
        let salt = decode_base64url(&object.text("salt")?)?.try_into().ok()?;
        let mut number = |name| u32::try_from(object.integer(name)?).ok();
        Some(Self {
            salt,
            memory_kib: number("memoryKib")?,
            passes: number("passes")?,
            lanes: number("lanes")?,
        })
    }
}

/// Argon2id, version 1.3, to 32 bytes; nothing where there is not enough memory. `strength` is memory
/// in KiB, passes and lanes.
pub(super) fn stretch(
    passphrase: &[u8],
    salt: &[u8],
    (memory_kib, passes, lanes): (u32, u32, u32),
) -> Option<Zeroizing<[u8; 32]>> {
    let mut secret = Zeroizing::new([0; 32]);
    let params = Params::new(memory_kib, passes, lanes, Some(secret.len())).ok()?;
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase, salt, &mut *secret)
        .ok()?;
    Some(secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strength_outside_the_bounds_is_refused_before_any_work() {
        let good = Stretching::new().unwrap();
        for bad in [
            Stretching {
                memory_kib: 32 * 1024,
                ..good.clone()
            },
            Stretching {
                memory_kib: u32::MAX,
                ..good.clone()
            },
            Stretching {
                passes: 2,
                ..good.clone()
            },
            Stretching {
                passes: u32::MAX,
                ..good.clone()
            },
            Stretching {
                lanes: 0,
                ..good.clone()
            },
            Stretching {
                lanes: 5,
                ..good.clone()
            },
        ] {
            assert_eq!(bad.secret("p"), Err(VaultError::WeakSlot), "{bad:?}");
        }
    }

    #[test]
    fn a_new_passphrase_has_eight_characters_at_least_and_an_old_one_may_have_less() {
        for short in ["", "1234567", "äöüäöüä"] {
            let refused = Stretching::of_new(short).err();
            assert_eq!(refused, Some(VaultError::ShortPassphrase), "{short}");
        }
        let (stretching, secret) = Stretching::of_new("äöüäöüäö").unwrap();
        assert_eq!(stretching.secret("äöüäöüäö"), Ok(secret));
        assert!(stretching.secret("1234567").is_ok());
    }

    #[test]
    fn a_passphrase_gives_the_same_secret_under_the_same_salt_alone() {
        let one = Stretching::new().unwrap();
        assert_eq!(one.secret("correct horse"), one.secret("correct horse"));
        assert_ne!(one.secret("correct horse"), one.secret("correct horsf"));
        assert_ne!(
            one.secret("correct horse"),
            Stretching::new().unwrap().secret("correct horse")
        );
    }
}
