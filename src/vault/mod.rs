//! The browser's encrypted store, as a pure machine: no browser here, only a [`Store`] of text
//! records that somebody gives.
//!
//! A vault belongs to one companion and one user. Its random vault key encrypts every entry on its
//! own record, bound to the entry's id; [`slot`]s wrap the vault key, each for one way to unlock.
//! Beside the entries stand the local copies of synced entries, which only the companion can open,
//! and the pin of the companion's identity.

mod entry;
mod error;
mod export;
#[cfg(any(feature = "relay", target_arch = "wasm32"))]
#[cfg_attr(
    not(any(test, target_arch = "wasm32")),
    allow(dead_code, reason = "only the browser hands a vault key over")
)]
mod granted;
mod header;
mod key;
mod names;
mod notes;
mod pinned;
mod rekey;
mod sealed_note;
pub mod slot;
pub(crate) mod store;

pub use entry::{Display, Entry, Patch};
pub use error::VaultError;
#[cfg(all(feature = "core", target_arch = "wasm32"))]
pub(crate) use export::OpenExport;
pub use export::{Exported, Imported};
#[cfg(any(feature = "relay", target_arch = "wasm32"))]
pub use granted::Grant;
#[cfg(feature = "relay")]
pub use granted::Granted;
pub use header::Header;
pub use key::VaultKey;
pub use pinned::{PinError, Pinned};
pub use rekey::Kept;
pub use sealed_note::MAX_NOTE_BYTES;
pub use store::{MemoryStore, Store, StoreError};

use std::cell::RefCell;

use crate::envelope::KeyClaims;
use names::Names;

/// `typ` of an entry's record.
pub const TYP_VAULT: &str = "keyseal-vault+jwe";
/// `typ` of a wrapped vault key.
pub const TYP_SLOT: &str = "keyseal-slot+jwe";
/// `typ` of an entry in an export.
pub const TYP_EXPORT: &str = "keyseal-export+jwe";
/// `typ` of an app's note.
pub const TYP_NOTE: &str = "keyseal-note+jwe";
/// `typ` of the keys of notes, wrapped.
pub const TYP_NOTES_KEYS: &str = "keyseal-notes-keys+jwe";

/// One user's vault for one companion, over a store of records.
pub struct Vault<S> {
    store: S,
    names: Names,
    sub: String,
    header: Option<Header>,
    key: Option<VaultKey>,
    /// The entry used last, read: its ciphertext and what is shown of it.
    last: RefCell<Option<Last>>,
}

struct Last {
    rid: String,
    json: String,
    record: entry::Record,
}

impl<S: Store> Vault<S> {
    /// Opens the records of `sub` at `issuer`. The vault is locked, or not made yet.
    ///
    /// # Errors
    /// [`VaultError::Damaged`] where the vault's own record cannot be read: its slots are lost, so
    /// nothing is overwritten.
    ///
    /// ```
    /// use keyseal::vault::{MemoryStore, Vault};
    ///
    /// let vault = Vault::open(MemoryStore::default(), "https://keys.example.com", "ada")?;
    /// assert!(vault.header().is_none()); // not made yet
    /// # Ok::<(), keyseal::vault::VaultError>(())
    /// ```
    pub fn open(store: S, issuer: &str, sub: &str) -> Result<Self, VaultError> {
        let mut vault = Self::unread(store, issuer, sub);
        vault.reload()?;
        Ok(vault)
    }

    /// The records of `sub` at `issuer`, of which nothing has been read yet. Until [`Vault::reload`]
    /// finds the vault's own record it is as if there were none.
    ///
    /// ```
    /// use keyseal::vault::{MemoryStore, Vault};
    ///
    /// let mut vault = Vault::unread(MemoryStore::default(), "https://keys.example.com", "ada");
    /// vault.start_over()?;
    /// # Ok::<(), keyseal::vault::VaultError>(())
    /// ```
    #[must_use]
    pub fn unread(store: S, issuer: &str, sub: &str) -> Self {
        Self {
            store,
            names: Names::new(issuer, sub),
            sub: sub.to_owned(),
            header: None,
            key: None,
            last: RefCell::default(),
        }
    }

    /// The same user's vault in a namespace of its own, of which nothing has been read yet: neither
    /// sees what the other stores.
    ///
    /// ```
    /// use keyseal::vault::{MemoryStore, Vault};
    ///
    /// let vault = Vault::unread(MemoryStore::default(), "https://keys.example.com", "ada");
    /// let mut vault = vault.within("https://app.example.com");
    /// vault.start_over()?;
    /// # Ok::<(), keyseal::vault::VaultError>(())
    /// ```
    #[must_use]
    pub fn within(mut self, namespace: &str) -> Self {
        self.names = self.names.within(namespace);
        self
    }

