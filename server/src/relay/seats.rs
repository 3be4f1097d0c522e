//! Who relays how much at once, and the word to all of them that something changed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::pace::Pace;
use crate::config;
use crate::store::Owner;

/// What every relay has to follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Course {
    /// Go on; tokens are checked under the keys of this generation.
    On(u64),
    /// The companion is going down.
    Stopping,
}

/// The relays that are open.
pub struct Relays {
    users: Arc<Mutex<HashMap<Owner, User>>>,
    course: watch::Sender<Course>,
}

struct User {
    open: u32,
    pace: Arc<Pace>,
}

/// One of a user's relays, for as long as it is held.
pub struct Seat {
    owner: Owner,
    users: Arc<Mutex<HashMap<Owner, User>>>,
    /// Shared by all of the user's.
    pub(super) pace: Arc<Pace>,
}

impl Default for Relays {
    fn default() -> Self {
        Self {
            users: Arc::default(),
            course: watch::Sender::new(Course::On(0)),
        }
    }
}

impl Relays {
    /// Takes one, unless the user has as many as the tier allows.
    pub fn take(&self, owner: &Owner, limits: config::Relay) -> Option<Seat> {
        let mut users = lock(&self.users);
        let open = users.get(owner).map_or(0, |user| user.open);
        if open >= limits.connections {
            return None;
        }
        let user = users.entry(owner.clone()).or_insert_with(|| User {
            open: 0,
            pace: Arc::new(Pace::new(limits.bytes_per_second)),
        });
        user.open += 1;
        Some(Seat {
            owner: owner.clone(),
            users: Arc::clone(&self.users),
            pace: Arc::clone(&user.pace),
        })
    }

    /// How many are open.
    pub fn count(&self) -> u64 {
        lock(&self.users)
            .values()
            .map(|user| u64::from(user.open))
            .sum()
    }

    /// To be called often: where the keys of tokens changed, tokens are checked again.
    pub fn checked_under(&self, generation: u64) {
        self.course.send_if_modified(|course| {
            let changed = matches!(course, Course::On(known) if *known != generation);
            if changed {
                *course = Course::On(generation);
            }
            changed
        });
    }

    /// Ends all of them, and lets none begin.
    pub fn stop(&self) {
        self.course.send_replace(Course::Stopping);
    }

    /// What to follow.
    pub fn course(&self) -> watch::Receiver<Course> {
        self.course.subscribe()
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut users = lock(&self.users);
        if let Some(user) = users.get_mut(&self.owner) {
            user.open -= 1;
            if user.open == 0 {
                users.remove(&self.owner);
            }
        }
    }
}

fn lock(users: &Mutex<HashMap<Owner, User>>) -> MutexGuard<'_, HashMap<Owner, User>> {
    users.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::store::Realm;

    #[test]
    fn each_user_has_so_many_and_gets_back_what_ended() {
        let relays = Relays::default();
        let limits = config::Relay {
            connections: 2,
            idle: Duration::from_secs(1),
            total: Duration::from_secs(1),
            bytes_per_second: 0,
        };
        let [ann, bob] = ["ann", "bob"].map(|sub| Owner::new(Realm::Jwt, sub));
        let seats = [(); 2].map(|()| relays.take(&ann, limits).expect("a seat"));
        assert!(relays.take(&ann, limits).is_none());
        let his = relays.take(&bob, limits).expect("a seat");
        assert_eq!(relays.count(), 3);
        drop(seats);
        assert!(relays.take(&ann, limits).is_some());
        drop(his);
        assert_eq!(relays.count(), 0);
        assert!(lock(&relays.users).is_empty(), "nobody is remembered");
    }

    #[test]
    fn a_stop_is_final() {
        let relays = Relays::default();
        let mut course = relays.course();
        relays.checked_under(0);
        assert!(!course.has_changed().expect("a sender"));
        relays.checked_under(1);
        assert_eq!(*course.borrow_and_update(), Course::On(1));
        relays.stop();
        relays.checked_under(2);
        assert_eq!(*course.borrow_and_update(), Course::Stopping);
    }
}
