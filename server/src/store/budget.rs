//! What may be spent under an entry.

use sqlx::{Row, any::AnyRow};

use crate::clock;

/// What a budget is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// Each month (UTC) anew.
    Month,
    /// The entry's whole life.
    Total,
}

impl Period {
    /// As stored and as answered.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Month => "month",
            Self::Total => "total",
        }
    }

    /// Back from the database, or out of a request.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Month, Self::Total]
            .into_iter()
            .find(|period| period.as_str() == text)
    }
}

/// A budget, and what of it is spent as far as the database knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// The most that may be spent, in millionths of a dollar.
    pub micro_usd: i64,
    /// In which time.
    pub period: Period,
    /// What the requests of that time cost, as far as it is known.
    pub spent: i64,
}

impl Budget {
    /// What is left; never less than nothing.
    pub fn left(&self) -> i64 {
        self.micro_usd.saturating_sub(self.spent).max(0)
    }

    pub(super) fn from_row(row: &AnyRow) -> Result<Option<Self>, sqlx::Error> {
        let Some(micro_usd) = row.try_get("budget_micro_usd")? else {
            return Ok(None);
        };
        let period: Option<String> = row.try_get("budget_period")?;
        let period = period.as_deref().and_then(Period::parse);
        let period = period.unwrap_or(Period::Total);
        let spent = match period {
            Period::Total => row
                .try_get::<Option<i64>, _>("cost_micro_usd")?
                .unwrap_or_default(),
            Period::Month if row.try_get::<i64, _>("month")? == clock::month(clock::micros()) => {
                row.try_get("month_micro_usd")?
            }
            Period::Month => 0,
        };
        Ok(Some(Self {
            micro_usd,
            period,
            spent,
        }))
    }
}
