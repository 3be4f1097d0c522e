//! Whether an entry's budget lets another request through.

use crate::AppState;
use crate::http::{Code, Problem};
use crate::store::{Candidate, Owner, Period};

/// Refuses an entry whose budget is spent, by what the database knows and what waits to be written.
/// What runs at this moment has no cost yet: a budget stops the next request, not the current one.
pub fn check(state: &AppState, owner: &Owner, candidate: &Candidate) -> Result<(), Problem> {
    let Some(budget) = candidate.budget else {
        return Ok(());
    };
    if budget.left() > state.store.unwritten_cost(owner, &candidate.id) {
        return Ok(());
    }
    let (detail, next) = match budget.period {
        Period::Month => (
            "The budget of this key for this month is used up.",
            "Raise it, use another key, or wait for the next month (UTC).",
        ),
        Period::Total => (
            "The budget of this key is used up.",
            "Raise it, or use another key.",
        ),
    };
    Err(Problem::new(Code::BudgetExhausted, detail).next(next))
}
