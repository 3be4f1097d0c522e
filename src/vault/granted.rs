//! What a relay is given of a vault: the vault key, and the records of the entries it may use. The
//! relay runs beside the vault, in a wasm of its own, and reads no storage.

use zeroize::Zeroizing;

#[cfg(feature = "relay")]
use super::entry::Record;
use super::error::VaultError;
#[cfg(feature = "relay")]
use super::key::VaultKey;
use super::read;
#[cfg(feature = "core")]
use super::{Vault, store::Store};
#[cfg(feature = "relay")]
use crate::envelope::KeyClaims;

/// A vault key on its way, and ciphertext.
pub struct Grant {
    pub(crate) vault: String,
    pub(crate) sub: String,
    pub(crate) key: Zeroizing<[u8; 32]>,
    /// Id and record.
    pub(crate) records: Vec<(String, String)>,
}

/// A vault key where it is used, and the records that it opens. Zeroed on drop.
#[cfg(feature = "relay")]
pub struct Granted {
    vault: String,
    sub: String,
    key: VaultKey,
    /// By id; there are few.
    records: Vec<(String, Record)>,
}

#[cfg(feature = "core")]
impl<S: Store> Vault<S> {
    /// What a relay needs to use these entries.
    ///
    /// # Errors
    /// [`VaultError`]: locked, no such entry, a damaged record.
    pub(crate) fn grant(&self, ids: &[String]) -> Result<Grant, VaultError> {
        let (header, key) = self.unlocked()?;
        let mut records = Vec::new();
        for rid in ids {
            let json = self.json(rid)?;
            read(rid, &json)?;
            records.push((rid.clone(), json));
        }
        Ok(Grant {
            vault: header.id().to_owned(),
            sub: self.sub.clone(),
            key: Zeroizing::new(*key.bytes()),
            records,
        })
    }
}

#[cfg(feature = "relay")]
impl Grant {
    /// Takes what was granted into use.
    ///
    /// # Errors
    /// [`VaultError::EntryDamaged`] names a record that cannot be read.
    pub(crate) fn accept(self) -> Result<Granted, VaultError> {
        let mut granted = Granted {
            vault: self.vault,
            sub: self.sub,
            key: VaultKey::new(self.key),
            records: Vec::new(),
        };
        for (rid, json) in &self.records {
            granted.put(rid, json)?;
        }
        Ok(granted)
    }
}

#[cfg(feature = "relay")]
impl Granted {
    /// Takes another entry's record, or a newer one.
    ///
    /// # Errors
    /// [`VaultError::EntryDamaged`].
    pub(crate) fn put(&mut self, rid: &str, json: &str) -> Result<(), VaultError> {
        let record = read(rid, json)?;
        self.remove(rid);
        self.records.push((rid.to_owned(), record));
        Ok(())
    }

    /// Forgets an entry.
    pub(crate) fn remove(&mut self, rid: &str) {
        self.records.retain(|(id, _)| id != rid);
    }

    /// Decrypts an entry, as [`Vault`] does.
    pub(crate) fn claims(&self, rid: &str) -> Result<KeyClaims, VaultError> {
        let mut records = self.records.iter();
        let found = records.find(|(id, _)| id == rid);
        let (_, record) = found.ok_or(VaultError::NoEntry)?;
        let claims = record.open(rid, &self.vault, &self.key)?;
        record.checked(claims, rid, &self.sub)
    }
}
