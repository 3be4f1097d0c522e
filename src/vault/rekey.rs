//! Slots that come and go. Whoever knew the secret of a slot that was removed must not open what
//! the vault holds from then on, so removing one, or changing its secret, makes a new vault key.
//!
//! The order of writes makes it safe to be cut off at any point: first the new header, with the old
//! key wrapped under the new one, then entry by entry, last the header without the old key. What is
//! left over is moved when the vault is next unlocked.

use super::Vault;
use super::entry::Record;
use super::error::VaultError;
use super::header::{Header, MAX_SLOTS, Previous};
use super::key::VaultKey;
use super::slot::{Kind, Slot};
use super::store::Store;

impl<S: Store> Vault<S> {
    /// Adds a way to unlock.
    ///
    /// # Errors
    /// [`VaultError`]: locked, also because another tab made another vault key; or no room.
    ///
    /// ```
    /// # mod given { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/given.rs")); }
    /// # use given::*;
    /// use keyseal::vault::slot::RecoveryCode;
    ///
    /// let mut vault = vault();
    /// let code = RecoveryCode::generate()?;
    /// vault.add_slot(Kind::Recovery, code.secret())?;
    /// assert_eq!(vault.header().map(|header| header.slots().len()), Some(2));
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    pub fn add_slot(&mut self, kind: Kind, secret: &[u8]) -> Result<(), VaultError> {
        // Another tab may have added one meanwhile: theirs must not be written over.
        self.reload()?;
        let (header, key) = self.unlocked()?;
        let slot = Slot::wrap(header.id(), kind, secret, key)?;
        let header = header.clone().with_slot(slot);
        check_slots(header.slots())?;
        self.replace_header(header)
    }

    /// Whether a passkey can be added now: never as the only way in.
    ///
    /// # Errors
    /// [`VaultError`]: locked, or a passkey would be alone.
    ///
    /// ```
    /// # mod given { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/given.rs")); }
    /// # use given::*;
    /// let mut vault = vault();
    /// assert!(vault.may_add_passkey().is_ok()); // beside the device's slot
    /// vault.lock();
    /// assert!(vault.may_add_passkey().is_err());
    /// ```
    pub fn may_add_passkey(&self) -> Result<(), VaultError> {
        check_slots(self.unlocked()?.0.slots())
    }

    /// Makes a new vault key, under the fresh header `new`, and keeps exactly the slots whose secret
    /// is given: only with it can a slot wrap the new key. A kind that is given replaces the slot's
    /// own, for a changed secret.
    ///
    /// # Errors
    /// [`VaultError`]: locked, a wrong secret, no slot or a passkey alone would remain, no room.
    /// Nothing is changed then.
    ///
    /// ```
    /// # mod given { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/given.rs")); }
    /// # use given::*;
    /// use keyseal::vault::Kept;
    /// use keyseal::vault::slot::RecoveryCode;
    ///
    /// let mut vault = vault();
    /// vault.put(&claims(), display())?;
    /// // The device's slot goes; a recovery code takes its place.
    /// vault.add_slot(Kind::Recovery, RecoveryCode::generate()?.secret())?;
    /// let code = RecoveryCode::generate()?;
    /// let slot = vault.header().expect("made").slots()[1].id().to_owned();
    /// let kept = Kept { slot, kind: Some(Kind::Recovery), secret: code.secret().to_vec().into() };
    /// vault.rekey(Header::new("the companion's identity")?, vec![kept])?;
    /// let header = vault.header().expect("made");
    /// assert!(header.slots()[0].unwrap(header.id(), SECRET).is_err());
    /// assert_eq!(vault.entries()?.len(), 1); // encrypted anew
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    pub fn rekey(&mut self, new: Header, kept: Vec<Kept>) -> Result<(), VaultError> {
        self.reload()?;
        let (header, key) = self.unlocked()?;
        let new_key = VaultKey::generate()?;
        let mut new = new;
        for Kept { slot, kind, secret } in kept {
            let old = header.slots().iter().find(|known| known.id() == slot);
            let old = old.ok_or(VaultError::NoSlot)?;
            let kind = match kind {
                Some(kind) => kind,
                None => {
                    old.unwrap(header.id(), &secret)?;
                    old.kind().clone()
                }
            };
            new = {
                let wrapped = Slot::wrap(new.id(), kind, &secret, &new_key)?;
                new.with_slot(wrapped)
            };
        }
        check_slots(new.slots())?;
        let previous = Previous {
            id: header.id().to_owned(),
            wrapped: key.wrap(new_key.cipher(), header.id())?,
        };
        let new = new.with_previous(Some(previous));
        let new = self.with_notes_keys(new, &new_key)?;
        self.replace_header(new)?;
        self.key = Some(new_key);
        self.finish_rekey()
    }

    /// Moves the entries that are still under the key before, and then forgets it.
    pub(super) fn finish_rekey(&mut self) -> Result<(), VaultError> {
        let (header, key) = self.unlocked()?;
        let Some(previous) = header.previous() else {
            return Ok(());
        };
        let old_key = VaultKey::unwrap(&previous.wrapped, key.cipher(), &previous.id);
        let old_key = old_key.ok_or(VaultError::Damaged)?;
        for rid in self.names.entry_ids(&self.store)? {
            // A damaged record stays as it is: it says so when it is listed.
            let Ok(record) = self.record(&rid) else {
                continue;
            };
            let Ok(claims) = record.open(&rid, &previous.id, &old_key) else {
                continue;
            };
            let moved = Record::seal(&claims, record.display, header.id(), key)?;
            self.store.set(&self.names.entry(&rid), &moved.to_json())?;
        }
        let done = header.clone().with_previous(None);
        self.replace_header(done)
    }

    pub(super) fn replace_header(&mut self, header: Header) -> Result<(), VaultError> {
        self.store.set(&self.names.header(), &header.to_json())?;
        self.header = Some(header);
        Ok(())
    }
}

/// A slot that is kept when the vault key changes.
pub struct Kept {
    /// Its id.
    pub slot: String,
    /// Another kind, where its secret changes.
    pub kind: Option<Kind>,
    /// Its secret; the new one where it changes.
    pub secret: zeroize::Zeroizing<Vec<u8>>,
}

/// Never none, not more than can be tried, and a passkey never alone: it can be lost with a device.
fn check_slots(slots: &[Slot]) -> Result<(), VaultError> {
    if slots.len() > MAX_SLOTS {
        return Err(VaultError::TooManySlots);
    }
    if slots
        .iter()
        .any(|slot| !matches!(slot.kind(), Kind::Passkey(_)))
    {
        Ok(())
    } else {
        Err(VaultError::LastSlot)
    }
}
