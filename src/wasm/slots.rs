//! Ways to unlock: listing, adding, changing, removing. For the elements' own pages; the package
//! does not hand these to the script of the page around them.

use wasm_bindgen::prelude::*;
use zeroize::Zeroizing;

use super::core::VaultCore;
use super::error::{Failure, Outcome};
use super::input::{Given, list, long_enough, new_passphrase, text};
use super::output::Plain;
use super::platform::{Answers, Step, Stop, Work, forget_device, forget_passkey};
use super::unlock::Secret;
use crate::vault::slot::{Kind, RecoveryCode, Stretching};
use crate::vault::{Header, Kept, VaultError};

/// A slot that stays when another goes. The device's own needs no secret.
struct KeptSlot {
    slot: String,
    secret: Secret,
    new_passphrase: Option<Zeroizing<String>>,
}

impl KeptSlot {
    fn new(given: JsValue) -> Outcome<Self> {
        let options = Given::new(given.clone())?;
        let new_passphrase = options.secret("newPassphrase")?;
        Ok(Self {
            slot: options.text("slot")?,
            secret: Secret::new(given)?,
            new_passphrase: new_passphrase.map(long_enough).transpose()?,
        })
    }

    /// Whether it can stay only with a secret that opens one of the slots of `header` as they are.
    fn shows_one_of(&self, header: &Header) -> bool {
        let mut slots = header.slots().iter();
        let slot = slots.find(|slot| slot.id() == self.slot);
        slot.is_some_and(|slot| match slot.kind() {
            Kind::Device(_) => false,
            Kind::Passphrase(_) => self.new_passphrase.is_none(),
            _ => true,
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
        let slots = slots.iter().map(|slot| {
            Plain::Object(vec![
                ("id", slot.id().into()),
                ("kind", slot.kind().name().into()),
            ])
        });
        Plain::List(slots.collect()).to_js()
    }

    /// Adds the recovery code that was made last, now that the person says that it is kept.
    #[wasm_bindgen(js_name = keepRecoveryCode)]
    pub fn keep_recovery_code(&self) -> Outcome<()> {
        let code = self.made_code.take().ok_or(VaultError::Locked)?;
        let mut vault = self.vault.borrow_mut();
        Ok(vault.add_slot(Kind::Recovery, code.secret())?)
    }
}

impl VaultCore {
    pub(super) fn adding_passphrase(&self, passphrase: &JsValue, proof: JsValue) -> Outcome<Work> {
        let passphrase = new_passphrase(passphrase)?;
        let (core, proof) = (self.clone(), Secret::maybe(proof)?);
        Ok(Box::new(move |answers| {
            core.prove(&proof, answers)?;
            let (stretching, secret) = Stretching::of_new(&passphrase)?;
            core.vault
                .borrow_mut()
                .add_slot(Kind::Passphrase(stretching), &*secret)?;
            Ok(JsValue::UNDEFINED)
        }))
    }

    /// Lets this device unlock the vault by itself, again or for the first time.
    pub(super) fn adding_device(&self, proof: JsValue) -> Outcome<Work> {
        let (core, proof) = (self.clone(), Secret::maybe(proof)?);
        Ok(Box::new(move |answers| {
            core.prove(&proof, answers)?;
            let header = core.header()?;
            let mut slots = header.slots().iter();
            if slots.any(|slot| matches!(slot.kind(), Kind::Device(_))) && !core.device_lost.get() {
                return Ok(JsValue::UNDEFINED);
            }
            // What lives in this page's memory leaves nothing on the device.
            let device = match core.persistent.get() {
                true => answers.new_device(header.id())?,
                false => None,
            };
            let (kind, secret) = device.ok_or_else(|| {
                Failure::new(
                    "device_unavailable",
                    "This browser keeps no key for the site.",
                    "Allow this site to store data, or unlock in another way.",
                )
            })?;
            core.vault.borrow_mut().add_slot(kind, &secret)?;
            core.device_lost.set(false);
            Ok(JsValue::UNDEFINED)
        }))
    }

    /// Makes a recovery code and returns it, to be shown once: it is no key. A code that nobody kept
    /// must not be asked for later, so it opens nothing before [`VaultCore::keep_recovery_code`].
    pub(super) fn making_recovery_code(&self, proof: JsValue) -> Outcome<Work> {
        let (core, proof) = (self.clone(), Secret::maybe(proof)?);
        Ok(Box::new(move |answers| {
            core.prove(&proof, answers)?;
            let code = RecoveryCode::generate().map_err(VaultError::from)?;
            let text = code.text().expose().into();
            core.made_code.replace(Some(code));
            Ok(text)
        }))
    }

    /// Adds a passkey: the browser asks for one, `name` stands beside it in the person's list.
    pub(super) fn adding_passkey(&self, name: &JsValue, proof: JsValue) -> Outcome<Work> {
        let name = text(name)?;
        let (core, proof) = (self.clone(), Secret::maybe(proof)?);
        Ok(Box::new(move |answers| {
            let added = core.made_passkey(&name, &proof, answers);
            if let Err(Stop::Failed(_)) = added
                && let Some(passkey) = answers.made_passkey()
            {
                forget_passkey(&passkey);
            }
            added.map(|()| JsValue::UNDEFINED)
        }))
    }

    fn made_passkey(&self, name: &str, proof: &Secret, answers: &mut Answers) -> Step<()> {
        self.prove(proof, answers)?;
        // Before the person is asked for a passkey that could not be kept.
        self.vault.borrow().may_add_passkey()?;
        let (passkey, secret) = answers.new_passkey(name)?;
        let mut vault = self.vault.borrow_mut();
        Ok(vault.add_slot(Kind::Passkey(passkey), &secret)?)
    }

    /// Makes a new vault key and keeps exactly the slots named, each with its secret; a
    /// `newPassphrase` changes it. What is not named is gone, and so is what it could open.
    ///
    /// Like a new way in it needs one of the old ones now, or whoever sits before an open page would
    /// remove them all and then be asked for nothing: one that stays with its secret, or `proof`.
    pub(super) fn keeping_slots(&self, given: JsValue, proof: JsValue) -> Outcome<Work> {
        let given = list(given)?
            .iter()
            .map(KeptSlot::new)
            .collect::<Outcome<Vec<_>>>()?;
        let (core, given_proof) = (self.clone(), !proof.is_undefined());
        let proof = Secret::maybe(proof)?;
        Ok(Box::new(move |answers| {
            core.vault.borrow_mut().reload()?;
            let before = core.header()?;
            // A secret of one that stays is checked when the vault key changes.
            if given_proof || !given.iter().any(|kept| kept.shows_one_of(&before)) {
                core.prove(&proof, answers)?;
            }
            let new = answers.new_header(before.identity())?;
            let mut kept = Vec::with_capacity(given.len());
            for slot in &given {
                kept.push(slot.kept(&before, &new, answers)?);
            }
            let id = new.id().to_owned();
            let done = core.vault.borrow_mut().rekey(new, kept);
            let stale = if done.is_ok() { before.id() } else { &id };
            if done.is_ok() {
                core.forget_passkeys(&before);
            }
            let finish = move |_| Ok(done.map(|()| JsValue::UNDEFINED)?);
            Err(Stop::Last(forget_device(stale), Box::new(finish)))
        }))
    }
}

impl KeptSlot {
    /// What the slot becomes under the record `new`.
    fn kept(&self, before: &Header, new: &Header, answers: &mut Answers) -> Step<Kept> {
        let old = before.slots().iter().find(|known| known.id() == self.slot);
        let old = old.ok_or(VaultError::NoSlot)?;
        let (kind, secret) = match (old.kind(), &self.new_passphrase) {
            (Kind::Device(_), _) => {
                let device = answers.new_device(new.id())?;
                let (kind, secret) = device.ok_or(VaultError::KeyLost)?;
                (Some(kind), secret)
            }
            (Kind::Passphrase(_), Some(passphrase)) => {
                let stretching = answers.new_stretching(&self.slot)?;
                let secret = answers.stretched(&stretching, passphrase)?;
                (Some(Kind::Passphrase(stretching)), secret)
            }
            _ => {
                let secret = self.secret.of(old, answers)?;
                (None, secret.ok_or(VaultError::WrongSecret)?)
            }
        };
        let slot = self.slot.clone();
        Ok(Kept { slot, kind, secret })
    }
}

impl VaultCore {
    /// Takes the passkeys of `before` that open the vault no more out of the person's list.
    fn forget_passkeys(&self, before: &Header) {
        let vault = self.vault.borrow();
        let slots = vault.header().map(Header::slots).unwrap_or_default();
        for slot in before.slots() {
            if let Kind::Passkey(passkey) = slot.kind()
                && !slots.iter().any(|kept| kept.kind() == slot.kind())
            {
                forget_passkey(passkey);
            }
        }
    }

    /// Makes the vault where there is none, and checks that whoever adds a way in has one. A vault
    /// that only its device opens has nothing to ask for.
    fn prove(&self, proof: &Secret, answers: &mut Answers) -> Step<()> {
        self.make_vault(answers)?;
        let guarded = {
            let vault = self.vault.borrow();
            let slots = vault.header().map(Header::slots).unwrap_or_default();
            slots
                .iter()
                .any(|slot| !matches!(slot.kind(), Kind::Device(_)))
        };
        if guarded {
            self.key_by(proof, answers)?;
        }
        Ok(())
    }
}
