//! Locking and unlocking, and making the vault at first need.

use wasm_bindgen::prelude::*;
use zeroize::Zeroizing;

use super::core::{VaultCore, no_companion};
use super::device::DeviceKey;
use super::error::{Failure, Outcome};
use super::input::Given;
use super::local::Records;
use crate::envelope::random;
use crate::vault::slot::{Kind, RecoveryCode, Slot};
use crate::vault::{Header, Store, Vault, VaultError, VaultKey};

/// What unlocks: one of the three.
#[derive(Default)]
pub(super) struct Secret {
    passphrase: Option<Zeroizing<String>>,
    recovery_code: Option<Zeroizing<String>>,
    /// The passkey slot whose authenticator to ask.
    passkey: Option<String>,
}

impl Secret {
    pub(super) fn new(given: &Given) -> Outcome<Self> {
        Ok(Self {
            passphrase: given.secret("passphrase")?,
            recovery_code: given.secret("recoveryCode")?,
            passkey: given.maybe_text("passkey")?,
        })
    }

    /// The secret of `slot`, where this is for a slot of its kind.
    pub(super) async fn of(&self, slot: &Slot) -> Outcome<Option<Zeroizing<Vec<u8>>>> {
        Ok(match (slot.kind(), self) {
            (
                Kind::Passphrase(stretching),
                Self {
                    passphrase: Some(passphrase),
                    ..
                },
            ) => Some(Zeroizing::new(stretching.secret(passphrase)?.to_vec())),
            (
                Kind::Recovery,
                Self {
                    recovery_code: Some(typed),
                    ..
                },
            ) => {
                let code = RecoveryCode::parse(typed).ok_or(VaultError::WrongSecret)?;
                Some(Zeroizing::new(code.secret().to_vec()))
            }
            (
                Kind::Passkey(passkey),
                Self {
                    passkey: Some(id), ..
                },
            ) if id == slot.id() => Some(super::passkey::evaluate(passkey).await?),
            _ => None,
        })
    }
}

#[wasm_bindgen]
impl VaultCore {
    /// Wipes the vault key and the session from memory. Only [`VaultCore::unlock`] opens it again.
    pub fn lock(&self) {
        self.held.set(true);
        self.vault.borrow_mut().lock();
        self.session.replace(None);
    }
}

impl VaultCore {
    /// Unlocks with a passphrase, a recovery code or a passkey; with nothing, by this device.
    ///
    /// Whatever is wrong with the secret, the answer is `wrong_secret`.
    pub async fn unlock(&self, given: JsValue) -> Outcome<()> {
        if given.is_undefined() {
            self.held.set(false);
            self.unlock_by_device().await?;
            return if self.unlocked() {
                Ok(())
            } else {
                Err(VaultError::Locked.into())
            };
        }
        let given = Secret::new(&Given::new(given)?)?;
        self.vault.borrow_mut().reload()?;
        let key = self.key_by(&given).await?;
        self.vault.borrow_mut().unlock(key)?;
        self.held.set(false);
        self.key_lost.set(false);
        Ok(())
    }
}

