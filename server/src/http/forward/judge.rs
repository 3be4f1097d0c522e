//! What a provider's answer says about the key it was asked with, and how long the key rests.

use std::time::Duration;

use http::header::{self, HeaderMap};
use jiff::Timestamp;
use keyseal::catalogue::Wire;
use keyseal::transit;

use crate::clock;

/// How long a key rests after a 429 that does not say it.
const REST: Duration = Duration::from_secs(30);
/// The longest rest, whatever is asked for.
const LONGEST_REST: Duration = Duration::from_secs(3600);

/// What speaks against the key, as [`transit::Against`] reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Against {
    /// The provider refuses it.
    Refused,
    /// It is good, but lacks money, a right or a region.
    Limited,
    /// The provider asks to wait with it so long.
    Wait(Duration),
    /// It was not accepted, by something that may not be the provider.
    Unsaid,
}

/// How much of a body says what the status alone does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// The status says it all.
    Nothing,
    /// As much as is ever looked at.
    Beginning,
    /// Of a stream that seems to begin well: an error may be the first event, and no more of it is
    /// waited for.
    FirstEvent,
}

/// How much of an answer [`judge`] has to see. What begins well is waited for only where errors are
/// known to come so.
pub fn needs(wire: &Wire, status: u16, headers: &HeaderMap) -> Needs {
    let content_type = content_type(headers);
    let is_stream = || content_type.starts_with("text/event-stream");
    if transit::Against::needs_body(wire, status, content_type) {
        Needs::Beginning
    } else if status < 400 && wire.knows_bodies_of(status) && is_stream() {
        Needs::FirstEvent
    } else {
        Needs::Nothing
    }
}

/// Reads an answer; `body` is what [`needs`] asked for. `None`: it says
/// nothing against the key, and another would be answered alike.
pub fn judge(wire: &Wire, status: u16, headers: &HeaderMap, body: &str) -> Option<Against> {
    let against = transit::Against::read(wire, status, content_type(headers), body)?;
    Some(match against {
        transit::Against::Refused => Against::Refused,
        transit::Against::Limited => Against::Limited,
        transit::Against::Wait => Against::Wait(rest(headers)),
        transit::Against::Unsaid => Against::Unsaid,
    })
}

