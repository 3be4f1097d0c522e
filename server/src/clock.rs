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

/// A day of them.
pub const DAY: Micros = 86_400_000_000;

/// The day (UTC), counted from 1970.
pub fn day(at: Micros) -> i64 {
    at.div_euclid(DAY)
}

/// A day as `2026-09-21`.
pub fn date(day: i64) -> String {
    let at = day.checked_mul(DAY).and_then(civil);
    at.map(|date| date.to_string()).unwrap_or_default()
}

/// Reads a date.
pub fn parse_date(text: &str) -> Option<i64> {
    // jiff takes other forms too; there is one here.
    let date: jiff::civil::Date = text.parse().ok().filter(|_| text.len() == 10)?;
    let at = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
    Some(day(at.as_microsecond()))
}

/// The month (UTC), counted from the year 0.
pub fn month(at: Micros) -> i64 {
    civil(at).map_or(0, |date| {
        i64::from(date.year()) * 12 + i64::from(date.month()) - 1
    })
}

fn civil(at: Micros) -> Option<jiff::civil::Date> {
    let at = Timestamp::from_microsecond(at).ok()?;
    Some(jiff::tz::Offset::UTC.to_datetime(at).date())
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

/// Reads the time of a `Date` header (RFC 9110), in seconds.
pub fn parse_http_date(text: &str) -> Option<i64> {
    let time = jiff::fmt::rfc2822::parse(text).ok()?;
    Some(time.timestamp().as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_utc_with_milliseconds() {
        assert_eq!(rfc3339(1_790_000_000_123_400), "2026-09-21T14:13:20.123Z");
    }

    #[test]
    fn days_and_months_are_those_of_utc() {
        let at = 1_790_000_000_123_400;
        assert_eq!(date(day(at)), "2026-09-21");
        assert_eq!(parse_date("2026-09-21"), Some(day(at)));
        assert_eq!(month(at), 2026 * 12 + 8);
        assert_eq!(month(-1), 1969 * 12 + 11);
        assert_eq!(date(-1), "1969-12-31");
        for text in [
            "",
            "2026-9-21",
            "20260921",
            "2026-02-30",
            "2026-09-21T00:00:00Z",
        ] {
            assert_eq!(parse_date(text), None, "{text}");
        }
    }

    #[test]
    fn the_date_of_an_answer_is_read() {
        let date = parse_http_date("Mon, 21 Sep 2026 14:13:20 GMT");
        assert_eq!(date, Some(1_790_000_000));
        assert_eq!(parse_http_date("now"), None);
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
