//! Changes of an entry: what stands beside the key, the key itself, the order.

use std::collections::HashSet;

use super::{
    Entry, Note, Owner, Period, Replacement, Status, Store, StoreError, audit, lock,
    rows::{live, of_provider, required},
};
use crate::clock::Micros;

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
    /// What may be spent, in millionths of a dollar; `Some(None)`: no budget any more.
    pub budget: Option<Option<i64>>,
    /// In which time; only for an entry that has a budget.
    pub budget_period: Option<Period>,
}

impl Changes {
    fn names(&self) -> String {
        let names = [
            ("label", self.label.is_some()),
            ("isActive", self.active.is_some()),
            ("priority", self.priority.is_some()),
            ("expiresAt", self.expires_at.is_some()),
            ("budgetUsd", self.budget.is_some()),
            ("budgetPeriod", self.budget_period.is_some()),
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
        let known = entry.budget.map(|budget| budget.micro_usd);
        let micro_usd = changes.budget.unwrap_or(known);
        let period = changes
            .budget_period
            .or(entry.budget.map(|budget| budget.period));
        let period = micro_usd.map(|_| period.unwrap_or(Period::Month));
        sqlx::query(
            "UPDATE entries SET label = $4, active = $5, priority = $6, expires_at = $7,
                 budget_micro_usd = $8, budget_period = $9
             WHERE realm = $1 AND sub = $2 AND id = $3",
        )
        .bind(owner.realm().as_str())
        .bind(owner.sub())
        .bind(id)
        .bind(entry.label.as_str())
        .bind(i64::from(entry.active))
        .bind(entry.priority)
        .bind(entry.expires_at)
        .bind(micro_usd)
        .bind(period.map(Period::as_str))
        .execute(&mut *tx)
        .await?;
        let note = Note::entry("key.update", id, &entry.provider).detail(changes.names());
        audit::write(&mut tx, owner, &note, now).await?;
        let entry = required(&mut tx, owner, id).await?;
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
                 status = $9, status_detail = NULL, last_tested_at = NULL, needs_reentry = 0,
                 resting_until = NULL
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
}
