//! Reading entries.

use super::{Candidate, Entry, Owner, Store, StoreError, entry::entry_columns};
use crate::clock::Micros;

impl Store {
    /// All entries of a user that were not revoked, in the order they are tried.
    pub async fn list(&self, owner: &Owner) -> Result<Vec<Entry>, StoreError> {
        let rows = sqlx::query(concat!(
            "SELECT ",
            entry_columns!(),
            " FROM entries WHERE realm = $1 AND sub = $2 AND revoked_at IS NULL
             ORDER BY provider, priority, created_at, id"
        ))
        .bind(owner.realm().as_str())
        .bind(owner.sub())
        .fetch_all(&self.reader)
        .await?;
        Ok(rows.iter().map(Entry::from_row).collect::<Result<_, _>>()?)
    }

    /// One entry, revoked or not.
    pub async fn entry(&self, owner: &Owner, id: &str) -> Result<Option<Entry>, StoreError> {
        let row = sqlx::query(concat!(
            "SELECT ",
            entry_columns!(),
            " FROM entries WHERE realm = $1 AND sub = $2 AND id = $3"
        ))
        .bind(owner.realm().as_str())
        .bind(owner.sub())
        .bind(id)
        .fetch_optional(&self.reader)
        .await?;
        Ok(row.as_ref().map(Entry::from_row).transpose()?)
    }

    /// Active, unexpired, unrevoked entries of a provider, in priority order.
    pub async fn candidates(
        &self,
        owner: &Owner,
        provider: &str,
        now: Micros,
    ) -> Result<Vec<Candidate>, StoreError> {
        let rows = sqlx::query(
            "SELECT id, sealed_key, host, status, priority, needs_reentry, cost_micro_usd, month,
                 month_micro_usd, budget_micro_usd, budget_period, resting_until FROM entries
             WHERE realm = $1 AND sub = $2 AND provider = $3
               AND active = 1 AND revoked_at IS NULL AND sealed_key IS NOT NULL
               AND (expires_at IS NULL OR expires_at > $4)
             ORDER BY priority, created_at, id",
        )
        .bind(owner.realm().as_str())
        .bind(owner.sub())
        .bind(provider)
        .bind(now)
        .fetch_all(&self.reader)
        .await?;
        Ok(rows
            .iter()
            .map(Candidate::from_row)
            .collect::<Result<_, _>>()?)
    }

    /// Whether this user ever had an entry for the provider, revoked ones included.
    pub async fn ever_had(&self, owner: &Owner, provider: &str) -> Result<bool, StoreError> {
        let row = sqlx::query(
            "SELECT id FROM entries WHERE realm = $1 AND sub = $2 AND provider = $3 LIMIT 1",
        )
        .bind(owner.realm().as_str())
        .bind(owner.sub())
        .bind(provider)
        .fetch_optional(&self.reader)
        .await?;
        Ok(row.is_some())
    }
}
