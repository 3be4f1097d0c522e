//! An app's notes: texts that it wants to keep and nobody else to read, such as conversations. The
//! app stores the ciphertext where it likes; the vault keeps the key.
//!
//! Notes have a key of their own, never the vault key, and a `typ` of their own. So no ciphertext of
//! the vault (an entry, a slot, an export) opens as a note, whatever name a script asks it under, and
//! what a script sealed as a note opens as nothing else.

use zeroize::Zeroizing;

use super::error::VaultError;
use super::header::Header;
use super::key::VaultKey;
use super::store::Store;
use super::{TYP_NOTE, TYP_NOTES_KEYS, Vault};
use crate::envelope::{
    self, Alg, CompactJwe, ContentKey, SealError, decode_base64url, encode_base64url, random,
};

/// The longest text of a note, in bytes of UTF-8.
pub const MAX_NOTE_BYTES: usize = 4 * 1024 * 1024;
const MAX_NAME_BYTES: usize = 256;
/// So many keys there are at most, counted in a byte; with each new vault key comes one more.
const MAX_KEYS: usize = 100;
const KEY_BYTES: usize = 32;
/// Its base64url, and room for the header with a name that is escaped.
const MAX_SEALED_BYTES: usize = MAX_NOTE_BYTES / 3 * 4 + 8 * 1024;

impl<S: Store> Vault<S> {
    /// Encrypts `text` as the note `name`. The first note makes the notes key.
    ///
    /// # Errors
    /// [`VaultError`]: locked, no name, no text or too much of it, no room for the notes key.
    ///
    /// ```
    /// # mod given { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/given.rs")); }
    /// # use given::*;
    /// let mut vault = vault();
    /// let sealed = vault.seal_note("draft", String::from("Dear diary").into())?;
    /// assert_eq!(*vault.open_note("draft", &sealed)?, "Dear diary");
    /// assert!(vault.open_note("another", &sealed).is_err()); // bound to its name
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    pub fn seal_note(
        &mut self,
        name: &str,
        mut text: Zeroizing<String>,
    ) -> Result<String, VaultError> {
        let named = (1..=MAX_NAME_BYTES).contains(&name.len());
        if !named || !(1..=MAX_NOTE_BYTES).contains(&text.len()) {
            return Err(VaultError::NoteLimits);
        }
        // Another tab may have made the key meanwhile: theirs must not be written over.
        self.reload()?;
        let keys = match self.notes_keys()? {
            Some(keys) => keys,
            None => self.first_notes_key()?,
        };
        let newest = (keys.len() / KEY_BYTES - 1) as u8;
        let key = key_at(&keys, newest).ok_or(VaultError::NoteDamaged)?;
        let header = envelope::Header {
            alg: Alg::Dir,
            typ: TYP_NOTE,
            kid: encode_base64url(&[newest]),
            rid: Some(name.to_owned()),
        };
        // Encrypted where it stands, so that no copy of the text is left.
        let text = core::mem::take(&mut *text).into_bytes();
        Ok(CompactJwe::seal(&header, &[], &key, text)?)
    }

    /// Decrypts the note `name`.
    ///
    /// # Errors
    /// [`VaultError`]: locked; or [`VaultError::NoteDamaged`] for all that [`Vault::seal_note`] did
    /// not make under this name in this vault.
    ///
    /// ```
    /// # mod given { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/given.rs")); }
    /// # use given::*;
    /// use keyseal::vault::VaultError;
    ///
    /// let mut vault = vault();
    /// let sealed = vault.seal_note("draft", String::from("Dear diary").into())?;
    /// vault.lock();
    /// assert_eq!(vault.open_note("draft", &sealed), Err(VaultError::Locked));
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    pub fn open_note(&self, name: &str, sealed: &str) -> Result<Zeroizing<String>, VaultError> {
        if self.header.is_none() {
            // It is of a vault that is no more.
            return Err(VaultError::NoteDamaged);
        }
        let keys = self.notes_keys()?;
        opened(name, sealed, keys.as_deref()).ok_or(VaultError::NoteDamaged)
    }

    /// The keys of the notes, one after the other; new notes are under the last.
    fn notes_keys(&self) -> Result<Option<Zeroizing<Vec<u8>>>, VaultError> {
        let (header, vault_key) = self.unlocked()?;
        Ok(header.notes().and_then(|notes| {
            let jwe = CompactJwe::parse(notes, Alg::Dir, TYP_NOTES_KEYS, false).ok()?;
            jwe.open(vault_key.cipher())
        }))
    }

    /// Makes the first one, or one in place of those that cannot be read.
    fn first_notes_key(&mut self) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let (header, vault_key) = self.unlocked()?;
        let header = with_another(header.clone(), &[], vault_key)?;
        self.replace_header(header)?;
        self.notes_keys()?.ok_or(VaultError::NoteDamaged)
    }

    /// `new` with the keys of the notes under `new_key`, and one more for new notes: whoever could open
    /// the vault before must not read what is sealed from then on.
    pub(super) fn with_notes_keys(
        &self,
        new: Header,
        new_key: &VaultKey,
    ) -> Result<Header, VaultError> {
        // Those that do not open were damaged before, and the notes with them.
        Ok(match self.notes_keys()? {
            Some(keys) => with_another(new, &keys, new_key)?,
            None => new,
        })
    }
}

fn opened(name: &str, sealed: &str, keys: Option<&Vec<u8>>) -> Option<Zeroizing<String>> {
    let jwe = CompactJwe::parse_up_to(MAX_SEALED_BYTES, sealed, Alg::Dir, TYP_NOTE, true).ok()?;
    if jwe.header.rid.as_deref() != Some(name) {
        return None;
    }
    let [at] = decode_base64url(&jwe.header.kid)?.try_into().ok()?;
    let mut text = jwe.open(&key_at(keys?, at)?)?;
    let text = String::from_utf8(core::mem::take(&mut *text)).ok()?;
    Some(Zeroizing::new(text))
}

fn key_at(keys: &[u8], at: u8) -> Option<ContentKey> {
    let key = keys.get(usize::from(at) * KEY_BYTES..)?.first_chunk()?;
    Some(ContentKey::new(key))
}

fn with_another(header: Header, keys: &[u8], vault_key: &VaultKey) -> Result<Header, SealError> {
    // Room for all at once: what grows leaves copies behind.
    let mut all = Vec::with_capacity(keys.len() + KEY_BYTES);
    all.extend_from_slice(keys);
    if keys.len() < MAX_KEYS * KEY_BYTES {
        all.extend_from_slice(&random::<KEY_BYTES>()?);
    }
    let wrapping = envelope::Header {
        alg: Alg::Dir,
        typ: TYP_NOTES_KEYS,
        kid: header.id().to_owned(),
        rid: None,
    };
    let notes = CompactJwe::seal(&wrapping, &[], vault_key.cipher(), all)?;
    Ok(header.with_notes(notes))
}

#[cfg(test)]
mod tests;
