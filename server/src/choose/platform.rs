//! The operator's key, lent for one request: paid for in advance, settled at its end.

use crate::AppState;
use crate::clock;
use crate::config::Tier;
use crate::store::{Left, Owner, Spent, StoreError};

/// Requests and money that were taken out of what a user has left, before anything was sent.
///
/// Whoever learns what the request cost says so to [`Reservation::settle`]. Without that the whole
/// reservation stays counted: a cost that is unknown is never taken for none.
pub struct Reservation {
    state: AppState,
    owner: Owner,
    day: i64,
    /// What is counted for the request so far, in millionths of a dollar.
    counted: i64,
    /// What was left after it.
    pub left: Left,
}

impl Reservation {
    /// Takes one request, and `most` or else the tier's amount for one request; `Err`: what is
    /// spent, and what is left.
    pub async fn make(
        state: &AppState,
        owner: &Owner,
        tier: Tier,
        most: Option<i64>,
    ) -> Result<Result<Self, (Spent, Left)>, StoreError> {
        let held = most.unwrap_or(0).max(tier.micro_usd_per_request);
        let (taken, left) = state
            .store
            .reserve(owner, tier, held, clock::micros())
            .await?;
        Ok(match taken {
            Err(spent) => Err((spent, left)),
            Ok(day) => Ok(Self {
                state: state.clone(),
                owner: owner.clone(),
                day,
                counted: held,
                left,
            }),
        })
    }

    /// What the request cost, in millionths of a dollar, more or less than was reserved; `None`:
    /// nobody knows, and what is counted stays. The last word counts.
    pub fn settle(&mut self, cost: Option<i64>) {
        let Some(cost) = cost else { return };
        self.state
            .store
            .settle(&self.owner, self.day, cost - self.counted);
        self.counted = cost;
    }
}
