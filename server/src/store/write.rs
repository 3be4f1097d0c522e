//! Writing entries. Each write is one transaction, audited, and one at a time for each user.

use std::{collections::HashSet, time::Duration};

use sqlx::{Any, Row, Transaction};

use super::{
    Entry, Note, Owner, Status, Store, StoreError, audit, entry::entry_columns, lock, open,
};
use crate::clock::Micros;

type Tx = Transaction<'static, Any>;

/// A sealed key that was opened once and found good, with what belongs to it.
pub struct NewEntry<'a> {
    /// The id the browser gave it.
    pub id: &'a str,
    /// The catalogue's id.
    pub provider: &'a str,
    /// What the user calls it.
    pub label: &'a str,
    /// The key itself, sealed.
    pub key: Replacement<'a>,
    /// Of the request, to know it again.
    pub request_digest: &'a str,
    /// 0 first; none: last.
    pub priority: Option<i64>,
    /// From when it is not chosen.
    pub expires_at: Option<Micros>,
}

/// A sealed key, and what was read out of it.
#[derive(Clone, Copy)]
pub struct Replacement<'a> {
    /// Canonical JSON.
    pub sealed_key: &'a str,
    /// Which key of the ring opens it.
    pub kid: &'a str,
    /// Its `iat`, in seconds.
    pub sealed_at: i64,
    /// The mask.
    pub hint: &'a str,
    /// The sealed host, if any.
    pub host: Option<&'a str>,
}

/// What became of an upload.
#[derive(Debug)]
pub enum Added {
    /// Stored.
    Stored(Box<Entry>),
    /// The same request was stored before; nothing was written.
    Same(Box<Entry>),
    /// Another request had this id.
    Conflict,
    /// The id was revoked.
    Revoked,
}

/// What a PATCH changes beside the key; none: left as it is.
#[derive(Default)]
pub struct Changes {
    /// What the user calls it.
    pub label: Option<String>,
    /// Whether it may be chosen.
    pub active: Option<bool>,
    /// 0 first.
    pub priority: Option<i64>,
    /// From when it is not chosen; `Some(None)`: never.
    pub expires_at: Option<Option<Micros>>,
}

impl Changes {
    fn names(&self) -> String {
        let names = [
            ("label", self.label.is_some()),
            ("isActive", self.active.is_some()),
            ("priority", self.priority.is_some()),
            ("expiresAt", self.expires_at.is_some()),
        ];
        let changed: Vec<_> = names
            .iter()
            .filter(|(_, set)| *set)
            .map(|(name, _)| *name)
            .collect();
        changed.join(",")
    }
}

/// What became of a new key for an old entry.
#[derive(Debug)]
pub enum Replaced {
    /// Stored.
    Stored(Box<Entry>),
    /// There is no such entry.
    Gone,
    /// It was sealed no later than the one it would replace.
    NotNewer,
}

/// What became of a new order.
#[derive(Debug)]
pub enum Reordered {
    /// The provider's entries in their new order.
    Done(Vec<Entry>),
    /// The ids are not exactly those of the provider's entries.
    NotAll,
}

impl Store {
    /// Whether an id is taken by the same request, by another, or was revoked.
    pub async fn known(
        &self,
        owner: &Owner,
        id: &str,
        request_digest: &str,
    ) -> Result<Option<Added>, StoreError> {
        let mut connection = self.reader.acquire().await?;
        let row = stored(&mut connection, owner, id).await?;
        Ok(row.map(|(entry, digest)| judge(entry, &digest, request_digest)))
    }

    /// Stores a new entry, once.
    pub async fn add(
        &self,
        owner: &Owner,
        new: &NewEntry<'_>,
        now: Micros,
    ) -> Result<Added, StoreError> {
        let mut tx = self.begin().await?;
        lock(&mut tx, owner).await?;
        if let Some((entry, digest)) = stored(&mut tx, owner, new.id).await? {
            return Ok(judge(entry, &digest, new.request_digest));
        }
        insert(&mut tx, owner, new, now).await?;
        let note = Note::entry("key.add", new.id, new.provider);
        audit::write(&mut tx, owner, &note, now).await?;
        let entry = required(&mut tx, owner, new.id).await?;
        tx.commit().await?;
        Ok(Added::Stored(Box::new(entry)))
    }

    /// Changes what stands beside the key.
    pub async fn update(
        &self,
        owner: &Owner,
        id: &str,
        changes: &Changes,
        now: Micros,
    ) -> Result<Option<Entry>, StoreError> {
        let mut tx = self.begin().await?;
        lock(&mut tx, owner).await?;
        let Some(mut entry) = live(&mut tx, owner, id).await? else {
            return Ok(None);
        };
        if let Some(label) = &changes.label {
            entry.label.clone_from(label);
        }
        entry.active = changes.active.unwrap_or(entry.active);
        entry.priority = changes.priority.unwrap_or(entry.priority);
        entry.expires_at = changes.expires_at.unwrap_or(entry.expires_at);
        sqlx::query(
            "UPDATE entries SET label = $4, active = $5, priority = $6, expires_at = $7
             WHERE realm = $1 AND sub = $2 AND id = $3",
        )
        .bind(owner.realm().as_str())
        .bind(owner.sub())
        .bind(id)
        .bind(entry.label.as_str())
        .bind(i64::from(entry.active))
        .bind(entry.priority)
        .bind(entry.expires_at)
        .execute(&mut *tx)
        .await?;
        let note = Note::entry("key.update", id, &entry.provider).detail(changes.names());
        audit::write(&mut tx, owner, &note, now).await?;
        tx.commit().await?;
        Ok(Some(entry))
    }

