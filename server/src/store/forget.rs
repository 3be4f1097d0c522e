//! All that is kept of one user, removed.

use sqlx::AssertSqlSafe;

use super::{Owner, Realm, Store, StoreError};
use crate::clock::Micros;

/// Every table of users' rows begins with `realm` and `sub`; `users` last, which orders writers.
/// `replays` is left out: its rows end by themselves, and until then stop a request that was recorded.
const TABLES: [&str; 7] = [
    "entries",
    "audit",
    "platform_days",
    "platform_pace",
    "usage_days",
    "fee_months",
    "users",
];

impl Store {
    /// Removes the ciphertext of all the user's entries. The rows stay until `forget`: by them the
    /// running companions learn that what they opened is revoked. Gives how many there were.
    pub async fn revoke_all(&self, owner: &Owner, now: Micros) -> Result<u64, StoreError> {
        let revoked = sqlx::query(
            "UPDATE entries SET sealed_key = NULL, active = 0, revoked_at = $3
             WHERE realm = $1 AND sub = $2 AND revoked_at IS NULL",
        )
        .bind(owner.realm().as_str())
        .bind(owner.sub())
        .bind(now)
        .execute(&self.writer)
        .await?
        .rows_affected();
        self.forget_removed().await;
        Ok(revoked)
    }

    /// Removes every row of the user, and gives how many there were. The operator's own notes are
    /// no user's.
    pub async fn forget(&self, owner: &Owner) -> Result<u64, StoreError> {
        if owner.realm() == Realm::Operator {
            return Ok(0);
        }
        let mut tx = self.begin().await?;
        let mut removed = 0;
        for table in TABLES {
            // The names above, and nothing that came from anybody.
            let sql = format!("DELETE FROM {table} WHERE realm = $1 AND sub = $2");
            removed += sqlx::query(AssertSqlSafe(sql))
                .bind(owner.realm().as_str())
                .bind(owner.sub())
                .execute(&mut *tx)
                .await?
                .rows_affected();
        }
        tx.commit().await?;
        self.forget_removed().await;
        Ok(removed)
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::TABLES;

    #[test]
    fn every_table_of_users_rows_is_among_them() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
        let mut of_users = Vec::new();
        for file in fs::read_dir(folder).expect("migrations are here") {
            let sql = fs::read_to_string(file.expect("a file").path()).expect("SQL is text");
            for table in sql.split("CREATE TABLE ").skip(1) {
                let (name, columns) = table.split_once('(').expect("a table has columns");
                if columns.trim_start().starts_with("realm TEXT") {
                    of_users.push(name.trim().to_owned());
                }
            }
        }
        of_users.retain(|name| name != "replays");
        of_users.sort();
        let mut listed = TABLES.map(str::to_owned);
        listed.sort();
        assert_eq!(of_users, listed);
    }
}
