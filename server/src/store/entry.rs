//! One stored key with its metadata.

use sqlx::{Row, any::AnyRow};

use super::Budget;
use crate::clock::Micros;

/// What the last test or use said about a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Not tried yet.
    Untested,
    /// The provider accepts it.
    Valid,
    /// Accepted, but out of funds, rights or requests.
    Limited,
    /// The provider refuses it.
    Invalid,
    /// The test said nothing about the key.
    Unknown,
}

impl Status {
    const ALL: [Self; 5] = [
        Self::Untested,
        Self::Valid,
        Self::Limited,
        Self::Invalid,
        Self::Unknown,
    ];

    /// As stored and as answered.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Untested => "untested",
            Self::Valid => "valid",
            Self::Limited => "limited",
            Self::Invalid => "invalid",
            Self::Unknown => "unknown",
        }
    }

    /// Back from the database.
    pub fn parse(text: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|status| status.as_str() == text)
            .unwrap_or(Self::Unknown)
    }

    /// `true` for valid and limited, `false` for invalid, else unknown.
    pub const fn is_valid(self) -> Option<bool> {
        match self {
            Self::Valid | Self::Limited => Some(true),
            Self::Invalid => Some(false),
            Self::Untested | Self::Unknown => None,
        }
    }
}

/// An entry as stored.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The id the browser gave it.
    pub id: String,
    /// The catalogue's id of the provider.
    pub provider: String,
    /// What the user calls it.
    pub label: String,
    /// The mask.
    pub hint: String,
    /// The host sealed into the key, where the user chose one.
    pub host: Option<String>,
    /// The sealed key, canonical JSON; none once revoked.
    pub sealed_key: Option<String>,
    /// What the last test said.
    pub status: Status,
    /// In words.
    pub status_detail: Option<String>,
    /// Whether it may be chosen.
    pub active: bool,
    /// 0 first.
    pub priority: i64,
    /// Requests served.
    pub total_requests: i64,
    /// Tokens used, as far as known.
    pub total_tokens: i64,
    /// What the requests of known cost cost, in millionths of a dollar; none: there was none yet.
    pub cost_micro_usd: Option<i64>,
    /// Requests whose cost nobody knows.
    pub unpriced_requests: i64,
    /// What may be spent.
    pub budget: Option<Budget>,
    /// When added.
    pub created_at: Micros,
    /// When last tested.
    pub last_tested_at: Option<Micros>,
    /// When last used.
    pub last_used_at: Option<Micros>,
    /// Until when the provider asked to wait with this key.
    pub resting_until: Option<Micros>,
    /// From when it is not chosen any more.
    pub expires_at: Option<Micros>,
    /// When revoked.
    pub revoked_at: Option<Micros>,
    /// No key of the ring opens it.
    pub needs_reentry: bool,
}

/// What choosing a credential needs of an entry.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The entry.
    pub id: String,
    /// The sealed key, canonical JSON.
    pub sealed_key: String,
    /// The host sealed into the key, where the user chose one.
    pub host: Option<String>,
    /// What the last test or use said.
    pub status: Status,
    /// 0 first.
    pub priority: i64,
    /// No key of the ring opens it.
    pub needs_reentry: bool,
    /// What may be spent.
    pub budget: Option<Budget>,
    /// Until when the provider asked to wait with this key.
    pub resting_until: Option<Micros>,
}

/// The columns of an [`Entry`], in its order.
macro_rules! entry_columns {
    () => {
        "id, provider, label, hint, host, sealed_key, status, status_detail, active, priority, \
         total_requests, total_tokens, cost_micro_usd, unpriced_requests, month, \
         month_micro_usd, budget_micro_usd, budget_period, needs_reentry, created_at, \
         last_tested_at, last_used_at, resting_until, expires_at, revoked_at"
    };
}
pub(super) use entry_columns;

impl Entry {
    pub(super) fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            provider: row.try_get("provider")?,
            label: row.try_get("label")?,
            hint: row.try_get("hint")?,
            host: row.try_get("host")?,
            sealed_key: row.try_get("sealed_key")?,
            status: Status::parse(row.try_get("status")?),
            status_detail: row.try_get("status_detail")?,
            active: row.try_get::<i64, _>("active")? != 0,
            priority: row.try_get("priority")?,
            total_requests: row.try_get("total_requests")?,
            total_tokens: row.try_get("total_tokens")?,
            cost_micro_usd: row.try_get("cost_micro_usd")?,
            unpriced_requests: row.try_get("unpriced_requests")?,
            budget: Budget::from_row(row)?,
            needs_reentry: row.try_get::<i64, _>("needs_reentry")? != 0,
            created_at: row.try_get("created_at")?,
            last_tested_at: row.try_get("last_tested_at")?,
            last_used_at: row.try_get("last_used_at")?,
            resting_until: row.try_get("resting_until")?,
            expires_at: row.try_get("expires_at")?,
            revoked_at: row.try_get("revoked_at")?,
        })
    }
}

impl Candidate {
    pub(super) fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            sealed_key: row.try_get("sealed_key")?,
            host: row.try_get("host")?,
            status: Status::parse(row.try_get("status")?),
            priority: row.try_get("priority")?,
            needs_reentry: row.try_get::<i64, _>("needs_reentry")? != 0,
            budget: Budget::from_row(row)?,
            resting_until: row.try_get("resting_until")?,
        })
    }
}
