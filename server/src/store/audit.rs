//! Who did what, when. Names and ids only, never a value.

use sqlx::{Any, Row, Transaction};
use uuid::Uuid;

use super::{Owner, Store, StoreError};
use crate::clock::Micros;

/// Something to write down.
#[derive(Default)]
pub struct Note<'a> {
    /// `key.add`, `key.revoke`, `settings.update`, …
    pub action: &'static str,
    /// The entry it was done to.
    pub entry_id: Option<&'a str>,
    /// Its provider.
    pub provider: Option<&'a str>,
    /// Names of what changed.
    pub detail: Option<String>,
}

impl<'a> Note<'a> {
    /// An act on no entry.
    pub fn new(action: &'static str) -> Self {
        Self {
            action,
            ..Self::default()
        }
    }

    /// An act on an entry.
    pub fn entry(action: &'static str, id: &'a str, provider: &'a str) -> Self {
        Self {
            action,
            entry_id: Some(id),
            provider: Some(provider),
            detail: None,
        }
    }

    /// Adds names of what changed.
    pub fn detail(mut self, names: impl Into<String>) -> Self {
        self.detail = Some(names.into());
        self
    }
}

/// Something written down.
#[derive(Debug)]
pub struct Event {
    /// Orders by time; the cursor of a page.
    pub id: String,
    /// When.
    pub at: Micros,
    /// What.
    pub action: String,
    /// To which entry.
    pub entry_id: Option<String>,
    /// Of which provider.
    pub provider: Option<String>,
    /// Names of what changed.
    pub detail: Option<String>,
    /// The entry's mask, as the entry itself shows it now.
    pub hint: Option<String>,
}

/// Which events; the newest first.
#[derive(Default)]
pub struct EventQuery<'a> {
    /// Only those before the event of this id.
    pub before: Option<&'a str>,
    /// Of one action.
    pub action: Option<&'a str>,
    /// Of one entry.
    pub entry: Option<&'a str>,
    /// From this moment on.
    pub since: Option<Micros>,
    /// Before this moment.
    pub until: Option<Micros>,
    /// At most so many.
    pub limit: i64,
}

impl Store {
    /// A user's events.
    pub async fn events(
        &self,
        owner: &Owner,
        asked: &EventQuery<'_>,
    ) -> Result<Vec<Event>, StoreError> {
        let rows = sqlx::query(
            "SELECT audit.id, audit.at, audit.action, audit.entry_id, audit.provider,
                 audit.detail, entries.hint
             FROM audit LEFT JOIN entries ON entries.realm = audit.realm
                 AND entries.sub = audit.sub AND entries.id = audit.entry_id
             WHERE audit.realm = $1 AND audit.sub = $2 AND audit.id < $3
                 AND (audit.action = $4 OR $4 = '') AND (audit.entry_id = $5 OR $5 = '')
                 AND audit.at >= $6 AND audit.at < $7
             ORDER BY audit.id DESC LIMIT $8",
        )
        .bind(owner.realm().as_str())
        .bind(owner.sub())
        .bind(asked.before.unwrap_or("g"))
        .bind(asked.action.unwrap_or_default())
        .bind(asked.entry.unwrap_or_default())
        .bind(asked.since.unwrap_or(Micros::MIN))
        .bind(asked.until.unwrap_or(Micros::MAX))
        .bind(asked.limit)
        .fetch_all(&self.reader)
        .await?;
        let event = |row: &sqlx::any::AnyRow| {
            Ok(Event {
                id: row.try_get("id")?,
                at: row.try_get("at")?,
                action: row.try_get("action")?,
                entry_id: row.try_get("entry_id")?,
                provider: row.try_get("provider")?,
                detail: row.try_get("detail")?,
                hint: row.try_get("hint")?,
            })
        };
        Ok(rows.iter().map(event).collect::<Result<_, sqlx::Error>>()?)
    }
}

impl Store {
    /// Writes down an act that changes nothing in the database.
    pub async fn note(
        &self,
        owner: &Owner,
        note: &Note<'_>,
        now: Micros,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        write(&mut tx, owner, note, now).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Removes what is older; nothing else ever removes or changes what was written down.
    pub async fn forget_events(&self, older_than: Micros) -> Result<u64, StoreError> {
        let removed = sqlx::query("DELETE FROM audit WHERE at < $1")
            .bind(older_than)
            .execute(&self.writer)
            .await?;
        Ok(removed.rows_affected())
    }
}

/// Writes a note with the act it belongs to.
pub(super) async fn write(
    tx: &mut Transaction<'static, Any>,
    owner: &Owner,
    note: &Note<'_>,
    now: Micros,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO audit (realm, sub, id, at, action, entry_id, provider, detail)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(owner.realm().as_str())
    .bind(owner.sub())
    .bind(Uuid::now_v7().to_string())
    .bind(now)
    .bind(note.action)
    .bind(note.entry_id)
    .bind(note.provider)
    .bind(note.detail.as_deref())
    .execute(&mut **tx)
    .await?;
    Ok(())
}