    /// Puts a new key in an entry's place; only one sealed later than the stored one.
    pub async fn replace(
        &self,
        owner: &Owner,
        id: &str,
        key: Replacement<'_>,
        now: Micros,
    ) -> Result<Replaced, StoreError> {
        let mut tx = self.begin().await?;
        lock(&mut tx, owner).await?;
        let Some(entry) = live(&mut tx, owner, id).await? else {
            return Ok(Replaced::Gone);
        };
        let changed = sqlx::query(
            "UPDATE entries SET sealed_key = $4, kid = $5, sealed_at = $6, hint = $7, host = $8,
                 status = $9, status_detail = NULL, last_tested_at = NULL, needs_reentry = 0
             WHERE realm = $1 AND sub = $2 AND id = $3 AND sealed_at < $6",
        )
        .bind(owner.realm().as_str())
        .bind(owner.sub())
        .bind(id)
        .bind(key.sealed_key)
        .bind(key.kid)
        .bind(key.sealed_at)
        .bind(key.hint)
        .bind(key.host)
        .bind(Status::Untested.as_str())
        .execute(&mut *tx)
        .await?;
        if changed.rows_affected() == 0 {
            return Ok(Replaced::NotNewer);
        }
        let note = Note::entry("key.replace", id, &entry.provider);
        audit::write(&mut tx, owner, &note, now).await?;
        let entry = required(&mut tx, owner, id).await?;
        tx.commit().await?;
        self.forget_removed().await;
        Ok(Replaced::Stored(Box::new(entry)))
    }

    /// Puts all of a provider's entries in a new order.
    pub async fn reorder(
        &self,
        owner: &Owner,
        provider: &str,
        ids: &[String],
        now: Micros,
    ) -> Result<Reordered, StoreError> {
        let mut tx = self.begin().await?;
        lock(&mut tx, owner).await?;
        let mut entries = of_provider(&mut tx, owner, provider).await?;
        let stored: HashSet<&str> = entries.iter().map(|entry| entry.id.as_str()).collect();
        let named: HashSet<&str> = ids.iter().map(String::as_str).collect();
        if ids.len() != named.len() || named != stored {
            return Ok(Reordered::NotAll);
        }
        for (priority, id) in (0_i64..).zip(ids) {
            sqlx::query(
                "UPDATE entries SET priority = $4 WHERE realm = $1 AND sub = $2 AND id = $3",
            )
            .bind(owner.realm().as_str())
            .bind(owner.sub())
            .bind(id.as_str())
            .bind(priority)
            .execute(&mut *tx)
            .await?;
        }
        let note = Note {
            provider: Some(provider),
            ..Note::new("key.reorder")
        };
        audit::write(&mut tx, owner, &note, now).await?;
        entries = of_provider(&mut tx, owner, provider).await?;
        tx.commit().await?;
        Ok(Reordered::Done(entries))
    }

