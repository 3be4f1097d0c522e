//! Where records live: a map of names to text.

use std::cell::RefCell;

/// Why a store did not do as asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreError {
    /// There is no room left. The record that was there still is.
    Full,
    /// The platform refuses access.
    Blocked,
}

/// A map of names to text records. A write is whole or not at all.
pub trait Store {
    /// The record, if there is one.
    ///
    /// # Errors
    /// [`StoreError::Blocked`].
    fn get(&self, name: &str) -> Result<Option<String>, StoreError>;
    /// Writes the record.
    ///
    /// # Errors
    /// [`StoreError`].
    fn set(&self, name: &str, value: &str) -> Result<(), StoreError>;
    /// Removes the record, if there is one.
    ///
    /// # Errors
    /// [`StoreError::Blocked`].
    fn remove(&self, name: &str) -> Result<(), StoreError>;
    /// The names that start with `prefix`, in order.
    ///
    /// # Errors
    /// [`StoreError::Blocked`].
    fn names(&self, prefix: &str) -> Result<Vec<String>, StoreError>;
}

/// Puts a name where it belongs in a sorted list. The lists are short, and the standard library's
/// sorts are seven kilobytes of wasm.
pub(crate) fn insert(sorted: &mut Vec<String>, name: String) {
    let at = sorted.partition_point(|known| *known < name);
    sorted.insert(at, name);
}

/// Records in memory: for private windows and workers, where nothing can persist.
#[derive(Default)]
pub struct MemoryStore(RefCell<Vec<(String, String)>>);

impl Store for MemoryStore {
    fn get(&self, name: &str) -> Result<Option<String>, StoreError> {
        let records = self.0.borrow();
        Ok(records
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.clone()))
    }

    fn set(&self, name: &str, value: &str) -> Result<(), StoreError> {
        self.remove(name)?;
        self.0
            .borrow_mut()
            .push((name.to_owned(), value.to_owned()));
        Ok(())
    }

    fn remove(&self, name: &str) -> Result<(), StoreError> {
        self.0.borrow_mut().retain(|(known, _)| known != name);
        Ok(())
    }

    fn names(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        let records = self.0.borrow();
        let names = records
            .iter()
            .map(|(name, _)| name)
            .filter(|name| name.starts_with(prefix));
        let mut sorted = Vec::new();
        for name in names {
            insert(&mut sorted, name.clone());
        }
        Ok(sorted)
    }
}
