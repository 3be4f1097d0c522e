//! Why the configuration was refused.

use std::path::PathBuf;

/// A refusal at start; each says which key or file, and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Not readable, not TOML, an unknown key, or a value of the wrong type.
    #[error("configuration: {0}")]
    Read(#[from] config::ConfigError),
    /// A value that cannot be.
    #[error("configuration: `{key}`: {reason}")]
    Value {
        /// The key, dotted.
        key: String,
        /// What is wrong, and what would be right.
        reason: String,
    },
    /// A secret that must not be used.
    #[error("{what} {}: {reason}", path.display())]
    Secret {
        /// What it is for.
        what: String,
        /// Where it is.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

impl ConfigError {
    /// A value that cannot be.
    pub fn value(key: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Value {
            key: key.into(),
            reason: reason.into(),
        }
    }
}
