//! The end of an entry's key.

use std::time::Duration;

use super::{Note, Owner, Store, StoreError, audit, lock, open, rows::stored};
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

    /// SQLite's log still holds what was removed from the tables: it is emptied. A reader in the
    /// middle of a list can hold it for a moment.
    pub(super) async fn forget_removed(&self) {
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