    /// Reads the vault's own record again: another tab may have made the vault, or another one. With
    /// another vault key the one in memory is wiped.
    ///
    /// # Errors
    /// As [`Vault::open`]; what was known before is kept then.
    ///
    /// ```
    /// # mod given { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/given.rs")); }
    /// # use given::*;
    /// let mut vault = vault();
    /// vault.reload()?; // another tab may have added a slot
    /// assert!(vault.is_unlocked());
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    pub fn reload(&mut self) -> Result<(), VaultError> {
        let header = match self.store.get(&self.names.header())? {
            Some(json) => Some(Header::parse(&json).ok_or(VaultError::Damaged)?),
            None => None,
        };
        if header.as_ref().map(Header::id) != self.header.as_ref().map(Header::id) {
            self.lock();
        }
        self.header = header;
        Ok(())
    }

    /// The vault's own record, once it is made.
    ///
    /// ```
    /// # mod given { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/given.rs")); }
    /// # use given::*;
    /// assert_eq!(vault().header().map(|header| header.slots().len()), Some(1));
    /// ```
    #[must_use]
    pub fn header(&self) -> Option<&Header> {
        self.header.as_ref()
    }

    /// Whether the vault key is in memory.
    ///
    /// ```
    /// # mod given { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/given.rs")); }
    /// # use given::*;
    /// let mut vault = vault();
    /// assert!(vault.is_unlocked());
    /// vault.lock();
    /// assert!(!vault.is_unlocked());
    /// ```
    #[must_use]
    pub fn is_unlocked(&self) -> bool {
        self.key.is_some()
    }

    /// The records beneath.
    ///
    /// ```
    /// # mod given { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/given.rs")); }
    /// # use given::*;
    /// use keyseal::vault::Store;
    ///
    /// let vault = vault();
    /// assert!(!vault.store().names("")?.is_empty());
    /// # Ok::<(), keyseal::vault::StoreError>(())
    /// ```
    #[must_use]
    pub fn store(&self) -> &S {
        &self.store
    }

    /// Makes the vault: writes its record and keeps `key` in memory.
    ///
    /// # Errors
    /// [`VaultError::Store`] where the record cannot be written; nothing is kept then.
    ///
    /// ```
    /// # mod given { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/given.rs")); }
    /// # use given::*;
    /// let mut vault = Vault::open(MemoryStore::default(), ISSUER, "ada")?;
    /// let header = Header::new("the companion's identity")?;
    /// let key = VaultKey::generate()?;
    /// let slot = Slot::wrap(header.id(), device(), SECRET, &key)?;
    /// vault.create(header.with_slot(slot), key)?;
    /// assert!(vault.is_unlocked());
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    pub fn create(&mut self, header: Header, key: VaultKey) -> Result<(), VaultError> {
        self.store.set(&self.names.header(), &header.to_json())?;
        self.header = Some(header);
        self.key = Some(key);
        Ok(())
    }

    /// Keeps the vault key in memory, and finishes what a change of it left over.
    ///
    /// # Errors
    /// [`VaultError::Store`] where entries that are still under the key before cannot be moved;
    /// the vault is unlocked all the same, and they can be used.
    ///
    /// ```
    /// # mod given { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/given.rs")); }
    /// # use given::*;
    /// let mut vault = vault();
    /// vault.lock();
    /// let header = vault.header().expect("made");
    /// let key = header.slots()[0].unwrap(header.id(), SECRET)?;
    /// vault.unlock(key)?;
    /// assert!(vault.is_unlocked());
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    pub fn unlock(&mut self, key: VaultKey) -> Result<(), VaultError> {
        self.key = Some(key);
        self.finish_rekey()
    }

    /// Wipes the vault key.
    ///
    /// ```
    /// # mod given { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/given.rs")); }
    /// # use given::*;
    /// use keyseal::vault::VaultError;
    ///
    /// let mut vault = vault();
    /// vault.lock();
    /// assert_eq!(vault.put(&claims(), display()).err(), Some(VaultError::Locked));
    /// ```
    pub fn lock(&mut self) {
        self.key = None;
        self.last.take();
    }

