//! How records are named: `keyseal.v1.<vault>[-<namespace>].<kind>[.<id>]`.

use super::store::{Store, StoreError};
use crate::envelope::digest;

const PREFIX: &str = "keyseal.v1.";

/// The names of one vault's records. They begin with a hash, so that the user's id does not stand
/// in the open; a hash of both parts, so that no two users or companions share one.
pub(super) struct Names(String);

/// The name of the pin of `issuer`, which all its users share.
pub(super) fn pin(issuer: &str) -> String {
    format!("{PREFIX}pin.{}", short(issuer))
}

fn short(text: &str) -> String {
    let mut hash = digest(text.as_bytes());
    hash.truncate(22);
    hash
}

impl Names {
    pub(super) fn new(issuer: &str, sub: &str) -> Self {
        Self(format!("{PREFIX}{}.", short(&format!("{issuer}\n{sub}"))))
    }

    /// The same vault's names where an app keeps several of them apart.
    pub(super) fn within(&self, namespace: &str) -> Self {
        let whole = self.0.trim_end_matches('.');
        Self(format!("{whole}-{}.", short(namespace)))
    }

    pub(super) fn header(&self) -> String {
        format!("{}vault", self.0)
    }

    pub(super) fn entry(&self, rid: &str) -> String {
        format!("{}entry.{rid}", self.0)
    }

    pub(super) fn synced(&self, id: &str) -> String {
        format!("{}synced.{id}", self.0)
    }

    pub(super) fn note(&self, name: &str) -> String {
        format!("{}note.{name}", self.0)
    }

    pub(super) fn prefix(&self) -> &str {
        &self.0
    }

    pub(super) fn entry_ids(&self, store: &impl Store) -> Result<Vec<String>, StoreError> {
        ids(store, &self.entry(""))
    }

    pub(super) fn synced_ids(&self, store: &impl Store) -> Result<Vec<String>, StoreError> {
        ids(store, &self.synced(""))
    }

    pub(super) fn all(&self, store: &impl Store) -> Result<Vec<String>, StoreError> {
        store.names(&self.0)
    }
}

fn ids(store: &impl Store, prefix: &str) -> Result<Vec<String>, StoreError> {
    Ok(without(prefix, &store.names(prefix)?))
}

/// What follows `prefix` in each name. Cutting where a text says would bring the words of a panic about
/// characters, which are kilobytes.
pub(super) fn without(prefix: &str, names: &[String]) -> Vec<String> {
    let rests = names.iter().filter_map(|name| name.strip_prefix(prefix));
    rests.map(str::to_owned).collect()
}
