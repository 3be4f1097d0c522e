//! What goes wrong in the database.

use crate::http::{Code, Problem};

/// The database could not do it. The text may name tables and files, never a value; it is logged and
/// not answered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A query or connection failed.
    #[error("the database failed: {0}")]
    Sqlx(#[from] sqlx::Error),
    /// The tables could not be brought up to date.
    #[error("the database could not be migrated: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// Its folder or file.
    #[error("the database's folder {path}: {source}")]
    Folder {
        /// Where.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// What stands there was not written by this program.
    #[error("a stored value cannot be read: {0}")]
    Stored(#[from] serde_json::Error),
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "store");
        Self::new(
            Code::Unavailable,
            "The companion's database does not answer.",
        )
        .next("Try again in a moment; nothing was changed.")
        .retry_after(1)
    }
}
