//! Notes: records beside the entries in which those who use a vault keep what all tabs must agree
//! on, such as whether it was locked. No secrets: a note is as readable as any other record.

use super::Vault;
use super::error::VaultError;
use super::names::without;
use super::store::Store;

impl<S: Store> Vault<S> {
    /// What the name of each record of this vault starts with.
    ///
    /// ```
    /// # mod given { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/given.rs")); }
    /// # use given::*;
    /// use keyseal::vault::Store;
    ///
    /// let vault = vault();
    /// let names = vault.store().names(vault.prefix())?;
    /// assert!(!names.is_empty()); // its records, and no others
    /// # Ok::<(), keyseal::vault::StoreError>(())
    /// ```
    #[must_use]
    pub fn prefix(&self) -> &str {
        self.names.prefix()
    }

    /// The note `name`, if there is one.
    ///
    /// # Errors
    /// [`VaultError::Store`].
    ///
    /// ```
    /// # mod given { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/given.rs")); }
    /// # use given::*;
    /// let mut vault = vault();
    /// assert_eq!(vault.note("seen")?, None);
    /// vault.set_note("seen", Some("yes"))?;
    /// assert_eq!(vault.note("seen")?.as_deref(), Some("yes"));
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    pub fn note(&self, name: &str) -> Result<Option<String>, VaultError> {
        Ok(self.store.get(&self.names.note(name))?)
    }

    /// Names of all notes, in order.
    ///
    /// # Errors
    /// [`VaultError::Store`].
    ///
    /// ```
    /// # mod given { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/given.rs")); }
    /// # use given::*;
    /// let mut vault = vault();
    /// vault.set_note("seen", Some("yes"))?;
    /// assert_eq!(vault.notes()?, ["seen"]);
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    pub fn notes(&self) -> Result<Vec<String>, VaultError> {
        let prefix = self.names.note("");
        Ok(without(&prefix, &self.store.names(&prefix)?))
    }

    /// Writes a note, or removes it.
    ///
    /// # Errors
    /// [`VaultError::Store`].
    ///
    /// ```
    /// # mod given { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/given.rs")); }
    /// # use given::*;
    /// let mut vault = vault();
    /// vault.set_note("seen", Some("yes"))?;
    /// vault.set_note("seen", None)?;
    /// assert_eq!(vault.note("seen")?, None);
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    pub fn set_note(&mut self, name: &str, value: Option<&str>) -> Result<(), VaultError> {
        let name = self.names.note(name);
        match value {
            Some(value) => self.store.set(&name, value)?,
            None => self.store.remove(&name)?,
        }
        Ok(())
    }
}
