//! Reading what was used: sums over days, by what one asks for.

use std::fmt::Write;

use sqlx::{AssertSqlSafe, Row, any::AnyRow};

use super::{Counts, Owner, Store, StoreError};

/// What sums are taken by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dimension {
    /// Days (UTC).
    Day,
    /// Weeks (UTC), by their Mondays.
    Week,
    /// Providers.
    Provider,
    /// Models.
    Model,
    /// Entries, and what is none.
    Entry,
}

impl Dimension {
    /// In the order in which rows are sorted.
    pub const ALL: [Self; 5] = [
        Self::Day,
        Self::Week,
        Self::Provider,
        Self::Model,
        Self::Entry,
    ];

    /// As asked for and as answered.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Provider => "provider",
            Self::Model => "model",
            Self::Entry => "entry",
        }
    }

    /// Whether its values are days.
    pub const fn is_date(self) -> bool {
        matches!(self, Self::Day | Self::Week)
    }

    /// Where it stands in the table. Day 0 was a Thursday.
    const fn column(self) -> &'static str {
        match self {
            Self::Week => "CAST(day - (day + 3) % 7 AS BIGINT)",
            Self::Entry => "credential",
            other => other.as_str(),
        }
    }
}

/// One value of a row's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Days since 1970.
    Day(i64),
    /// A name.
    Text(String),
}

/// Sums under one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageRow {
    /// A value for each dimension asked for, in their order.
    pub key: Vec<Part>,
    /// The sums.
    pub counts: Counts,
}

/// Which rows.
pub struct UsageQuery<'a> {
    /// First day.
    pub from: i64,
    /// Last day.
    pub to: i64,
    /// What sums are taken by; each once, in the order of [`Dimension::ALL`].
    pub by: &'a [Dimension],
    /// Only rows behind this key.
    pub after: Option<&'a [Part]>,
    /// At most so many.
    pub limit: i64,
}

impl Store {
    /// Sums of a user's usage, in the order of their keys.
    pub async fn usage(
        &self,
        owner: &Owner,
        asked: &UsageQuery<'_>,
    ) -> Result<Vec<UsageRow>, StoreError> {
        let sql = statement(asked);
        let mut query = sqlx::query(AssertSqlSafe(sql))
            .bind(owner.realm().as_str())
            .bind(owner.sub())
            .bind(asked.from)
            .bind(asked.to)
            .bind(asked.limit);
        for part in asked.after.into_iter().flatten() {
            query = match part {
                Part::Day(day) => query.bind(*day),
                Part::Text(text) => query.bind(text.as_str()),
            };
        }
        let rows = query.fetch_all(&self.reader).await?;
        let row = |row: &AnyRow| {
            let part = |dimension: &Dimension| match dimension {
                date if date.is_date() => row.try_get(date.as_str()).map(Part::Day),
                other => row.try_get(other.as_str()).map(Part::Text),
            };
            Ok(UsageRow {
                key: asked.by.iter().map(part).collect::<Result<_, _>>()?,
                counts: Counts::from_row(row)?,
            })
        };
        Ok(rows.iter().map(row).collect::<Result<_, sqlx::Error>>()?)
    }
}

/// Names of columns only; every value is bound.
fn statement(asked: &UsageQuery<'_>) -> String {
    let keys: Vec<_> = asked.by.iter().map(|by| by.column()).collect();
    let keys = keys.join(", ");
    let mut sql = String::from("SELECT ");
    for by in asked.by {
        let _ = write!(sql, "{} AS {}, ", by.column(), by.as_str());
    }
    // PostgreSQL adds BIGINTs up to a NUMERIC.
    let sums = Counts::COLUMNS
        .iter()
        .map(|name| format!("CAST(COALESCE(SUM({name}), 0) AS BIGINT) AS {name}"));
    sql.push_str(&sums.collect::<Vec<_>>().join(", "));
    sql.push_str(" FROM usage_days WHERE realm = $1 AND sub = $2 AND day >= $3 AND day <= $4");
    if asked.after.is_some() {
        let places: Vec<_> = (0..asked.by.len()).map(|n| format!("${}", n + 6)).collect();
        let _ = write!(sql, " AND ({keys}) > ({})", places.join(", "));
    }
    if !keys.is_empty() {
        let _ = write!(sql, " GROUP BY {keys} ORDER BY {keys}");
    }
    sql.push_str(" LIMIT $5");
    sql
}
