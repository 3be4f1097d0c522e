//! A small map for what must not stay in memory: bounded, and swept on time rather than when
//! somebody happens to look.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Values that are dropped `keep` after their last use, and at their end at the latest.
pub struct ShortLived<K, V> {
    keep: Duration,
    most: usize,
    held: Mutex<HashMap<K, Held<V>>>,
}

struct Held<V> {
    value: V,
    until: Instant,
    end: Instant,
}

impl<K: Eq + Hash + Clone, V: Clone> ShortLived<K, V> {
    /// An empty one for at most so many values.
    pub fn new(keep: Duration, most: usize) -> Self {
        Self {
            keep,
            most,
            held: Mutex::default(),
        }
    }

    /// The value, if it has not ended.
    pub fn get(&self, key: &K) -> Option<V> {
        self.get_at(key, Instant::now())
    }

    fn get_at(&self, key: &K, now: Instant) -> Option<V> {
        let mut held = self.lock();
        let found = held.get_mut(key).filter(|found| now < found.until)?;
        found.until = found.end.min(now + self.keep);
        Some(found.value.clone())
    }

    /// Keeps a value for at most `life`. Where there is no room, the one that ends first goes.
    pub fn put(&self, key: K, value: V, life: Duration) {
        self.put_at(key, value, life, Instant::now());
    }

    fn put_at(&self, key: K, value: V, life: Duration, now: Instant) {
        let end = now + life;
        let until = end.min(now + self.keep);
        let mut held = self.lock();
        if held.len() >= self.most && !held.contains_key(&key) {
            let first = held
                .iter()
                .min_by_key(|(_, held)| held.until)
                .map(|(key, _)| key.clone());
            first.and_then(|first| held.remove(&first));
        }
        held.insert(key, Held { value, until, end });
    }

    /// Drops the values that are meant.
    pub fn forget(&self, which: impl Fn(&V) -> bool) {
        self.lock().retain(|_, held| !which(&held.value));
    }

    /// Drops what has ended.
    pub fn sweep(&self) {
        self.sweep_at(Instant::now());
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    fn sweep_at(&self, now: Instant) {
        self.lock().retain(|_, held| now < held.until);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Held<V>>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_value_ends_after_its_life_though_it_is_used() {
        let map = ShortLived::new(10 * SECOND, 9);
        let start = Instant::now();
        map.put_at("a", 1, 10 * SECOND, start);
        assert_eq!(map.get_at(&"a", start + 9 * SECOND), Some(1));
        assert_eq!(map.get_at(&"a", start + 10 * SECOND), None);
    }

    #[test]
    fn a_value_with_a_longer_life_ends_when_it_is_no_longer_used() {
        let map = ShortLived::new(10 * SECOND, 9);
        let start = Instant::now();
        map.put_at("a", 1, 100 * SECOND, start);
        assert_eq!(map.get_at(&"a", start + 9 * SECOND), Some(1));
        assert_eq!(map.get_at(&"a", start + 18 * SECOND), Some(1));
        assert_eq!(map.get_at(&"a", start + 28 * SECOND), None);
    }

    #[test]
    fn sweeping_drops_the_value_itself() {
        let map = ShortLived::new(10 * SECOND, 9);
        let start = Instant::now();
        let value = std::sync::Arc::new(());
        map.put_at("a", value.clone(), 10 * SECOND, start);
        map.sweep_at(start + 9 * SECOND);
        assert_eq!(std::sync::Arc::strong_count(&value), 2);
        map.sweep_at(start + 10 * SECOND);
        assert_eq!(std::sync::Arc::strong_count(&value), 1);
    }

    #[test]
    fn it_never_holds_more_than_it_may() {
        let map = ShortLived::new(10 * SECOND, 2);
        let start = Instant::now();
        map.put_at("a", 1, 5 * SECOND, start);
        map.put_at("b", 2, 9 * SECOND, start);
        map.put_at("c", 3, 9 * SECOND, start);
        assert_eq!(map.get_at(&"a", start), None);
        assert_eq!(
            (map.get_at(&"b", start), map.get_at(&"c", start)),
            (Some(2), Some(3))
        );
    }

    #[test]
    fn nothing_is_held_for_no_time() {
        let map = ShortLived::new(Duration::ZERO, 9);
        map.put("a", 1, SECOND);
        assert_eq!(map.get(&"a"), None);
    }

    #[test]
    fn values_can_be_forgotten_before_their_end() {
        let map = ShortLived::new(SECOND, 9);
        map.put("ann", 1, SECOND);
        map.put("bob", 2, SECOND);
        map.forget(|value| *value == 1);
        assert_eq!((map.get(&"ann"), map.get(&"bob")), (None, Some(2)));
    }
}
