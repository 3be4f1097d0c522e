//! How fast the relays of one user may be, all together.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Bytes a second; what went too fast is waited for afterwards.
pub struct Pace {
    per_second: u64,
    /// Until then what has passed is paid for.
    paid_until: Mutex<Instant>,
}

/// So much may go at once after a pause.
const BURST: Duration = Duration::from_millis(250);

impl Pace {
    /// So many bytes a second; 0: no limit.
    pub fn new(per_second: u64) -> Self {
        Self {
            per_second,
            paid_until: Mutex::new(Instant::now()),
        }
    }

    /// Counts what passed, and waits as long as it was too fast.
    pub async fn passed(&self, bytes: usize) {
        if let Some(until) = self.note(bytes, Instant::now()) {
            sleep_until(until).await;
        }
    }

    fn note(&self, bytes: usize, now: Instant) -> Option<Instant> {
        if self.per_second == 0 {
            return None;
        }
        let costs = Duration::from_secs_f64(bytes as f64 / self.per_second as f64);
        let mut paid_until = self
            .paid_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let from = now
            .checked_sub(BURST)
            .map_or(now, |past| past.max(*paid_until));
        *paid_until = from + costs;
        (*paid_until > now).then_some(*paid_until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_passes_so_much_in_a_second_and_no_more() {
        let pace = Pace::new(1_000);
        let start = Instant::now();
        let mut now = start;
        let mut passed = 0;
        while passed < 10_000 {
            now = pace.note(100, now).unwrap_or(now);
            passed += 100;
        }
        let took = now - start;
        assert!(
            took > Duration::from_millis(9_600) && took < Duration::from_millis(10_001),
            "{took:?}"
        );
    }

    #[test]
    fn a_pause_is_no_credit_and_no_limit_is_none() {
        let pace = Pace::new(1_000);
        let later = Instant::now() + Duration::from_secs(60);
        assert_eq!(pace.note(200, later), None);
        assert_eq!(
            pace.note(1_000, later),
            Some(later + Duration::from_millis(950))
        );
        assert_eq!(Pace::new(0).note(usize::MAX, later), None);
    }
}
