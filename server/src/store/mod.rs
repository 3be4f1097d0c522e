//! The database: SQLite or PostgreSQL, one set of migrations and queries for both. Every row is
//! reached through an [`Owner`].

mod entry;
mod owner;

pub use entry::{Candidate, Entry, Status};
pub use owner::{Owner, Realm};

use crate::clock::Micros;

/// The database could not do it; never holds a value.
#[derive(Debug, thiserror::Error)]
#[error("the database failed: {0}")]
pub struct StoreError(#[from] sqlx::Error);

/// The database.
pub struct Store;

impl Store {
    /// Active, unexpired, unrevoked entries of a provider, in priority order.
    pub async fn candidates(
        &self,
        _owner: &Owner,
        _provider: &str,
        _now: Micros,
    ) -> Result<Vec<Candidate>, StoreError> {
        Ok(Vec::new())
    }

    /// One entry, revoked or not.
    pub async fn entry(&self, _owner: &Owner, _id: &str) -> Result<Option<Entry>, StoreError> {
        Ok(None)
    }

    /// Counts one use; written within a second or so.
    pub fn record_use(&self, _owner: &Owner, _id: &str, _at: Micros) {}

    /// Writes a test's result.
    pub async fn record_test(
        &self,
        _owner: &Owner,
        _id: &str,
        _status: Status,
        _detail: Option<&str>,
        _at: Micros,
    ) -> Result<(), StoreError> {
        Ok(())
    }

    /// Writes what a provider's answer said about the key, where no test was asked for.
    pub async fn mark_status(
        &self,
        _owner: &Owner,
        _id: &str,
        _status: Status,
        _detail: Option<&str>,
    ) -> Result<(), StoreError> {
        Ok(())
    }

    /// No key of the ring opens it: the user has to enter it again.
    pub async fn mark_needs_reentry(&self, _owner: &Owner, _id: &str) -> Result<(), StoreError> {
        Ok(())
    }

    /// Whether this id is new: one atomic insert, kept until `until` (seconds) by the database's clock.
    pub async fn claim_jti(
        &self,
        _owner: &Owner,
        _jti: &str,
        _until: i64,
    ) -> Result<bool, StoreError> {
        Ok(true)
    }
}
