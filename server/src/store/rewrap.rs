//! What moves entries from one key of the ring to another. These queries are of every user: it is the
//! ring that changes, and nothing but the ciphertext does.

use sqlx::{Row, any::AnyRow};

use super::{Owner, Realm, Store, StoreError};

/// An entry that is sealed to another key than the current one.
pub struct OldEntry {
    /// Whose.
    pub owner: Owner,
    /// The entry.
    pub id: String,
    /// The catalogue's id of the provider.
    pub provider: String,
    /// The host sealed into the key, where the user chose one.
    pub host: Option<String>,
    /// The sealed key, canonical JSON.
    pub sealed_key: String,
}

/// `needs_reentry` of an entry that no key opens though the ring has the key it names: that does not
/// end when the ring changes.
const DAMAGED: i64 = 2;

impl OldEntry {
    fn from_row(row: &AnyRow) -> Result<Option<Self>, sqlx::Error> {
        let realm: String = row.try_get("realm")?;
        let Some(realm) = Realm::parse(&realm) else {
            return Ok(None);
        };
        Ok(Some(Self {
            owner: Owner::new(realm, row.try_get::<String, _>("sub")?),
            id: row.try_get("id")?,
            provider: row.try_get("provider")?,
            host: row.try_get("host")?,
            sealed_key: row.try_get("sealed_key")?,
        }))
    }
}

impl Store {
    /// At most `most` entries that are sealed to other keys than `current`, in their order, after this
    /// one.
    pub async fn sealed_to_others(
        &self,
        current: &str,
        after: Option<&OldEntry>,
        most: i64,
    ) -> Result<Vec<OldEntry>, StoreError> {
        let (realm, sub, id) = after.map_or(("", "", ""), |entry| {
            (
                entry.owner.realm().as_str(),
                entry.owner.sub(),
                entry.id.as_str(),
            )
        });
        let rows = sqlx::query(
            "SELECT realm, sub, id, provider, host, sealed_key FROM entries
             WHERE kid <> $1 AND sealed_key IS NOT NULL AND (realm, sub, id) > ($2, $3, $4)
             ORDER BY realm, sub, id LIMIT $5",
        )
        .bind(current)
        .bind(realm)
        .bind(sub)
        .bind(id)
        .bind(most)
        .fetch_all(&self.reader)
        .await?;
        let read: Result<Vec<_>, _> = rows.iter().map(OldEntry::from_row).collect();
        Ok(read?.into_iter().flatten().collect())
    }

    /// Puts the same key, sealed to `kid`, in the place of the one that was read. `false`: it is not
    /// there any more, because the entry was replaced, moved or revoked meanwhile.
    pub async fn rewrap(
        &self,
        entry: &OldEntry,
        sealed_key: &str,
        kid: &str,
    ) -> Result<bool, StoreError> {
        // One row at a time: with several, a transaction of a user's own could wait for this one and
        // this one for it.
        let moved = sqlx::query(
            "UPDATE entries SET sealed_key = $5, kid = $6, needs_reentry = 0
             WHERE realm = $1 AND sub = $2 AND id = $3 AND sealed_key = $4
               AND revoked_at IS NULL",
        )
        .bind(entry.owner.realm().as_str())
        .bind(entry.owner.sub())
        .bind(entry.id.as_str())
        .bind(entry.sealed_key.as_str())
        .bind(sealed_key)
        .bind(kid)
        .execute(&self.writer)
        .await?;
        Ok(moved.rows_affected() > 0)
    }

    /// No key of the ring opens it: it has to be entered again. `damaged`: though the ring has the key
    /// it names.
    pub async fn mark_lost(&self, entry: &OldEntry, damaged: bool) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE entries SET needs_reentry = $5
             WHERE realm = $1 AND sub = $2 AND id = $3 AND sealed_key = $4",
        )
        .bind(entry.owner.realm().as_str())
        .bind(entry.owner.sub())
        .bind(entry.id.as_str())
        .bind(entry.sealed_key.as_str())
        .bind(if damaged { DAMAGED } else { 1 })
        .execute(&self.writer)
        .await?;
        Ok(())
    }

    /// How many entries only the key `kid` opens.
    pub async fn needing(&self, kid: &str) -> Result<i64, StoreError> {
        let row = sqlx::query(
            "SELECT COUNT(*) AS entries FROM entries
             WHERE kid = $1 AND sealed_key IS NOT NULL AND needs_reentry <> $2",
        )
        .bind(kid)
        .bind(DAMAGED)
        .fetch_one(&self.reader)
        .await?;
        Ok(row.try_get("entries")?)
    }

    /// The ciphertexts that were moved away from go from SQLite's log too.
    pub async fn forget_moved(&self) {
        self.forget_removed().await;
    }
}