fn content_type(headers: &HeaderMap) -> &str {
    let value = headers.get(header::CONTENT_TYPE);
    value
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

/// RFC 9110, 10.2.3: seconds or a date.
fn rest(headers: &HeaderMap) -> Duration {
    let said = headers
        .get(header::RETRY_AFTER)
        .and_then(|value| value.to_str().ok())
        .map(str::trim);
    let seconds = said.and_then(|said| match said.parse::<f64>() {
        Ok(seconds) => (seconds >= 0.0).then_some(seconds),
        Err(_) => until(said),
    });
    let longest = LONGEST_REST.as_secs_f64();
    seconds.map_or(REST, |seconds| {
        Duration::from_secs_f64(seconds.clamp(1.0, longest))
    })
}

/// Seconds until an HTTP date.
fn until(date: &str) -> Option<f64> {
    let at = jiff::fmt::rfc2822::parse(date).ok()?.timestamp();
    let now = Timestamp::from_microsecond(clock::micros()).ok()?;
    Some(at.duration_since(now).as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;
    use keyseal::catalogue::{self, Forbidden};

    fn wire(id: &str) -> &'static Wire {
        &catalogue::find(id).expect("a provider").wire
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(*name, value.parse().expect("a value"));
        }
        headers
    }

    fn of(id: &str, status: u16, body: &str) -> Option<Against> {
        judge(wire(id), status, &HeaderMap::new(), body)
    }

    /// A provider of whose 403s nothing is known.
    fn unknown() -> &'static str {
        let mut all = catalogue::all().iter();
        let found = all.find(|one| one.wire.forbidden == Forbidden::Unknown);
        found.expect("one of them").id
    }

    #[test]
    fn only_answers_about_the_key_lead_to_the_next() {
        for status in [
            200, 201, 301, 304, 400, 404, 408, 409, 413, 422, 500, 502, 503, 529,
        ] {
            assert_eq!(of("openai", status, "{}"), None, "{status}");
        }
        assert_eq!(of("openai", 401, "{}"), Some(Against::Refused));
        assert_eq!(of("openai", 402, "{}"), Some(Against::Limited));
        assert_eq!(of("openai", 429, "{}"), Some(Against::Wait(REST)));
    }

    #[test]
    fn a_403_counts_where_it_concerns_the_key() {
        let id = unknown();
        for body in [
            r#"{"error":{"type":"permission_error","message":"x"}}"#,
            r#"{"error":{"code":"unsupported_country_region_territory"}}"#,
            r#"{"error":{"status":"PERMISSION_DENIED"}}"#,
            r#"{"error":{"code":"invalid_api_key"}}"#,
            r#"{"error":{"code":"InvalidApiKey"}}"#,
            r#"{"code":"billing_not_active"}"#,
            r#"{"detail":{"status":"key_disabled"}}"#,
        ] {
            assert_eq!(of(id, 403, body), Some(Against::Limited), "{body}");
        }
        for body in [
            "",
            "no need to read on",
            r#"{"error":{"type":"content_policy_violation"}}"#,
            r#"{"error":{"message":"permission key billing region"}}"#,
            r#"{"error":"your key lacks a permission"}"#,
            r#"{"error":{"code":"monkey_business"}}"#,
            r#"{"error":{"code":7}}"#,
        ] {
            assert_eq!(of(id, 403, body), None, "{body}");
        }
        let content = catalogue::all()
            .iter()
            .find(|one| one.wire.forbidden == Forbidden::Content)
            .expect("one of them");
        let named = r#"{"error":{"type":"permission_error"}}"#;
        assert_eq!(of(content.id, 403, named), None);
        assert_eq!(
            of("groq", 403, "{}"),
            Some(Against::Limited),
            "a fact of the catalogue"
        );
    }

    #[test]
    fn a_page_says_nothing_about_the_key() {
        let page = headers(&[("content-type", "text/html; charset=utf-8")]);
        for id in ["groq", unknown()] {
            assert_eq!(judge(wire(id), 403, &page, "<html>"), None);
            assert_eq!(judge(wire(id), 401, &page, "<html>"), Some(Against::Unsaid));
        }
    }

    #[test]
    fn answers_that_the_catalogue_knows_count_whatever_their_status() {
        let facts = catalogue::all().iter().flat_map(|one| {
            let bad = one
                .wire
                .bad_if
                .iter()
                .map(move |fact| (one, fact, Against::Refused));
            let limited = one.wire.limited_if.iter();
            let limited = limited.map(move |fact| (one, fact, Against::Limited));
            let resting = one.wire.rest_if.iter();
            let resting = resting.map(move |fact| (one, fact, Against::Wait(REST)));
            bad.chain(limited).chain(resting)
        });
        let json = headers(&[("content-type", "application/json; charset=utf-8")]);
        let (mut good, mut failed) = (0, 0);
        for (provider, fact, expected) in facts {
            if fact.status == 429 {
                continue;
            }
            *(if fact.status < 400 {
                &mut good
            } else {
                &mut failed
            }) += 1;
            assert_eq!(needs(&provider.wire, fact.status, &json), Needs::Beginning);
            let said = of(provider.id, fact.status, fact.contains);
            assert_eq!(said, Some(expected), "{} {fact:?}", provider.id);
        }
        assert!(good > 2 && failed > 2, "{good} {failed}");
    }

    #[test]
    fn a_good_answer_is_waited_for_only_where_an_error_may_hide_in_it() {
        let json = headers(&[("content-type", "application/json")]);
        let stream = headers(&[("content-type", "text/event-stream")]);
        let other = headers(&[("content-type", "audio/mpeg")]);
        assert_eq!(needs(wire("minimax"), 200, &json), Needs::Beginning);
        assert_eq!(needs(wire("minimax"), 200, &stream), Needs::FirstEvent);
        assert_eq!(needs(wire("minimax"), 200, &other), Needs::Nothing);
        for (content_type, needed) in [
            ("Application/JSON;charset=utf-8", Needs::Beginning),
            ("application/problem+json", Needs::Beginning),
            ("text/json", Needs::Beginning),
            ("application/jsonl", Needs::Nothing),
            ("application/json-seq", Needs::Nothing),
            ("application/stream+json", Needs::Nothing),
        ] {
            let headers = headers(&[("content-type", content_type)]);
            let found = needs(wire("minimax"), 200, &headers);
            assert_eq!(found, needed, "{content_type}");
        }
        for provider in catalogue::all().iter().filter(|one| one.id != "minimax") {
            assert_eq!(needs(&provider.wire, 200, &json), Needs::Nothing);
            assert_eq!(needs(&provider.wire, 200, &stream), Needs::Nothing);
        }
        // What a model wrote, or an answer that is as it should be, is no error.
        for body in [
            r#"{"choices":[],"base_resp":{"status_code":0,"status_msg":""}}"#,
            r#"{"choices":[{"text":"{\"status_code\":1004}"}],"base_resp":{"status_code":0}}"#,
        ] {
            assert_eq!(of("minimax", 200, body), None);
        }
    }

    #[test]
    fn a_rest_is_as_long_as_the_provider_says_within_an_hour() {
        let soon = Timestamp::from_microsecond(clock::micros() + 90_000_000).expect("a time");
        let date = soon.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let rested = rest(&headers(&[("retry-after", &date)])).as_secs();
        assert!((85..=90).contains(&rested), "{rested}");
        for (said, seconds) in [
            ("7", 7),
            (" 7 ", 7),
            ("0", 1),
            ("3600", 3600),
            ("86400", 3600),
            ("1e300", 3600),
            ("Wed, 21 Oct 2015 07:28:00 GMT", 1),
            ("Wed, 21 Oct 2099 07:28:00 GMT", 3600),
            ("soon", 30),
            ("-5", 30),
            ("NaN", 30),
            ("", 30),
        ] {
            let rested = rest(&headers(&[("retry-after", said)]));
            assert_eq!(rested, Duration::from_secs(seconds), "{said}");
        }
        assert_eq!(rest(&HeaderMap::new()), REST);
    }
}
