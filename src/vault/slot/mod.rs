//! Slots: ways to unlock the vault key.
//!
//! A slot turns a secret into a slot key and wraps the vault key with it. Slot key =
//! HKDF-SHA-256 (RFC 5869) of the secret under a salt of 32 random bytes, with
//! `keyseal-slot-v1` and the slot's parameters as info: 64 bytes, an AES-256 key and a commitment.
//! The commitment is compared first, so that a ciphertext made to open under two keys opens under
//! neither.

mod device;
mod passkey;
mod passphrase;
mod recovery;
#[cfg(test)]
mod vectors;

pub use device::{DEVICE_IV_BYTES, DeviceSecret};
pub use passkey::Passkey;
pub use passphrase::Stretching;
pub use recovery::RecoveryCode;

use hkdf::Hkdf;
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::error::VaultError;
use super::key::VaultKey;
use crate::envelope::{
    ContentKey, Object, ObjectWriter, SealError, decode_base64url, encode_base64url, random,
};

/// How a slot comes by its secret, with what it needs for that.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// A random secret under a key that this browser keeps and does not hand out.
    Device(DeviceSecret),
    /// A passphrase.
    Passphrase(Stretching),
    /// A passkey.
    Passkey(Passkey),
    /// A code on paper.
    Recovery,
}

/// A vault key, wrapped for one way to unlock it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    id: String,
    kind: Kind,
    salt: [u8; 32],
    commitment: [u8; 32],
    wrapped: String,
}

struct SlotKey {
    key: ContentKey,
    commitment: [u8; 32],
}

impl Slot {
    /// Wraps `vault_key` of the vault `vault` for whoever has `secret`.
    ///
    /// # Errors
    /// [`SealError`].
    ///
    /// ```
    /// # mod given { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/given.rs")); }
    /// # use given::*;
    /// let header = Header::new("identity")?;
    /// let key = VaultKey::generate()?;
    /// let slot = Slot::wrap(header.id(), device(), SECRET, &key)?;
    /// assert!(slot.unwrap(header.id(), SECRET).is_ok());
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    pub fn wrap(
        vault: &str,
        kind: Kind,
        secret: &[u8],
        vault_key: &VaultKey,
    ) -> Result<Self, SealError> {
        let id = encode_base64url(&random::<16>()?);
        let salt = random()?;
        let SlotKey { key, commitment } = derive(secret, &salt, vault, &id, &kind);
        let wrapped = vault_key.wrap(&key, &id)?;
        Ok(Self {
            id,
            kind,
            salt,
            commitment,
            wrapped,
        })
    }

    /// Unwraps the vault key.
    ///
    /// # Errors
    /// [`VaultError::WrongSecret`], also for a slot that was tampered with: the two cannot be told
    /// apart, and must not be.
    ///
    /// ```
    /// # mod given { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/given.rs")); }
    /// # use given::*;
    /// use keyseal::vault::VaultError;
    ///
    /// let header = Header::new("identity")?;
    /// let key = VaultKey::generate()?;
    /// let slot = Slot::wrap(header.id(), device(), SECRET, &key)?;
    /// assert!(slot.unwrap(header.id(), SECRET).is_ok());
    /// assert_eq!(slot.unwrap(header.id(), b"a guess").err(), Some(VaultError::WrongSecret));
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    pub fn unwrap(&self, vault: &str, secret: &[u8]) -> Result<VaultKey, VaultError> {
        let SlotKey { key, commitment } = derive(secret, &self.salt, vault, &self.id, &self.kind);
        if !bool::from(commitment.ct_eq(&self.commitment)) {
            return Err(VaultError::WrongSecret);
        }
        VaultKey::unwrap(&self.wrapped, &key, &self.id).ok_or(VaultError::WrongSecret)
    }

