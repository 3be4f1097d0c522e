//! The end of an entry's key.

use std::{sync::atomic::Ordering, time::Duration};

use sqlx::Row;

use super::{Note, Owner, Realm, Store, StoreError, audit, lock, open, rows::stored};
use crate::clock::Micros;

impl Store {
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

    /// The entries revoked since then. The one query that asks for rows of everybody: it reads no
    /// more than whose they are and their ids.
    pub async fn revoked_since(&self, at: Micros) -> Result<Vec<(Owner, String)>, StoreError> {
        let rows = sqlx::query("SELECT realm, sub, id FROM entries WHERE revoked_at >= $1")
            .bind(at)
            .fetch_all(&self.reader)
            .await?;
        let mut revoked = Vec::with_capacity(rows.len());
        for row in rows {
            let (realm, sub): (String, String) = (row.try_get("realm")?, row.try_get("sub")?);
            if let Some(realm) = Realm::parse(&realm) {
                revoked.push((Owner::new(realm, sub), row.try_get("id")?));
            }
        }
        Ok(revoked)
    }

    /// SQLite's log still holds what was removed from the tables: it is emptied. A reader in the
    /// middle of a list can hold it for a moment.
    pub(super) async fn forget_removed(&self) {
        self.unforgotten.store(self.sqlite, Ordering::Relaxed);
        for _ in 0..20 {
            if self.forget_now().await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        tracing::warn!("the write-ahead log is in use: it is truncated as soon as it is not");
    }

    /// Empties SQLite's log where it may hold what was removed. `false`: not yet, it is in use.
    pub async fn forget_now(&self) -> bool {
        if !self.unforgotten.swap(false, Ordering::Relaxed) {
            return true;
        }
        match open::truncate_wal(&self.writer).await {
            Ok(true) => return true,
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "the write-ahead log was not truncated"),
        }
        self.unforgotten.store(true, Ordering::Relaxed);
        false
    }
}
