//! Ways to unlock: listing, adding, changing, removing. For the elements' own pages; the package
//! does not hand these to the script of the page around them.

use serde::Serialize;
use wasm_bindgen::prelude::*;
use zeroize::Zeroizing;

use super::core::VaultCore;
use super::device::DeviceKey;
use super::error::{Failure, Outcome};
use super::input::{Given, list, not_empty, to_js};
use super::unlock::{Secret, device_kind};
use crate::vault::slot::{Kind, RecoveryCode, Stretching};
use crate::vault::{Header, Kept, VaultError};

#[derive(Serialize)]
struct SlotInfo<'a> {
    id: &'a str,
    kind: &'static str,
}

/// A slot that stays when another goes. The device's own needs no secret.
struct KeptSlot {
    slot: String,
    secret: Secret,
    new_passphrase: Option<Zeroizing<String>>,
}

impl KeptSlot {
    fn new(given: JsValue) -> Outcome<Self> {
        let given = Given::new(given)?;
        Ok(Self {
            slot: given.text("slot")?,
            secret: Secret::new(&given)?,
            new_passphrase: given.secret("newPassphrase")?.map(not_empty).transpose()?,
        })
    }
}

#[wasm_bindgen]
impl VaultCore {
    /// The ways to unlock this vault.
    #[wasm_bindgen(unchecked_return_type = "SlotInfo[]")]
    pub fn slots(&self) -> Outcome {
        let vault = self.vault.borrow();
        let slots = vault.header().map(Header::slots).unwrap_or_default();
        let slots: Vec<SlotInfo> = slots
            .iter()
            .map(|slot| SlotInfo {
                id: slot.id(),
                kind: slot.kind().name(),
            })
            .collect();
        to_js(&slots)
    }
}

impl VaultCore {
    /// Adds a passphrase. Like every new way in, it needs one of the others now, where there is one
    /// besides the device's own.
    pub async fn add_passphrase(
        &self,
        passphrase: Zeroizing<String>,
        proof: JsValue,
    ) -> Outcome<()> {
        self.prove(proof).await?;
        let stretching = Stretching::new().map_err(VaultError::from)?;
        let secret = stretching.secret(&passphrase)?;
        Ok(self
            .vault
            .borrow_mut()
            .add_slot(Kind::Passphrase(stretching), &*secret)?)
    }

    /// Lets this device unlock the vault by itself, again or for the first time.
    pub async fn add_device(&self, proof: JsValue) -> Outcome<()> {
        self.prove(proof).await?;
        let header = self.header()?;
        let mut slots = header.slots().iter();
        if slots.any(|slot| matches!(slot.kind(), Kind::Device(_))) && !self.device_lost.get() {
            return Ok(());
        }
        // What lives in this page's memory leaves nothing on the device.
        let device = match self.persistent.get() {
            true => device_kind(header.id()).await,
            false => None,
        };
        let (kind, secret) = device.ok_or_else(|| {
            Failure::new(
                "device_unavailable",
                "This browser keeps no key for the site.",
                "Allow this site to store data, or unlock in another way.",
            )
        })?;
        self.vault.borrow_mut().add_slot(kind, &secret)?;
        self.device_lost.set(false);
        Ok(())
    }

    /// Adds a recovery code and returns it, to be shown once. It opens the vault; it is no key.
    pub async fn add_recovery_code(&self, proof: JsValue) -> Outcome<String> {
        self.prove(proof).await?;
        let code = RecoveryCode::generate().map_err(VaultError::from)?;
        self.vault
            .borrow_mut()
            .add_slot(Kind::Recovery, code.secret())?;
        Ok(code.text().expose().to_owned())
    }

    /// Adds a passkey: the browser asks for one, `name` stands beside it in the person's list.
    pub async fn add_passkey(&self, name: String, proof: JsValue) -> Outcome<()> {
        self.prove(proof).await?;
        // Before the person is asked for a passkey that could not be kept.
        self.vault.borrow().may_add_passkey()?;
        let (passkey, secret) = super::passkey::create(&name).await?;
        let added = self
            .vault
            .borrow_mut()
            .add_slot(Kind::Passkey(passkey.clone()), &secret);
        if added.is_err() {
            super::passkey::forget(&passkey);
        }
        Ok(added?)
    }

    /// Makes a new vault key and keeps exactly the slots named, each with its secret; a
    /// `newPassphrase` changes it. What is not named is gone, and so is what it could open.
    pub async fn keep_slots(&self, given: JsValue) -> Outcome<()> {
        let given = list(given)?
            .iter()
            .map(KeptSlot::new)
            .collect::<Outcome<Vec<_>>>()?;
        self.vault.borrow_mut().reload()?;
        let before = self.header()?;
        let new = Header::new(before.identity()).map_err(VaultError::from)?;
        let mut kept = Vec::with_capacity(given.len());
        for KeptSlot {
            slot,
            secret,
            new_passphrase,
        } in given
        {
            let old = before.slots().iter().find(|known| known.id() == slot);
            let old = old.ok_or(VaultError::NoSlot)?;
            let (kind, secret) = match (old.kind(), new_passphrase) {
                (Kind::Device(_), _) => {
                    let (kind, secret) = device_kind(new.id()).await.ok_or(VaultError::KeyLost)?;
                    (Some(kind), secret)
                }
                (Kind::Passphrase(_), Some(passphrase)) => {
                    let stretching = Stretching::new().map_err(VaultError::from)?;
                    let secret = Zeroizing::new(stretching.secret(&passphrase)?.to_vec());
                    (Some(Kind::Passphrase(stretching)), secret)
                }
                _ => (None, secret.of(old).await?.ok_or(VaultError::WrongSecret)?),
            };
            kept.push(Kept { slot, kind, secret });
        }
        let id = new.id().to_owned();
        let done = self.vault.borrow_mut().rekey(new, kept);
        let stale = if done.is_ok() { before.id() } else { &id };
        // Where the device keeps no keys there is none to forget.
        let _ = DeviceKey::delete(stale).await;
        done?;
        for slot in before.slots() {
            if let Kind::Passkey(passkey) = slot.kind()
                && !self.holds(slot.kind())
            {
                super::passkey::forget(passkey);
            }
        }
        Ok(())
    }
}

impl VaultCore {
    fn holds(&self, kind: &Kind) -> bool {
        let vault = self.vault.borrow();
        let slots = vault.header().map(Header::slots).unwrap_or_default();
        slots.iter().any(|slot| slot.kind() == kind)
    }

    /// Makes the vault where there is none, and checks that whoever adds a way in has one. A vault
    /// that only its device opens has nothing to ask for.
    async fn prove(&self, proof: JsValue) -> Outcome<()> {
        self.make_vault().await?;
        let guarded = {
            let vault = self.vault.borrow();
            let slots = vault.header().map(Header::slots).unwrap_or_default();
            slots
                .iter()
                .any(|slot| !matches!(slot.kind(), Kind::Device(_)))
        };
        if guarded {
            let proof: Secret = if proof.is_undefined() {
                Secret::default()
            } else {
                Secret::new(&Given::new(proof)?)?
            };
            self.key_by(&proof).await?;
        }
        Ok(())
    }
}