impl VaultCore {
    /// The vault key, by whichever slot the secret opens. A slot that somebody weakened does not
    /// hide another that opens.
    pub(super) async fn key_by(&self, given: &Secret) -> Outcome<VaultKey> {
        let header = self.header()?;
        let mut failure = Failure::from(VaultError::WrongSecret);
        for slot in header.slots() {
            match given.of(slot).await {
                Ok(Some(secret)) => {
                    if let Ok(key) = slot.unwrap(header.id(), &secret) {
                        return Ok(key);
                    }
                }
                Ok(None) => {}
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    pub(super) fn header(&self) -> Outcome<Header> {
        let header = self.vault.borrow().header().cloned();
        header.ok_or_else(|| Failure::from(VaultError::Locked))
    }

    /// Whether there is nothing to unlock by the device: it is unlocked, or was locked on purpose.
    pub(super) fn is_settled(&self) -> bool {
        self.held.get() || self.vault.borrow().is_unlocked()
    }

    /// Unlocks by the device slot, where there is one and the device still has its key.
    pub(super) async fn unlock_by_device(&self) -> Outcome<()> {
        if self.is_settled() {
            return Ok(());
        }
        self.vault.borrow_mut().reload()?;
        let Ok(header) = self.header() else {
            return Ok(());
        };
        let mut lost = false;
        for slot in header.slots() {
            let Kind::Device(secret) = slot.kind() else {
                continue;
            };
            lost = true;
            let Ok(Some(device)) = DeviceKey::load(header.id()).await else {
                continue;
            };
            let Ok(secret) = device.open(header.id(), secret).await else {
                continue;
            };
            if let Ok(key) = slot.unwrap(header.id(), &secret) {
                // Locked while the device was asked: that was the later wish.
                if self.held.get() {
                    return Ok(());
                }
                self.vault.borrow_mut().unlock(key)?;
                self.key_lost.set(false);
                self.device_lost.set(false);
                return Ok(());
            }
        }
        // The records are here and the key is not: they live and die together elsewhere, but
        // evictions do not know that. With another slot the vault is only locked.
        self.device_lost.set(lost);
        self.key_lost.set(lost && header.slots().len() == 1);
        Ok(())
    }

    /// Makes the vault at first need. Where the device keeps no key, the vault lives in memory.
    pub(super) async fn make_vault(&self) -> Outcome<()> {
        // Another tab may have made it, or given it another key.
        self.vault.borrow_mut().reload()?;
        self.unlock_by_device().await?;
        if self.vault.borrow().is_unlocked() {
            return Ok(());
        }
        // A vault that can still be opened is not replaced by a new one.
        if self.header().is_ok() && !self.key_lost.get() {
            return Err(VaultError::Locked.into());
        }
        let identity = match &*self.companion.borrow() {
            Some(companion) => companion.identity.clone(),
            None => return Err(no_companion()),
        };
        let header = Header::new(&identity).map_err(VaultError::from)?;
        let key = VaultKey::generate().map_err(VaultError::from)?;
        let slot = if self.persistent.get() {
            device_slot(header.id(), &key).await
        } else {
            None
        };
        let id = header.id().to_owned();
        let kept = self.keep(header, key, slot);
        if kept.is_err() {
            let _ = DeviceKey::delete(&id).await;
        }
        Ok(kept?)
    }

    /// Keeps a vault that was just made, unless another call made one meanwhile.
    fn keep(&self, header: Header, key: VaultKey, slot: Option<Slot>) -> Result<(), VaultError> {
        let mut vault = self.vault.borrow_mut();
        if vault.is_unlocked() {
            return Ok(());
        }
        match slot {
            Some(slot) => vault.create(header.with_slot(slot), key)?,
            None => {
                if self.persistent.get() {
                    // What is known goes on being known, as long as the page lasts.
                    let memory = Records::new(true);
                    for (name, value) in vault.records()? {
                        memory.set(&name, &value)?;
                    }
                    *vault = Vault::open(memory, &self.issuer, &self.sub)?;
                    self.persistent.set(false);
                }
                vault.create(header, key)?;
            }
        }
        self.key_lost.set(false);
        self.device_lost.set(false);
        Ok(())
    }
}

/// A slot that this device alone opens, or none where it cannot keep a key.
async fn device_slot(vault: &str, key: &VaultKey) -> Option<Slot> {
    let (kind, secret) = device_kind(vault).await?;
    Slot::wrap(vault, kind, &secret, key).ok()
}

/// A new device key for the vault `vault`, and the secret that it guards.
pub(super) async fn device_kind(vault: &str) -> Option<(Kind, Zeroizing<Vec<u8>>)> {
    let device = DeviceKey::create(vault).await.ok()?;
    let secret = Zeroizing::new(random::<32>().ok()?.to_vec());
    Some((
        Kind::Device(device.seal(vault, &secret).await.ok()?),
        secret,
    ))
}
