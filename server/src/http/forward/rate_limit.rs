//! What is left of a tier's limits, in the fields of draft-ietf-httpapi-ratelimit-headers-10.

use http::header::{HeaderMap, HeaderName, HeaderValue};

use super::super::{Code, Problem};
use crate::clock::Micros;
use crate::config::Tier;
use crate::store::{Left, Spent};

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// Says the limits, and what is left of them after this request.
pub fn tell(headers: &mut HeaderMap, tier: Tier, left: Left) {
    let policy = format!(
        "\"minute\";q={};w=60, \"day\";q={};w=86400",
        tier.requests_per_minute, tier.requests_per_day
    );
    let now = format!(
        "\"minute\";r={};t={}, \"day\";r={};t={}",
        left.this_minute,
        seconds(left.minute_resets),
        left.today,
        seconds(left.day_resets)
    );
    for (name, value) in [(POLICY, policy), (LIMIT, now)] {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    }
}

/// Why the operator's key is not lent now.
pub fn refusal(tier: Tier, spent: Spent, left: Left) -> Problem {
    let mut headers = HeaderMap::new();
    tell(&mut headers, tier, left);
    let own = "or use a key of your own.";
    let problem = match spent {
        Spent::Minute(wait) => Problem::new(
            Code::RateLimited,
            "Your tier's requests under the operator's key are used up for this minute.",
        )
        .next(format!("Wait for the time in Retry-After, {own}"))
        .retry_after(seconds(wait)),
        Spent::Day => Problem::new(
            Code::RateLimited,
            "Your tier's requests under the operator's key are used up for today.",
        )
        .next(format!("Wait until the next day (UTC), {own}"))
        .retry_after(seconds(left.day_resets)),
        Spent::Money => Problem::new(
            Code::BudgetExhausted,
            "What your tier may spend under the operator's key is used up for today, or what is left of it is less than this request could cost.",
        )
        .next(format!(
            "Let the model answer with fewer tokens, wait until the next day (UTC), {own}"
        ))
        .retry_after(seconds(left.day_resets)),
    };
    problem.headers(headers)
}

fn seconds(micros: Micros) -> u64 {
    u64::try_from(micros)
        .unwrap_or_default()
        .div_ceil(1_000_000)
}
