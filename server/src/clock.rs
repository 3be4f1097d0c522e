//! The time, in the two units used here: seconds in tokens and sealed keys, microseconds in the
//! database and in the API.

use std::time::{SystemTime, UNIX_EPOCH};

use jiff::{Timestamp, Unit};

/// Microseconds since the epoch, as the database stores them.
pub type Micros = i64;

/// Microseconds since the epoch.
pub fn micros() -> Micros {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |time| {
        i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
    })
}

/// Seconds since the epoch, as tokens and sealed keys carry them.
pub fn seconds() -> i64 {
    micros().div_euclid(1_000_000)
}

/// The RFC 3339 form the API answers with: UTC, milliseconds.
pub fn rfc3339(at: Micros) -> String {
    let time = Timestamp::from_microsecond(at).unwrap_or(Timestamp::UNIX_EPOCH);
    let time = time.round(Unit::Millisecond).unwrap_or(time);
    format!("{time:.3}")
}

/// Reads an RFC 3339 time.
pub fn parse_rfc3339(text: &str) -> Option<Micros> {
    text.parse::<Timestamp>()
        .ok()
        .map(Timestamp::as_microsecond)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_utc_with_milliseconds() {
        assert_eq!(rfc3339(1_790_000_000_123_400), "2026-09-21T14:13:20.123Z");
    }

    #[test]
    fn what_is_written_is_read_back() {
        assert_eq!(
            parse_rfc3339("2026-09-21T14:13:20.123Z"),
            Some(1_790_000_000_123_000)
        );
        assert_eq!(parse_rfc3339("yesterday"), None);
    }
}
