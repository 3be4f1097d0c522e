//! What may be used once.

use jiff::Timestamp;

use super::{Owner, Store, StoreError};

/// The database's own clock, in the one form that both databases write alike.
macro_rules! database_now {
    () => {
        "SUBSTR(CAST(CURRENT_TIMESTAMP AS TEXT), 1, 19)"
    };
}

impl Store {
    /// Whether this id is new: one atomic insert, across replicas and restarts. It is kept until
    /// `until` (seconds) by the database's clock, and refused after that, so that a replica whose
    /// clock is slow does not accept what was already forgotten.
    pub async fn claim_jti(
        &self,
        owner: &Owner,
        jti: &str,
        until: i64,
    ) -> Result<bool, StoreError> {
        // PostgreSQL's TEXT holds no NUL.
        let Some(keep_until) = Timestamp::from_second(until)
            .ok()
            .filter(|_| !jti.contains('\0'))
        else {
            return Ok(false);
        };
        let claimed = sqlx::query(concat!(
            "INSERT INTO replays (realm, sub, jti, keep_until)
             SELECT $1, $2, $3, $4 WHERE ",
            database_now!(),
            " < $4 ON CONFLICT (realm, sub, jti) DO NOTHING"
        ))
        .bind(owner.realm().as_str())
        .bind(owner.sub())
        .bind(jti)
        .bind(keep_until.strftime("%Y-%m-%d %H:%M:%S").to_string())
        .execute(&self.writer)
        .await?;
        Ok(claimed.rows_affected() == 1)
    }

    /// Forgets what is over by the database's clock.
    pub async fn forget_replays(&self) -> Result<(), StoreError> {
        sqlx::query(concat!(
            "DELETE FROM replays WHERE keep_until < ",
            database_now!()
        ))
        .execute(&self.writer)
        .await?;
        Ok(())
    }
}
