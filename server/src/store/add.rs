//! A new entry: stored once, however often it is sent.

use sqlx::Row;

use super::{
    Entry, Note, Owner, Period, Status, Store, StoreError, audit, lock,
    rows::{Tx, required, stored},
};
use crate::clock::Micros;

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
    /// What may be spent under it, in millionths of a dollar.
    pub budget: Option<(i64, Period)>,
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
             needs_reentry, created_at, expires_at, budget_micro_usd, budget_period)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 1, $13, 0, 0, 0, $14, $15, $16,
             $17)",
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
    .bind(new.budget.map(|(micro, _)| micro))
    .bind(new.budget.map(|(_, period)| period.as_str()))
    .execute(&mut **tx)
    .await?;
    Ok(())
}
