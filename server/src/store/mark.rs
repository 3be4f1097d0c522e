//! What tests and uses say about a key.

use sqlx::Row;

use super::{Note, Owner, Status, Store, StoreError, audit, lock, rows::live};
use crate::clock::Micros;

impl Store {
    /// Writes the result of testing `sealed_key`, unless another key took its place meanwhile.
    pub async fn record_test(
        &self,
        owner: &Owner,
        id: &str,
        sealed_key: &str,
        (status, detail): (Status, Option<&str>),
        at: Micros,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        lock(&mut tx, owner).await?;
        let entry = live(&mut tx, owner, id).await?;
        let Some(entry) = entry.filter(|entry| entry.sealed_key.as_deref() == Some(sealed_key))
        else {
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

    /// Writes what a provider's answer to a use said about `sealed_key`, unless another key took its
    /// place meanwhile.
    pub async fn mark_status(
        &self,
        owner: &Owner,
        id: &str,
        sealed_key: &str,
        (status, detail): (Status, Option<&str>),
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE entries SET status = $5, status_detail = $6
             WHERE realm = $1 AND sub = $2 AND id = $3 AND sealed_key = $4",
        )
        .bind(owner.realm().as_str())
        .bind(owner.sub())
        .bind(id)
        .bind(sealed_key)
        .bind(status.as_str())
        .bind(detail)
        .execute(&self.writer)
        .await?;
        Ok(())
    }

    /// The provider asked to wait with `sealed_key` until then; a longer rest stays.
    pub async fn rest(
        &self,
        owner: &Owner,
        id: &str,
        sealed_key: &str,
        until: Micros,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE entries SET resting_until = $5
             WHERE realm = $1 AND sub = $2 AND id = $3 AND sealed_key = $4
               AND (resting_until IS NULL OR resting_until < $5)",
        )
        .bind(owner.realm().as_str())
        .bind(owner.sub())
        .bind(id)
        .bind(sealed_key)
        .bind(until)
        .execute(&self.writer)
        .await?;
        Ok(())
    }

    /// No key of the ring opens it: the user has to enter it again.
    /// Only while it is still the key that did not open: it may have been entered again meanwhile.
    pub async fn mark_needs_reentry(
        &self,
        owner: &Owner,
        id: &str,
        sealed_key: &str,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE entries SET needs_reentry = 1
             WHERE realm = $1 AND sub = $2 AND id = $3 AND sealed_key = $4",
        )
        .bind(owner.realm().as_str())
        .bind(owner.sub())
        .bind(id)
        .bind(sealed_key)
        .execute(&self.writer)
        .await?;
        Ok(())
    }

    /// Whether any sealed key is stored, of whomever.
    pub async fn holds_keys(&self) -> Result<bool, StoreError> {
        let row = sqlx::query("SELECT id FROM entries WHERE sealed_key IS NOT NULL LIMIT 1")
            .fetch_optional(&self.reader)
            .await?;
        Ok(row.is_some())
    }

    /// Marks the entries that no key of the ring opens, and takes the mark from those whose key came
    /// back. Of every user: it is the ring that changed.
    pub async fn mark_by_ring(&self, knows: impl Fn(&str) -> bool) -> Result<(), StoreError> {
        let rows = sqlx::query("SELECT DISTINCT kid FROM entries")
            .fetch_all(&self.reader)
            .await?;
        for row in rows {
            let kid: String = row.try_get("kid")?;
            let (needed, was) = if knows(&kid) { (0_i64, 1_i64) } else { (1, 0) };
            let marked = sqlx::query(
                "UPDATE entries SET needs_reentry = $2
                 WHERE kid = $1 AND sealed_key IS NOT NULL AND needs_reentry = $3",
            )
            .bind(kid.as_str())
            .bind(needed)
            .bind(was)
            .execute(&self.writer)
            .await?;
            if marked.rows_affected() > 0 {
                let entries = marked.rows_affected();
                tracing::warn!(
                    kid,
                    entries,
                    needs_reentry = needed == 1,
                    "the ring changed"
                );
            }
        }
        Ok(())
    }
}