    /// The slot's id.
    ///
    /// ```
    /// # mod given { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/given.rs")); }
    /// # use given::*;
    /// let header = Header::new("identity")?;
    /// let key = VaultKey::generate()?;
    /// let slot = Slot::wrap(header.id(), device(), SECRET, &key)?;
    /// assert_eq!(slot.id().len(), 22); // 16 random bytes
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// How it comes by its secret.
    ///
    /// ```
    /// # mod given { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/given.rs")); }
    /// # use given::*;
    /// let header = Header::new("identity")?;
    /// let key = VaultKey::generate()?;
    /// let slot = Slot::wrap(header.id(), device(), SECRET, &key)?;
    /// assert_eq!(slot.kind(), &device());
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    #[must_use]
    pub fn kind(&self) -> &Kind {
        &self.kind
    }

    pub(super) fn to_json(&self) -> String {
        ObjectWriter::new(1024)
            .text("id", &self.id)
            .text("kind", self.kind.name())
            .raw("with", &self.kind.to_json())
            .text("salt", &encode_base64url(&self.salt))
            .text("commitment", &encode_base64url(&self.commitment))
            .text("wrapped", &self.wrapped)
            .end_text()
    }

    pub(super) fn from_object(mut object: Object) -> Option<Self> {
        let kind = Kind::from_object(&object.text("kind")?, object.object("with")?)?;
        let bytes = |text: String| decode_base64url(&text)?.try_into().ok();
        let slot = Self {
            id: object.text("id")?,
            kind,
            salt: object.text("salt").and_then(bytes)?,
            commitment: object.text("commitment").and_then(bytes)?,
            wrapped: object.text("wrapped")?,
        };
        object.end().then_some(slot)
    }
}

impl Kind {
    /// The kind's name, in records and in the derivation.
    ///
    /// ```
    /// # mod given { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/given.rs")); }
    /// # use given::*;
    /// assert_eq!(device().name(), "device");
    /// ```
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Device(_) => "device",
            Self::Passphrase(_) => "passphrase",
            Self::Passkey(_) => "passkey",
            Self::Recovery => "recovery",
        }
    }

    /// What of the kind goes into the derivation, beside its name: nothing can be weakened without
    /// the slot key changing with it.
    fn parameters(&self) -> String {
        match self {
            Self::Device(_) | Self::Recovery => String::new(),
            Self::Passphrase(stretching) => stretching.parameters(),
            Self::Passkey(passkey) => passkey.parameters(),
        }
    }

    fn to_json(&self) -> String {
        match self {
            Self::Device(secret) => secret.to_json(),
            Self::Passphrase(stretching) => stretching.to_json(),
            Self::Passkey(passkey) => passkey.to_json(),
            Self::Recovery => "{}".into(),
        }
    }

    fn from_object(name: &str, mut with: Object) -> Option<Self> {
        let kind = match name {
            "device" => Self::Device(DeviceSecret::from_object(&mut with)?),
            "passphrase" => Self::Passphrase(Stretching::from_object(&mut with)?),
            "passkey" => Self::Passkey(Passkey::from_object(&mut with)?),
            "recovery" => Self::Recovery,
            _ => return None,
        };
        with.end().then_some(kind)
    }
}

fn derive(secret: &[u8], salt: &[u8; 32], vault: &str, id: &str, kind: &Kind) -> SlotKey {
    let info = [
        "keyseal-slot-v1",
        kind.name(),
        &kind.parameters(),
        vault,
        id,
    ]
    .join("\n");
    let mut bytes = Zeroizing::new([0; 64]);
    expand(secret, salt, info.as_bytes(), &mut *bytes);
    let (mut key, mut commitment) = (Zeroizing::new([0; 32]), [0; 32]);
    key.copy_from_slice(&bytes[..32]);
    commitment.copy_from_slice(&bytes[32..]);
    SlotKey {
        key: ContentKey::new(&key),
        commitment,
    }
}

/// HKDF-SHA-256. A slot's 64 bytes are far below the 255 blocks that it can give, so it cannot fail.
fn expand(secret: &[u8], salt: &[u8], info: &[u8], bytes: &mut [u8]) {
    let expanded = Hkdf::<Sha256>::new(Some(salt), secret).expand(info, bytes);
    debug_assert!(expanded.is_ok());
}
