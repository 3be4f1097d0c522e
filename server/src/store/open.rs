//! Opens the database and brings its tables up to date.

use std::{
    fs, os::unix::fs::DirBuilderExt, path::PathBuf, sync::atomic::AtomicBool, time::Duration,
};

use sqlx::{
    AnyPool, Executor, SqlSafeStr,
    any::{AnyPoolOptions, install_default_drivers},
    migrate::{Migration, MigrationType, Migrator},
};

use super::{Store, StoreError, counters::Uses, platform::Settlements};

/// Kept with each connection: nothing that was acknowledged is lost, and nothing that was removed
/// stays in a free page.
const PRAGMAS: &str = "PRAGMA busy_timeout = 10000;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA secure_delete = ON;
    PRAGMA temp_store = MEMORY;";

const CONNECTIONS: u32 = 8;

impl Store {
    /// Opens `sqlite://…` or `postgres://…`; the tables are brought up to date.
    pub async fn open(database_url: &str) -> Result<Self, StoreError> {
        install_default_drivers();
        let sqlite = database_url.starts_with("sqlite:");
        let (reader, writer) = if sqlite {
            let url = with_create(database_url);
            make_folder(&url)?;
            let writer = pool(1, true).connect(&url).await?;
            migrations().run(&writer).await?;
            (pool(CONNECTIONS, true).connect(&url).await?, writer)
        } else {
            let both = pool(CONNECTIONS, false).connect(database_url).await?;
            migrations().run(&both).await?;
            (both.clone(), both)
        };
        Ok(Self {
            reader,
            writer,
            sqlite,
            // A kill may have come between a revoke and its end.
            unforgotten: AtomicBool::new(sqlite),
            uses: Uses::default(),
            fees_of_month: None,
            settlements: Settlements::default(),
        })
    }
}

impl Store {
    /// Counts no more than so many millionths of a dollar in fees for one user in a month.
    #[must_use]
    pub fn with_fees_of_month(mut self, cap: Option<i64>) -> Self {
        self.fees_of_month = cap;
        self
    }
}

/// Brings the tables up to date and nothing else.
pub async fn migrate(database_url: &str) -> Result<(), StoreError> {
    Store::open(database_url).await?.close().await;
    Ok(())
}

pub fn migrations() -> Migrator {
    let start = include_str!("../../migrations/0001_start.sql");
    let revoked = include_str!("../../migrations/0002_revoked.sql");
    let platform = include_str!("../../migrations/0010_platform.sql");
    let usage = include_str!("../../migrations/0020_usage.sql");
    let audit = include_str!("../../migrations/0021_audit.sql");
    let fee_months = include_str!("../../migrations/0022_fee_months.sql");
    let by_kid = include_str!("../../migrations/0030_entries_by_kid.sql");
    let migration = |version, name: &'static str, sql: &'static str| {
        Migration::new(
            version,
            name.into(),
            MigrationType::Simple,
            sql.into_sql_str(),
            false,
        )
    };
    Migrator::with_migrations(vec![
        migration(1, "start", start),
        migration(2, "revoked", revoked),
        migration(10, "platform", platform),
        migration(20, "usage", usage),
        migration(21, "audit", audit),
        migration(22, "fee months", fee_months),
        migration(30, "entries by kid", by_kid),
    ])
}

fn pool(connections: u32, sqlite: bool) -> sqlx::pool::PoolOptions<sqlx::Any> {
    AnyPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(Duration::from_secs(10))
        // A connection to a server may have broken since it was used; one to a file does not, and
        // each question goes to another thread and back.
        .test_before_acquire(!sqlite)
        .after_connect(move |connection, _| {
            Box::pin(async move {
                if sqlite {
                    connection.execute(PRAGMAS).await?;
                }
                Ok(())
            })
        })
}

/// The database's file is created at first start.
fn with_create(url: &str) -> String {
    match url.split_once('?') {
        Some((_, query)) if query.contains("mode=") => url.to_owned(),
        Some(_) => format!("{url}&mode=rwc"),
        None => format!("{url}?mode=rwc"),
    }
}

/// The database's file, on SQLite.
pub fn sqlite_file(url: &str) -> Option<PathBuf> {
    let path = url.strip_prefix("sqlite:")?.trim_start_matches("//");
    let path = path.split('?').next().unwrap_or_default();
    Some(PathBuf::from(path))
}

fn make_folder(url: &str) -> Result<(), StoreError> {
    let file = sqlite_file(url).unwrap_or_default();
    let Some(folder) = file
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    else {
        return Ok(());
    };
    let made = fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder);
    made.map_err(|source| StoreError::Folder {
        path: folder.display().to_string(),
        source,
    })
}

/// Empties the write-ahead log, so that removed ciphertext stands nowhere in the database's files.
pub async fn truncate_wal(writer: &AnyPool) -> Result<bool, StoreError> {
    let row = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")
        .fetch_one(writer)
        .await?;
    let busy: i32 = sqlx::Row::try_get(&row, 0).unwrap_or(1);
    Ok(busy == 0)
}

#[cfg(test)]
mod tests {
    use sqlx::Row;

    use super::*;

    #[test]
    fn every_file_of_migrations_is_run_in_its_order() {
        let files = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations")).unwrap();
        let number = |file: fs::DirEntry| {
            let name = file.file_name().into_string().unwrap();
            name.split('_').next().unwrap().parse::<i64>().unwrap()
        };
        let mut written: Vec<_> = files.map(|file| number(file.unwrap())).collect();
        written.sort_unstable();
        let run: Vec<_> = migrations().iter().map(|each| each.version).collect();
        assert_eq!(run, written);
    }

    #[tokio::test]
    async fn every_connection_to_sqlite_is_durable_and_forgets_what_it_removes() {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/new/keyseal.db", dir.path().display());
        let store = Store::open(&url).await.unwrap();
        for pool in [&store.reader, &store.writer] {
            for (pragma, expected) in [
                ("PRAGMA synchronous", 2),
                ("PRAGMA secure_delete", 1),
                ("PRAGMA busy_timeout", 10_000),
            ] {
                let row = sqlx::query(pragma).fetch_one(pool).await.unwrap();
                let value: i64 = row.try_get_unchecked(0).unwrap();
                assert_eq!(value, expected, "{pragma}");
            }
            let row = sqlx::query("PRAGMA journal_mode").fetch_one(pool).await;
            assert_eq!(row.unwrap().try_get::<String, _>(0).unwrap(), "wal");
        }
        store.close().await;
        migrate(&url).await.unwrap();
    }
}
