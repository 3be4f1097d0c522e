//! What users have of the operator's keys: requests and money, reserved before anything is sent.
//!
//! The counters are the database's, so that all replicas count together and a restart forgets
//! nothing. A reservation is one transaction; what a request cost in the end is written with the
//! counts of use, about once a second. A process that is killed in between leaves its reservations
//! counted: too much is counted then, never too little.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use sqlx::{AnyConnection, Row};

use super::{Owner, Store, StoreError, lock};
use crate::{
    clock::{DAY, Micros},
    config::Tier,
};

const MINUTE: Micros = 60_000_000;

/// What is left to a user, from this moment on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    /// Requests that may be made at once.
    pub this_minute: i64,
    /// Microseconds until all of a minute's may be.
    pub minute_resets: Micros,
    /// Requests until the end of the day.
    pub today: i64,
    /// Money until the end of the day, in millionths of a dollar.
    pub micro_usd_today: i64,
    /// Microseconds until the next day, by UTC.
    pub day_resets: Micros,
}

/// Why nothing was reserved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spent {
    /// The minute's requests, for so many microseconds.
    Minute(Micros),
    /// The day's requests.
    Day,
    /// The day's money.
    Money,
}

/// What differs between what was reserved and what it cost, by user and day.
#[derive(Default)]
pub(super) struct Settlements(Mutex<HashMap<(Owner, i64), i64>>);

impl Settlements {
    fn add(&self, key: (Owner, i64), micro_usd: i64) {
        let mut sums = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *sums.entry(key).or_default() += micro_usd;
    }

    /// What waits to be written; while it is being written, nothing, and then too much is counted.
    fn waiting(&self, owner: &Owner, day: i64) -> i64 {
        let sums = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sums.get(&(owner.clone(), day)).copied().unwrap_or_default()
    }

    fn take(&self) -> HashMap<(Owner, i64), i64> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A user's counters as they stand.
struct Counters {
    full_at: Micros,
    requests: i64,
    micro_usd: i64,
}

impl Store {
    /// Takes one request and so much money out of what the tier has left for this user, in one
    /// transaction; gives the day it was taken of (days since 1970), or what is spent, and either
    /// way what is left.
    pub async fn reserve(
        &self,
        owner: &Owner,
        tier: Tier,
        micro_usd: i64,
        now: Micros,
    ) -> Result<(Result<i64, Spent>, Left), StoreError> {
        let day = now.div_euclid(DAY);
        let mut tx = self.begin().await?;
        lock(&mut tx, owner).await?;
        let mut counters = counters(&mut tx, owner, day).await?;
        counters.micro_usd += self.settlements.waiting(owner, day);
        if let Some(spent) = counters.spent(tier, micro_usd, now) {
            return Ok((Err(spent), counters.left(tier, now)));
        }
        counters.full_at = counters.full_at.max(now) + interval(tier);
        counters.requests += 1;
        counters.micro_usd += micro_usd;
        sqlx::query(
            "INSERT INTO platform_pace (realm, sub, full_at) VALUES ($1, $2, $3)
             ON CONFLICT (realm, sub) DO UPDATE SET full_at = excluded.full_at",
        )
        .bind(owner.realm().as_str())
        .bind(owner.sub())
        .bind(counters.full_at)
        .execute(&mut *tx)
        .await?;
        sqlx::query(
            "INSERT INTO platform_days (realm, sub, day, requests, micro_usd)
             VALUES ($1, $2, $3, 1, $4)
             ON CONFLICT (realm, sub, day) DO UPDATE SET
                 requests = platform_days.requests + 1,
                 micro_usd = platform_days.micro_usd + excluded.micro_usd",
        )
        .bind(owner.realm().as_str())
        .bind(owner.sub())
        .bind(day)
        .bind(micro_usd)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok((Ok(day), counters.left(tier, now)))
    }

    /// What is left, without taking any of it.
    pub async fn left(&self, owner: &Owner, tier: Tier, now: Micros) -> Result<Left, StoreError> {
        let mut reader = self.reader.acquire().await?;
        let day = now.div_euclid(DAY);
        let mut counters = counters(&mut reader, owner, day).await?;
        counters.micro_usd += self.settlements.waiting(owner, day);
        Ok(counters.left(tier, now))
    }

