//! How long a relay may go on.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use zeroize::Zeroizing;

use super::{Course, End, Passed};
use crate::auth::{Caller, token::LEEWAY_SECONDS};
use crate::config;
use crate::{AppState, clock};

/// The terms of one relay.
pub struct Terms {
    state: AppState,
    /// The caller's, to be checked again where the keys of tokens change.
    token: Zeroizing<String>,
    course: watch::Receiver<Course>,
    token_ends: Instant,
    idle: Duration,
    total: Duration,
}

impl Terms {
    /// Those of a caller who was let in with this token.
    pub fn new(state: &AppState, caller: &Caller, token: &str, limits: config::Relay) -> Self {
        // The last second counts whole, as at the door.
        let ends = caller.exp.saturating_add(LEEWAY_SECONDS as i64 + 1);
        let left = u64::try_from(ends - clock::seconds()).unwrap_or(0);
        let left = Duration::from_secs(left).min(limits.total);
        Self {
            course: state.relays.course(),
            state: state.clone(),
            token: Zeroizing::new(token.to_owned()),
            token_ends: Instant::now() + left,
            idle: limits.idle,
            total: limits.total,
        }
    }

    /// Waits until it has to end.
    pub(super) async fn over(&mut self, passed: &Passed) -> End {
        let time_over = passed.start + self.total;
        let mut known = None;
        loop {
            let course = *self.course.borrow_and_update();
            match course {
                Course::Stopping => return End::Stopping,
                Course::On(now) if known.is_some_and(|known| known != now) => {
                    if self.is_refused().await {
                        return End::Token;
                    }
                    known = Some(now);
                }
                Course::On(now) => known = Some(now),
            }
            let idle_over = passed.last() + self.idle;
            let next = time_over.min(idle_over).min(self.token_ends);
            tokio::select! {
                () = sleep_until(next) => {
                    let now = Instant::now();
                    if now >= time_over {
                        return End::Time;
                    }
                    if now >= self.token_ends {
                        return End::Token;
                    }
                    if now >= passed.last() + self.idle {
                        return End::Idle;
                    }
                }
                changed = self.course.changed() => {
                    if changed.is_err() {
                        return End::Stopping;
                    }
                }
            }
        }
    }

    /// Waits until the companion goes down.
    pub(super) async fn stopping(&mut self) {
        let _ = self
            .course
            .wait_for(|course| *course == Course::Stopping)
            .await;
    }

    /// Whether the token is no longer good under the keys of now.
    async fn is_refused(&self) -> bool {
        let checked = self
            .state
            .verifier
            .verify(&self.token, &self.state.config)
            .await;
        checked.is_err_and(|problem| problem.code == crate::http::Code::Unauthorized)
    }
}
