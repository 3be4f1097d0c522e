//! The database: SQLite or PostgreSQL, one set of migrations and queries for both. Every row is
//! reached through an [`Owner`].

mod add;
mod audit;
mod budget;
mod change;
mod counters;
mod entry;
mod error;
mod fee_month;
mod forget;
mod inspect;
mod mark;
mod open;
mod owner;
mod platform;
mod read;
mod replay;
mod revoke;
mod rewrap;
mod rows;
mod settings;
mod usage;

use std::sync::atomic::AtomicBool;

use sqlx::{Any, AnyPool, Transaction};

pub use self::{
    add::{Added, NewEntry, Replacement},
    audit::{Event, EventQuery, Note},
    budget::{Budget, Period},
    change::{Changes, Reordered, Replaced},
    counters::{Counts, ENVELOPE, PLATFORM, Used},
    entry::{Candidate, Entry, Status},
    error::StoreError,
    inspect::{Inspection, Tables},
    open::{migrate, sqlite_file},
    owner::{Owner, Realm},
    platform::{Left, Spent},
    rewrap::OldEntry,
    usage::{Dimension, Part, UsageQuery, UsageRow},
};
use self::{counters::Uses, platform::Settlements};

/// The database.
pub struct Store {
    /// On SQLite connections that only read; on PostgreSQL the same as `writer`.
    reader: AnyPool,
    /// On SQLite one connection: SQLite has one writer at a time, and waiting here is fair.
    writer: AnyPool,
    sqlite: bool,
    /// What was removed may still stand in SQLite's write-ahead log.
    unforgotten: AtomicBool,
    uses: Uses,
    /// The most that is counted in fees for one user in a month.
    fees_of_month: Option<i64>,
    settlements: Settlements,
}

impl Store {
    /// A transaction that may write. On SQLite it takes the write lock at once: a reader that
    /// becomes a writer later could fail.
    async fn begin(&self) -> Result<Transaction<'static, Any>, StoreError> {
        let statement = if self.sqlite {
            "BEGIN IMMEDIATE"
        } else {
            "BEGIN"
        };
        Ok(self.writer.begin_with(statement).await?)
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1").fetch_one(&self.reader).await?;
        Ok(())
    }

    /// Writes what is only counted so far and closes.
    pub async fn close(&self) {
        if let Err(error) = self.flush_uses().await {
            tracing::warn!(%error, "the last counts were not written");
        }
        if let Err(error) = self.flush_settlements().await {
            tracing::warn!(%error, "the last costs were not written; what was reserved stays counted");
        }
        self.reader.close().await;
        self.writer.close().await;
    }
}

/// Lets one writer of this user through at a time, until the transaction ends: what was read after
/// this stays true until then, on both databases.
async fn lock(tx: &mut Transaction<'static, Any>, owner: &Owner) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO users (realm, sub, settings, writes) VALUES ($1, $2, '{}', 1)
         ON CONFLICT (realm, sub) DO UPDATE SET writes = users.writes + 1",
    )
    .bind(owner.realm().as_str())
    .bind(owner.sub())
    .execute(&mut **tx)
    .await?;
    Ok(())
}