    /// Encrypts `claims` and stores them as the entry `claims.rid`, with what is shown of it.
    ///
    /// # Errors
    /// [`VaultError`]: locked, another user's claims, no room. A failed write leaves what was there.
    ///
    /// ```
    /// # mod given { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/given.rs")); }
    /// # use given::*;
    /// let mut vault = vault();
    /// let entry = vault.put(&claims(), display())?;
    /// assert_eq!(entry.id, claims().rid);
    /// assert_eq!(entry.display.key_hint, "sk-p…cdef");
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    pub fn put(&mut self, claims: &KeyClaims, display: Display) -> Result<Entry, VaultError> {
        let (header, key) = self.unlocked()?;
        if claims.sub != self.sub {
            return Err(VaultError::OtherUser);
        }
        let record = entry::Record::seal(claims, display, header.id(), key)?;
        self.store
            .set(&self.names.entry(&claims.rid), &record.to_json())?;
        Ok(record.shown(&claims.rid))
    }

    /// Every browser-only entry, each read on its own: a damaged one says so and hides no other.
    ///
    /// # Errors
    /// [`VaultError::Store`] where the store cannot be read at all.
    ///
    /// ```
    /// # mod given { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/given.rs")); }
    /// # use given::*;
    /// let mut vault = vault();
    /// vault.put(&claims(), display())?;
    /// assert_eq!(vault.entries()?.len(), 1);
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    pub fn entries(&self) -> Result<Vec<Entry>, VaultError> {
        let mut entries = Vec::new();
        for rid in self.names.entry_ids(&self.store)? {
            entries.push(match self.record(&rid) {
                Ok(record) => {
                    let mut entry = record.shown(&rid);
                    if self
                        .header
                        .as_ref()
                        .is_none_or(|header| !header.covers(record.vault()))
                    {
                        entry.damaged = Some(VaultError::KeyLost.code());
                    }
                    entry
                }
                Err(error) => Entry::damaged(&rid, error.code()),
            });
        }
        Ok(entries)
    }

    /// Changes what is shown of an entry; its ciphertext is not touched.
    ///
    /// # Errors
    /// [`VaultError`]: no such entry, damaged, no room.
    ///
    /// ```
    /// # mod given { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/given.rs")); }
    /// # use given::*;
    /// use keyseal::vault::Patch;
    ///
    /// let mut vault = vault();
    /// vault.put(&claims(), display())?;
    /// let patch = Patch { is_active: Some(false), ..Patch::default() };
    /// assert!(!vault.update(&claims().rid, patch)?.display.is_active);
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    pub fn update(&mut self, rid: &str, patch: Patch) -> Result<Entry, VaultError> {
        let mut record = self.record(rid)?;
        record.display.apply(patch);
        self.store.set(&self.names.entry(rid), &record.to_json())?;
        Ok(record.shown(rid))
    }

    /// Removes an entry. Removing what is not there is no error: it is gone either way.
    ///
    /// # Errors
    /// [`VaultError::Store`].
    ///
    /// ```
    /// # mod given { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/given.rs")); }
    /// # use given::*;
    /// let mut vault = vault();
    /// vault.put(&claims(), display())?;
    /// vault.remove(&claims().rid)?;
    /// assert!(vault.entries()?.is_empty());
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    pub fn remove(&mut self, rid: &str) -> Result<(), VaultError> {
        Ok(self.store.remove(&self.names.entry(rid))?)
    }