    /// Corrects what was reserved on a day by so much. Written about once a second.
    pub fn settle(&self, owner: &Owner, day: i64, micro_usd: i64) {
        if micro_usd != 0 {
            self.settlements.add((owner.clone(), day), micro_usd);
        }
    }

    /// Writes the corrections; what cannot be written is kept for the next time.
    pub async fn flush_settlements(&self) -> Result<(), StoreError> {
        let settlements = self.settlements.take();
        if settlements.is_empty() {
            return Ok(());
        }
        let written = self.write_settlements(&settlements).await;
        if written.is_err() {
            settlements
                .into_iter()
                .for_each(|(key, micro_usd)| self.settlements.add(key, micro_usd));
        }
        written
    }

    async fn write_settlements(
        &self,
        settlements: &HashMap<(Owner, i64), i64>,
    ) -> Result<(), StoreError> {
        // In one order everywhere, so that two replicas never wait for each other.
        let mut sorted: Vec<_> = settlements.iter().collect();
        sorted.sort_by_key(|((owner, day), _)| (owner.realm().as_str(), owner.sub(), *day));
        let mut tx = self.begin().await?;
        for ((owner, day), micro_usd) in sorted {
            sqlx::query(
                "UPDATE platform_days SET micro_usd = micro_usd + $4
                 WHERE realm = $1 AND sub = $2 AND day = $3",
            )
            .bind(owner.realm().as_str())
            .bind(owner.sub())
            .bind(*day)
            .bind(*micro_usd)
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Forgets counters that say nothing any more.
    pub async fn forget_counters(&self, now: Micros) -> Result<(), StoreError> {
        // A request that began before midnight may be settled after it.
        sqlx::query("DELETE FROM platform_days WHERE day < $1")
            .bind(now.div_euclid(DAY) - 1)
            .execute(&self.writer)
            .await?;
        sqlx::query("DELETE FROM platform_pace WHERE full_at < $1")
            .bind(now - MINUTE)
            .execute(&self.writer)
            .await?;
        Ok(())
    }
}

async fn counters(
    connection: &mut AnyConnection,
    owner: &Owner,
    day: i64,
) -> Result<Counters, StoreError> {
    let pace = sqlx::query("SELECT full_at FROM platform_pace WHERE realm = $1 AND sub = $2")
        .bind(owner.realm().as_str())
        .bind(owner.sub())
        .fetch_optional(&mut *connection)
        .await?;
    let today = sqlx::query(
        "SELECT requests, micro_usd FROM platform_days WHERE realm = $1 AND sub = $2 AND day = $3",
    )
    .bind(owner.realm().as_str())
    .bind(owner.sub())
    .bind(day)
    .fetch_optional(&mut *connection)
    .await?;
    let (requests, micro_usd) = match &today {
        Some(row) => (row.try_get("requests")?, row.try_get("micro_usd")?),
        None => (0, 0),
    };
    Ok(Counters {
        full_at: pace.map_or(Ok(0), |row| row.try_get("full_at"))?,
        requests,
        micro_usd,
    })
}

/// A token bucket of a minute's requests gains one of them in this time.
fn interval(tier: Tier) -> Micros {
    MINUTE / Micros::from(tier.requests_per_minute.max(1))
}

impl Counters {
    fn spent(&self, tier: Tier, micro_usd: i64, now: Micros) -> Option<Spent> {
        let left = self.left(tier, now);
        if left.today < 1 {
            Some(Spent::Day)
        } else if left.micro_usd_today < micro_usd.max(1) {
            Some(Spent::Money)
        } else if left.this_minute < 1 {
            let one = self.full_at - now + interval(tier) - MINUTE;
            Some(Spent::Minute(match tier.requests_per_minute {
                0 => MINUTE,
                _ => one.max(1),
            }))
        } else {
            None
        }
    }

    fn left(&self, tier: Tier, now: Micros) -> Left {
        let until_full = (self.full_at - now).max(0);
        let this_minute = match tier.requests_per_minute {
            0 => 0,
            _ => (MINUTE - until_full).max(0) / interval(tier),
        };
        Left {
            this_minute: this_minute.min(i64::from(tier.requests_per_minute)),
            minute_resets: until_full,
            today: (i64::from(tier.requests_per_day) - self.requests).max(0),
            micro_usd_today: (tier.micro_usd_per_day - self.micro_usd).max(0),
            day_resets: DAY - now.rem_euclid(DAY),
        }
    }
}
