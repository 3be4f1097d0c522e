//! A token bucket for each user.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::{Code, Problem};
use crate::store::Owner;

/// Buckets that hold a minute's worth and fill evenly.
pub struct Buckets {
    per_minute: f64,
    by_owner: Mutex<HashMap<Owner, Bucket>>,
}

struct Bucket {
    left: f64,
    at: Instant,
}

const MINUTE: Duration = Duration::from_secs(60);
/// Above this many users the full buckets, which say nothing, are dropped.
const MANY: usize = 10_000;

impl Buckets {
    /// Buckets of so many a minute.
    pub fn per_minute(count: u32) -> Self {
        Self {
            per_minute: f64::from(count),
            by_owner: Mutex::new(HashMap::new()),
        }
    }

    /// Takes one, or says `rate_limited` with the time until the next.
    pub fn take(&self, owner: &Owner) -> Result<(), Problem> {
        self.take_at(owner, Instant::now()).map_err(|wait| {
            let seconds = wait.as_secs_f64().ceil().max(1.0);
            Problem::new(Code::RateLimited, "Too many of these in a minute.")
                .next("Wait for the time in Retry-After, then try again.")
                .retry_after(seconds as u64)
        })
    }

    fn take_at(&self, owner: &Owner, now: Instant) -> Result<(), Duration> {
        let mut buckets = self.by_owner.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MANY {
            buckets.retain(|_, bucket| now.duration_since(bucket.at) < MINUTE);
        }
        let full = Bucket {
            left: self.per_minute,
            at: now,
        };
        let bucket = buckets.entry(owner.clone()).or_insert(full);
        let rate = self.per_minute / MINUTE.as_secs_f64();
        let gained = now.duration_since(bucket.at).as_secs_f64() * rate;
        bucket.left = (bucket.left + gained).min(self.per_minute);
        bucket.at = now;
        if bucket.left >= 1.0 {
            bucket.left -= 1.0;
            return Ok(());
        }
        let missing = (1.0 - bucket.left) / rate;
        Err(if missing.is_finite() {
            Duration::from_secs_f64(missing)
        } else {
            MINUTE
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Realm;

    #[test]
    fn a_minutes_worth_then_a_wait_and_each_user_alone() {
        let buckets = Buckets::per_minute(2);
        let [ann, bob] = ["ann", "bob"].map(|sub| Owner::new(Realm::Jwt, sub));
        let start = Instant::now();
        assert!(buckets.take_at(&ann, start).is_ok());
        assert!(buckets.take_at(&ann, start).is_ok());
        assert_eq!(buckets.take_at(&ann, start), Err(Duration::from_secs(30)));
        assert!(buckets.take_at(&bob, start).is_ok());
        assert!(
            buckets
                .take_at(&ann, start + Duration::from_secs(31))
                .is_ok()
        );
    }

    #[test]
    fn none_a_minute_is_none() {
        let buckets = Buckets::per_minute(0);
        assert!(buckets.take(&Owner::new(Realm::Jwt, "ann")).is_err());
    }
}