    /// Decrypts an entry. Its provider, user, id and host are read from inside only.
    ///
    /// For this crate alone: nothing that a page can call returns claims.
    ///
    /// # Errors
    /// [`VaultError`]: locked, no such entry, or not what was stored under this id.
    #[cfg_attr(
        not(any(test, target_arch = "wasm32")),
        allow(dead_code, reason = "only the browser opens entries")
    )]
    pub(crate) fn claims(&self, rid: &str) -> Result<KeyClaims, VaultError> {
        let (header, key) = self.unlocked()?;
        let json = self.json(rid)?;
        let mut last = self.last.borrow_mut();
        let known = last
            .take()
            .filter(|last| last.rid == rid && last.json == json);
        let last = last.insert(match known {
            Some(known) => known,
            None => Last {
                record: read(rid, &json)?,
                rid: rid.to_owned(),
                json,
            },
        });
        let claims = match last.record.open(rid, header.id(), key) {
            // A change of the vault key was cut off before it came to this entry.
            Err(VaultError::KeyLost) => self.claims_before(&last.record, rid)?,
            other => other?,
        };
        last.record.checked(claims, rid, &self.sub)
    }

    /// Replaces the local copies of the synced entries: `copies` are id and JSON as the companion
    /// listed them.
    ///
    /// # Errors
    /// [`VaultError::Store`]; copies that were written stay.
    ///
    /// ```
    /// # mod given { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/given.rs")); }
    /// # use given::*;
    /// let mut vault = vault();
    /// vault.put_synced(&[("id".into(), r#"{"what":"the companion lists"}"#.into())])?;
    /// assert_eq!(vault.synced()?.len(), 1);
    /// vault.put_synced(&[])?; // revoked there, gone here
    /// assert!(vault.synced()?.is_empty());
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    pub fn put_synced(&mut self, copies: &[(String, String)]) -> Result<(), VaultError> {
        for id in self.names.synced_ids(&self.store)? {
            if !copies.iter().any(|(copy, _)| *copy == id) {
                self.store.remove(&self.names.synced(&id))?;
            }
        }
        for (id, json) in copies {
            let name = self.names.synced(id);
            // Other tabs hear of every write, so one that changes nothing is not made.
            if self.store.get(&name)?.as_deref() != Some(json) {
                self.store.set(&name, json)?;
            }
        }
        Ok(())
    }

    /// The local copies of the synced entries: id and JSON.
    ///
    /// # Errors
    /// [`VaultError::Store`].
    ///
    /// ```
    /// # mod given { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/given.rs")); }
    /// # use given::*;
    /// assert!(vault().synced()?.is_empty());
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    pub fn synced(&self) -> Result<Vec<(String, String)>, VaultError> {
        let mut copies = Vec::new();
        for id in self.names.synced_ids(&self.store)? {
            if let Some(json) = self.store.get(&self.names.synced(&id))? {
                copies.push((id, json));
            }
        }
        Ok(copies)
    }

    /// All records of this vault as they stand in the store: ciphertext and what is shown.
    ///
    /// # Errors
    /// [`VaultError::Store`].
    ///
    /// ```
    /// # mod given { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/given.rs")); }
    /// # use given::*;
    /// let mut vault = vault();
    /// vault.put(&claims(), display())?;
    /// let records = vault.records()?;
    /// assert!(!records.is_empty());
    /// assert!(records.iter().all(|(_, text)| !text.contains("sk-proj")));
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    pub fn records(&self) -> Result<Vec<(String, String)>, VaultError> {
        let mut records = Vec::new();
        for name in self.names.all(&self.store)? {
            if let Some(value) = self.store.get(&name)? {
                records.push((name, value));
            }
        }
        Ok(records)
    }

    /// Removes the vault's own record, and with it every way to unlock. Its entries stay, to be
    /// entered again one by one.
    ///
    /// # Errors
    /// [`VaultError::Store`].
    ///
    /// ```
    /// # mod given { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/given.rs")); }
    /// # use given::*;
    /// let mut vault = vault();
    /// vault.start_over()?;
    /// assert!(vault.header().is_none()); // the next key makes a new vault
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    pub fn start_over(&mut self) -> Result<(), VaultError> {
        self.lock();
        self.header = None;
        Ok(self.store.remove(&self.names.header())?)
    }

    /// Removes the vault with all its entries and copies. The pin of the companion stays.
    ///
    /// # Errors
    /// [`VaultError::Store`].
    ///
    /// ```
    /// # mod given { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/given.rs")); }
    /// # use given::*;
    /// let mut vault = vault();
    /// vault.put(&claims(), display())?;
    /// vault.destroy()?;
    /// assert!(vault.records()?.is_empty());
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    pub fn destroy(&mut self) -> Result<(), VaultError> {
        self.lock();
        self.header = None;
        for name in self.names.all(&self.store)? {
            self.store.remove(&name)?;
        }
        Ok(())
    }

    fn claims_before(&self, record: &entry::Record, rid: &str) -> Result<KeyClaims, VaultError> {
        let (header, key) = self.unlocked()?;
        let previous = header.previous().ok_or(VaultError::KeyLost)?;
        let old_key = VaultKey::unwrap(&previous.wrapped, key.cipher(), &previous.id);
        record.open(rid, &previous.id, &old_key.ok_or(VaultError::KeyLost)?)
    }

    fn unlocked(&self) -> Result<(&Header, &VaultKey), VaultError> {
        match (&self.header, &self.key) {
            (Some(header), Some(key)) => Ok((header, key)),
            _ => Err(VaultError::Locked),
        }
    }

    fn record(&self, rid: &str) -> Result<entry::Record, VaultError> {
        read(rid, &self.json(rid)?)
    }

    fn json(&self, rid: &str) -> Result<String, VaultError> {
        let json = self.store.get(&self.names.entry(rid))?;
        json.ok_or(VaultError::NoEntry)
    }
}

fn read(rid: &str, json: &str) -> Result<entry::Record, VaultError> {
    entry::Record::parse(json).ok_or_else(|| VaultError::EntryDamaged(rid.to_owned()))
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tampered;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod two_tabs;
