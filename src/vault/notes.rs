//! Notes: records beside the entries in which those who use a vault keep what all tabs must agree
//! on, such as whether it was locked. No secrets: a note is as readable as any other record.

use super::Vault;
use super::error::VaultError;
use super::store::Store;

impl<S: Store> Vault<S> {
    /// What the name of each record of this vault starts with.
    #[must_use]
    pub fn prefix(&self) -> &str {
        self.names.prefix()
    }

    /// The note `name`, if there is one.
    ///
    /// # Errors
    /// [`VaultError::Store`].
    pub fn note(&self, name: &str) -> Result<Option<String>, VaultError> {
        Ok(self.store.get(&self.names.note(name))?)
    }

    /// Names of all notes, in order.
    ///
    /// # Errors
    /// [`VaultError::Store`].
    pub fn notes(&self) -> Result<Vec<String>, VaultError> {
        let prefix = self.names.note("");
        let names = self.store.names(&prefix)?;
        Ok(names
            .into_iter()
            .map(|name| name[prefix.len()..].to_owned())
            .collect())
    }

    /// Writes a note, or removes it.
    ///
    /// # Errors
    /// [`VaultError::Store`].
    pub fn set_note(&mut self, name: &str, value: Option<&str>) -> Result<(), VaultError> {
        let name = self.names.note(name);
        match value {
            Some(value) => self.store.set(&name, value)?,
            None => self.store.remove(&name)?,
        }
        Ok(())
    }
}
