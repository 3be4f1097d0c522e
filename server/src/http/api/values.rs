//! Values of API calls that can only exist well-formed.

use keyseal::usage::MicroUsd;
use serde::{Deserialize, Deserializer};
use serde_json::Number;
use uuid::Uuid;

use super::super::Problem;
use crate::{
    clock::{self, Micros},
    store::Period,
};

/// An entry's id: a UUID in its one canonical spelling, because it is compared with what is sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryId(String);

impl EntryId {
    /// Reads one.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        match Uuid::parse_str(text) {
            Ok(uuid) if uuid.to_string() == text && !uuid.is_nil() => Ok(Self(text.to_owned())),
            _ => Err(Problem::validation(
                "`id` must be a UUID in lower case, with hyphens.",
            )),
        }
    }

    /// As stored and as sealed.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What the user calls an entry: short, one line.
pub fn label(text: &str) -> Result<String, Problem> {
    let text = text.trim();
    if text.chars().count() > 100 || text.chars().any(char::is_control) {
        return Err(Problem::validation(
            "`label` must be one line of at most 100 characters.",
        ));
    }
    Ok(text.to_owned())
}

/// A place in the order, 0 first.
pub fn priority(number: i64) -> Result<i64, Problem> {
    if (0..=1_000_000).contains(&number) {
        return Ok(number);
    }
    Err(Problem::validation(
        "`priority` must be between 0 and 1000000.",
    ))
}

/// A time in the future.
pub fn expiry(text: &str, now: Micros) -> Result<Micros, Problem> {
    let refuse = |reason| Err(Problem::validation(reason));
    match clock::parse_rfc3339(text) {
        None => refuse("`expiresAt` must be an RFC 3339 time, as in 2027-01-31T12:00:00Z."),
        Some(at) if at <= now => refuse("`expiresAt` must be in the future."),
        Some(at) => Ok(at),
    }
}

/// An amount of dollars, in whole millionths.
pub fn budget(number: &Number) -> Result<i64, Problem> {
    let amount = MicroUsd::from_dollars(&number.to_string());
    amount
        .and_then(|amount| i64::try_from(amount.0).ok())
        .filter(|micro| *micro <= 1_000_000_000_000)
        .ok_or_else(|| Problem::validation("`budgetUsd` must be between 0 and 1000000."))
}

/// What a budget is for.
pub fn period(text: &str) -> Result<Period, Problem> {
    Period::parse(text)
        .ok_or_else(|| Problem::validation("`budgetPeriod` must be `month` or `total`."))
}

/// Tells a member that is `null` from one that is not there.
pub fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_one_spelling() {
        let id = "0192f3c4-5b6a-7c8d-9e0f-112233445566";
        assert_eq!(EntryId::parse(id).unwrap().as_str(), id);
        for other in [
            "0192F3C4-5B6A-7C8D-9E0F-112233445566",
            "0192f3c45b6a7c8d9e0f112233445566",
            "{0192f3c4-5b6a-7c8d-9e0f-112233445566}",
            "urn:uuid:0192f3c4-5b6a-7c8d-9e0f-112233445566",
            "00000000-0000-0000-0000-000000000000",
            "../../../etc/passwd",
            "",
        ] {
            assert!(EntryId::parse(other).is_err(), "{other}");
        }
    }
}
