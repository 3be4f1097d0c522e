//! Locking and unlocking, and making the vault at first need.

use wasm_bindgen::prelude::*;
use zeroize::Zeroizing;

use super::core::{VaultCore, no_companion};
use super::error::{Failure, Outcome};
use super::input::Given;
use super::local::Records;
use super::platform::{Answers, Step, Stop, Work, forget_device};
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
    /// Nothing where nothing is given.
    pub(super) fn maybe(given: JsValue) -> Outcome<Self> {
        match given.is_undefined() {
            true => Ok(Self::default()),
            false => Self::new(given),
        }
    }

    pub(super) fn new(given: JsValue) -> Outcome<Self> {
        let given = Given::new(given)?;
        Ok(Self {
            passphrase: given.secret("passphrase")?,
            recovery_code: given.secret("recoveryCode")?,
            passkey: given.maybe_text("passkey")?,
        })
    }

    /// The secret of `slot`, where this is for a slot of its kind.
    pub(super) fn of(
        &self,
        slot: &Slot,
        answers: &mut Answers,
    ) -> Step<Option<Zeroizing<Vec<u8>>>> {
        Ok(match (slot.kind(), self) {
            (
                Kind::Passphrase(stretching),
                Self {
                    passphrase: Some(passphrase),
                    ..
                },
            ) => Some(answers.stretched(stretching, passphrase)?),
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
            ) if id == slot.id() => Some(answers.passkey(passkey)?),
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
        self.made_code.take();
    }
}

impl VaultCore {
    /// Unlocks with a passphrase, a recovery code or a passkey; with nothing, by this device.
    ///
    /// Whatever is wrong with the secret, the answer is `wrong_secret`.
    pub(super) fn unlocking(&self, given: JsValue) -> Outcome<Work> {
        let core = self.clone();
        if given.is_undefined() {
            self.held.set(false);
            return Ok(Box::new(move |answers| {
                core.unlock_by_device(answers)?;
                match core.unlocked() {
                    true => Ok(JsValue::UNDEFINED),
                    false => Err(VaultError::Locked.into()),
                }
            }));
        }
        let secret = Secret::new(given)?;
        Ok(Box::new(move |answers| {
            core.vault.borrow_mut().reload()?;
            let key = core.key_by(&secret, answers)?;
            core.vault.borrow_mut().unlock(key)?;
            core.held.set(false);
            core.key_lost.set(false);
            Ok(JsValue::UNDEFINED)
        }))
    }

    /// The vault key, by whichever slot the secret opens. A slot that somebody weakened does not
    /// hide another that opens.
    pub(super) fn key_by(&self, secret: &Secret, answers: &mut Answers) -> Step<VaultKey> {
        let header = self.header()?;
        let mut failure = Failure::from(VaultError::WrongSecret);
        for slot in header.slots() {
            match secret.of(slot, answers) {
                Ok(Some(secret)) => {
                    if let Ok(key) = slot.unwrap(header.id(), &secret) {
                        return Ok(key);
                    }
                }
                Ok(None) => {}
                Err(Stop::Failed(error)) => failure = error,
                waiting => waiting.map(drop)?,
            }
        }
        Err(failure.into())
    }

    pub(super) fn header(&self) -> Outcome<Header> {
        let header = self.vault.borrow().header().cloned();
        header.ok_or_else(|| Failure::from(VaultError::Locked))
    }

    /// Whether there is nothing to unlock by the device: it is unlocked, or was locked on purpose,
    /// be it while the device was asked: that was the later wish.
    pub(super) fn is_settled(&self) -> bool {
        self.held.get() || self.vault.borrow().is_unlocked()
    }

    /// Unlocks by the device slot, where there is one and the device still has its key.
    pub(super) fn unlock_by_device(&self, answers: &mut Answers) -> Step<()> {
        if self.is_settled() {
            return Ok(());
        }
        self.vault.borrow_mut().reload()?;
        let Ok(header) = self.header() else {
            return Ok(());
        };
        let mut lost = false;
        for slot in header.slots() {
            let Kind::Device(sealed) = slot.kind() else {
                continue;
            };
            lost = true;
            let Some(secret) = answers.device(header.id(), sealed)? else {
                continue;
            };
            if let Ok(key) = slot.unwrap(header.id(), &secret) {
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
    pub(super) fn make_vault(&self, answers: &mut Answers) -> Step<()> {
        // Another tab may have made it, or given it another key.
        self.vault.borrow_mut().reload()?;
        self.unlock_by_device(answers)?;
        if self.vault.borrow().is_unlocked() {
            return Ok(());
        }
        // A vault that can still be opened is not replaced by a new one.
        if self.header().is_ok() && !self.key_lost.get() {
            return Err(VaultError::Locked.into());
        }
        let identity = match &*self.companion.borrow() {
            Some(companion) => companion.identity.clone(),
            None => return Err(no_companion().into()),
        };
        let header = answers.new_header(&identity)?;
        let id = header.id().to_owned();
        let device = match self.persistent.get() {
            true => answers.new_device(&id)?,
            false => None,
        };
        let key = VaultKey::generate().map_err(VaultError::from)?;
        let slot = device.and_then(|(kind, secret)| Slot::wrap(&id, kind, &secret, &key).ok());
        let kept = self.keep(header, key, slot);
        if kept.is_err() {
            let _ = forget_device(&id);
        }
        Ok(kept?)
    }

    /// Keeps a vault that was just made.
    fn keep(&self, header: Header, key: VaultKey, slot: Option<Slot>) -> Result<(), VaultError> {
        let mut vault = self.vault.borrow_mut();
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
