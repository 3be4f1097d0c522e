//! Looking at a database without changing it: for `doctor`, while the companion may run.

use std::{fs, time::Duration};

use sqlx::{AnyConnection, Connection, Executor, Row, any::install_default_drivers};
use tokio::time::timeout;

use super::{
    StoreError,
    open::{migrations, sqlite_file},
};
use crate::clock::Micros;

/// A database that does not let in so long is taken for one that does not answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// A database that is only read, by one connection.
pub struct Inspection {
    connection: AnyConnection,
    sqlite: bool,
}

/// How its tables are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tables {
    /// As this version wants them.
    UpToDate,
    /// There are none yet.
    Missing,
    /// So many changes are to be made.
    Behind(usize),
    /// Of a later version.
    Ahead,
    /// Changed in a way that this version does not know, or half.
    Other,
}

impl Inspection {
    /// Opens what is there; an SQLite file must be.
    pub async fn open(database_url: &str) -> Result<Self, StoreError> {
        install_default_drivers();
        let file = sqlite_file(database_url);
        let url = match &file {
            // Without a log nobody has it open, and SQLite would make one to read it.
            Some(path) => {
                let path = path.display();
                match fs::exists(format!("{path}-wal")).unwrap_or_default() {
                    true => format!("sqlite://{path}?mode=ro"),
                    false => format!("sqlite://{path}?mode=ro&immutable=1"),
                }
            }
            None => database_url.to_owned(),
        };
        let sqlite = file.is_some();
        // Not of a pool, which would go on trying where nobody listens.
        let connected = timeout(PATIENCE, AnyConnection::connect(&url)).await;
        let mut connection = connected.map_err(|_| sqlx::Error::PoolTimedOut)??;
        let read_only = match sqlite {
            true => "PRAGMA query_only = ON; PRAGMA busy_timeout = 10000",
            false => "SET default_transaction_read_only = on",
        };
        connection.execute(read_only).await?;
        Ok(Self { connection, sqlite })
    }

    /// PostgreSQL's version, as a number and as a name.
    pub async fn version(&mut self) -> Result<Option<(i64, String)>, StoreError> {
        if self.sqlite {
            return Ok(None);
        }
        let mut shown = async |name: &'static str| -> Result<String, StoreError> {
            let row = sqlx::query(name).fetch_one(&mut self.connection).await?;
            Ok(row.try_get(0)?)
        };
        let number = shown("SHOW server_version_num").await?;
        let name = shown("SHOW server_version").await?;
        Ok(Some((number.parse().unwrap_or_default(), name)))
    }

    /// PostgreSQL's clock.
    pub async fn now(&mut self) -> Result<Micros, StoreError> {
        let row =
            sqlx::query("SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)")
                .fetch_one(&mut self.connection)
                .await?;
        Ok(row.try_get(0)?)
    }

    /// Compares its tables with those of this version.
    pub async fn tables(&mut self) -> Result<Tables, StoreError> {
        let known = match self.sqlite {
            true => "SELECT COUNT(*) FROM sqlite_master WHERE name = '_sqlx_migrations'",
            false => "SELECT COUNT(*) FROM pg_tables WHERE tablename = '_sqlx_migrations'",
        };
        let row = sqlx::query(known).fetch_one(&mut self.connection).await?;
        if row.try_get::<i64, _>(0)? == 0 {
            return Ok(Tables::Missing);
        }
        let done = sqlx::query(
            "SELECT version, checksum, CASE WHEN success THEN 1 ELSE 0 END AS whole
             FROM _sqlx_migrations ORDER BY version",
        )
        .fetch_all(&mut self.connection)
        .await?;
        let migrations = migrations();
        for row in &done {
            let version: i64 = row.try_get("version")?;
            let checksum: Vec<u8> = row.try_get("checksum")?;
            let whole: i64 = row.try_get_unchecked("whole")?;
            match migrations.iter().find(|each| each.version == version) {
                None => return Ok(Tables::Ahead),
                Some(each) if *each.checksum != *checksum || whole == 0 => {
                    return Ok(Tables::Other);
                }
                Some(_) => {}
            }
        }
        Ok(match migrations.iter().count() - done.len() {
            0 => Tables::UpToDate,
            behind => Tables::Behind(behind),
        })
    }

    /// How many stored keys are sealed to which key.
    pub async fn keys(&mut self) -> Result<Vec<(String, i64)>, StoreError> {
        let rows = sqlx::query(
            "SELECT kid, COUNT(*) AS entries FROM entries
             WHERE sealed_key IS NOT NULL GROUP BY kid",
        )
        .fetch_all(&mut self.connection)
        .await?;
        let pair = |row| Ok((Row::try_get(row, "kid")?, Row::try_get(row, "entries")?));
        rows.iter().map(pair).collect()
    }

    /// Lets go of it.
    pub async fn close(self) {
        // It only read: how the connection ends changes nothing.
        let _ = self.connection.close().await;
    }
}