    /// Removes the ciphertext at once and keeps the row. `false`: there is no such entry.
    pub async fn revoke(&self, owner: &Owner, id: &str, now: Micros) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        lock(&mut tx, owner).await?;
        let Some((entry, _)) = stored(&mut tx, owner, id).await? else {
            return Ok(false);
        };
        if entry.revoked_at.is_some() {
            return Ok(true);
        }
        sqlx::query(
            "UPDATE entries SET sealed_key = NULL, active = 0, revoked_at = $4
             WHERE realm = $1 AND sub = $2 AND id = $3",
        )
        .bind(owner.realm().as_str())
        .bind(owner.sub())
        .bind(id)
        .bind(now)
        .execute(&mut *tx)
        .await?;
        let note = Note::entry("key.revoke", id, &entry.provider);
        audit::write(&mut tx, owner, &note, now).await?;
        tx.commit().await?;
        self.forget_removed().await;
        Ok(true)
    }

    /// Writes a test's result.
    pub async fn record_test(
        &self,
        owner: &Owner,
        id: &str,
        status: Status,
        detail: Option<&str>,
        at: Micros,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        lock(&mut tx, owner).await?;
        let Some(entry) = live(&mut tx, owner, id).await? else {
            return Ok(());
        };
        sqlx::query(
            "UPDATE entries SET status = $4, status_detail = $5, last_tested_at = $6
             WHERE realm = $1 AND sub = $2 AND id = $3",
        )
        .bind(owner.realm().as_str())
        .bind(owner.sub())
        .bind(id)
        .bind(status.as_str())
        .bind(detail)
        .bind(at)
        .execute(&mut *tx)
        .await?;
        let note = Note::entry("key.test", id, &entry.provider).detail(status.as_str());
        audit::write(&mut tx, owner, &note, at).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Writes what a provider's answer said about the key, where no test was asked for.
    pub async fn mark_status(
        &self,
        owner: &Owner,
        id: &str,
        status: Status,
        detail: Option<&str>,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE entries SET status = $4, status_detail = $5
             WHERE realm = $1 AND sub = $2 AND id = $3 AND revoked_at IS NULL",
        )
        .bind(owner.realm().as_str())
        .bind(owner.sub())
        .bind(id)
        .bind(status.as_str())
        .bind(detail)
        .execute(&self.writer)
        .await?;
        Ok(())
    }

    /// No key of the ring opens it: the user has to enter it again.
    pub async fn mark_needs_reentry(&self, owner: &Owner, id: &str) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE entries SET needs_reentry = 1
             WHERE realm = $1 AND sub = $2 AND id = $3 AND revoked_at IS NULL",
        )
        .bind(owner.realm().as_str())
        .bind(owner.sub())
        .bind(id)
        .execute(&self.writer)
        .await?;
        Ok(())
    }

    /// SQLite's log still holds what was removed from the tables: it is emptied. A reader in the
    /// middle of a list can hold it for a moment.
    async fn forget_removed(&self) {
        if !self.sqlite {
            return;
        }
        for _ in 0..20 {
            match open::truncate_wal(&self.writer).await {
                Ok(true) => return,
                Ok(false) => tokio::time::sleep(Duration::from_millis(25)).await,
                Err(error) => {
                    tracing::warn!(%error, "the write-ahead log was not truncated");
                    return;
                }
            }
        }
        tracing::warn!("the write-ahead log was in use and not truncated; the next write does it");
    }
}

fn judge(entry: Entry, stored_digest: &str, request_digest: &str) -> Added {
    if entry.revoked_at.is_some() {
        Added::Revoked
    } else if stored_digest == request_digest {
        Added::Same(Box::new(entry))
    } else {
        Added::Conflict
    }
}

async fn stored(
    connection: &mut sqlx::AnyConnection,
    owner: &Owner,
    id: &str,
) -> Result<Option<(Entry, String)>, StoreError> {
    let row = sqlx::query(concat!(
        "SELECT ",
        entry_columns!(),
        ", request_digest FROM entries WHERE realm = $1 AND sub = $2 AND id = $3"
    ))
    .bind(owner.realm().as_str())
    .bind(owner.sub())
    .bind(id)
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some((
        Entry::from_row(&row)?,
        row.try_get("request_digest")?,
    )))
}

async fn live(tx: &mut Tx, owner: &Owner, id: &str) -> Result<Option<Entry>, StoreError> {
    let found = stored(tx, owner, id).await?.map(|(entry, _)| entry);
    Ok(found.filter(|entry| entry.revoked_at.is_none()))
}

/// What was written in this transaction.
async fn required(tx: &mut Tx, owner: &Owner, id: &str) -> Result<Entry, StoreError> {
    live(tx, owner, id)
        .await?
        .ok_or(StoreError::Sqlx(sqlx::Error::RowNotFound))
}

async fn of_provider(tx: &mut Tx, owner: &Owner, provider: &str) -> Result<Vec<Entry>, StoreError> {
    let rows = sqlx::query(concat!(
        "SELECT ",
        entry_columns!(),
        " FROM entries WHERE realm = $1 AND sub = $2 AND provider = $3 AND revoked_at IS NULL
          ORDER BY priority, created_at, id"
    ))
    .bind(owner.realm().as_str())
    .bind(owner.sub())
    .bind(provider)
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.iter().map(Entry::from_row).collect::<Result<_, _>>()?)
}

async fn insert(
    tx: &mut Tx,
    owner: &Owner,
    new: &NewEntry<'_>,
    now: Micros,
) -> Result<(), StoreError> {
    let last = sqlx::query(
        "SELECT COALESCE(MAX(priority) + 1, 0) AS next FROM entries
         WHERE realm = $1 AND sub = $2 AND provider = $3 AND revoked_at IS NULL",
    )
    .bind(owner.realm().as_str())
    .bind(owner.sub())
    .bind(new.provider)
    .fetch_one(&mut **tx)
    .await?;
    let priority = new.priority.map_or_else(|| last.try_get("next"), Ok)?;
    sqlx::query(
        "INSERT INTO entries (realm, sub, id, provider, label, hint, host, sealed_key, kid,
             sealed_at, request_digest, status, active, priority, total_requests, total_tokens,
             needs_reentry, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 1, $13, 0, 0, 0, $14, $15)",
    )
    .bind(owner.realm().as_str())
    .bind(owner.sub())
    .bind(new.id)
    .bind(new.provider)
    .bind(new.label)
    .bind(new.key.hint)
    .bind(new.key.host)
    .bind(new.key.sealed_key)
    .bind(new.key.kid)
    .bind(new.key.sealed_at)
    .bind(new.request_digest)
    .bind(Status::Untested.as_str())
    .bind(priority)
    .bind(now)
    .bind(new.expires_at)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
