//! What a provider's answer says about a key, in a word and a sentence. The rules are the
//! catalogue's.

use keyseal::catalogue::{self, Provider, TestCall};
use serde_json::Value;

use crate::store::Status;

/// No more of a provider's own words than this is kept.
const WORDS: usize = 200;

/// An answer.
pub struct Seen {
    /// The HTTP status.
    pub status: u16,
    /// The content type, lower case.
    pub content_type: String,
    /// The body, or its beginning.
    pub text: String,
}

/// What it says.
#[derive(Debug, PartialEq, Eq)]
pub struct Verdict {
    /// In one word.
    pub status: Status,
    /// In a sentence.
    pub detail: Option<String>,
}

impl Verdict {
    /// Nothing about the key.
    pub fn unknown(detail: impl Into<String>) -> Self {
        Self {
            status: Status::Unknown,
            detail: Some(detail.into()),
        }
    }

    /// Reads the answer to the provider's test call.
    pub fn of(provider: &Provider, call: &TestCall, seen: &Seen) -> Self {
        let is_html = seen.content_type.contains("html");
        let (status, detail) = match provider.wire.judge(seen.status, is_html, &seen.text) {
            catalogue::Verdict::Valid => (Status::Valid, None),
            catalogue::Verdict::Limited => (Status::Limited, Some(limited(seen))),
            catalogue::Verdict::Invalid => (Status::Invalid, Some(invalid(call))),
            catalogue::Verdict::Unknown => (Status::Unknown, Some(unknown(seen, is_html))),
        };
        Self { status, detail }
    }
}

/// The provider's own words stay out: some repeat parts of the key.
fn invalid(call: &TestCall) -> String {
    match call.advice {
        Some(advice) => format!("The provider refuses the key. {advice}"),
        None => "The provider refuses the key.".to_owned(),
    }
}

fn limited(seen: &Seen) -> String {
    let what = match seen.status {
        402 => "The key is good, but there is nothing left to pay with",
        401 | 403 => "The key is good, but not allowed to do this",
        429 => "The key is good, but out of requests or funds for now",
        _ => "The key is good, but limited",
    };
    with_words(what, seen)
}

fn unknown(seen: &Seen, is_html: bool) -> String {
    match seen.status {
        status if is_html => format!("A page came instead of an answer (status {status})."),
        200..=299 => with_words("The provider answered with an error", seen),
        status => format!("The provider answered with status {status}."),
    }
}

/// Adds the provider's message, where it has one.
fn with_words(what: &str, seen: &Seen) -> String {
    let body: Value = serde_json::from_str(&seen.text).unwrap_or_default();
    let places = [
        "/error/message",
        "/message",
        "/detail/message",
        "/detail",
        "/error",
        "/base_resp/status_msg",
    ];
    let words = places
        .iter()
        .find_map(|place| body.pointer(place)?.as_str());
    match words.map(str::trim).filter(|words| !words.is_empty()) {
        Some(words) => {
            let short: String = words
                .chars()
                .filter(|c| !c.is_control())
                .take(WORDS)
                .collect();
            format!("{what}: {short}")
        }
        None => format!("{what}."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use keyseal::catalogue;

    fn verdict(provider: &str, status: u16, content_type: &str, text: &str) -> Verdict {
        let provider = catalogue::find(provider).expect("a provider");
        let call = provider.wire.test.as_ref().expect("a test");
        let seen = Seen {
            status,
            content_type: content_type.into(),
            text: text.into(),
        };
        Verdict::of(provider, call, &seen)
    }

    fn status(provider: &str, code: u16, text: &str) -> Status {
        verdict(provider, code, "application/json", text).status
    }

    #[test]
    fn the_four_results_of_a_plain_provider() {
        for (code, expected) in [
            (200, Status::Valid),
            (204, Status::Valid),
            (401, Status::Invalid),
            (402, Status::Limited),
            (403, Status::Limited),
            (429, Status::Limited),
            (500, Status::Unknown),
            (503, Status::Unknown),
            (404, Status::Unknown),
            (400, Status::Unknown),
            (302, Status::Unknown),
        ] {
            assert_eq!(status("groq", code, "{}"), expected, "{code}");
        }
    }

    #[test]
    fn a_page_says_nothing_whatever_its_status() {
        for code in [200, 401, 403, 503] {
            let seen = verdict("groq", code, "text/html; charset=utf-8", "<html>");
            assert_eq!(seen.status, Status::Unknown, "{code}");
        }
    }

    #[test]
    fn scoped_keys_are_good_keys() {
        assert_eq!(
            status(
                "openai",
                403,
                "{\"error\":\"Missing scopes: api.model.read\"}"
            ),
            Status::Limited
        );
        assert_eq!(
            status(
                "elevenlabs",
                401,
                "{\"detail\":{\"status\":\"missing_permissions\"}}"
            ),
            Status::Limited
        );
        assert_eq!(
            status(
                "elevenlabs",
                401,
                "{\"detail\":{\"status\":\"invalid_api_key\"}}"
            ),
            Status::Invalid
        );
    }

    #[test]
    fn a_test_that_is_meant_to_be_rejected_shows_a_good_key() {
        assert_eq!(status("perplexity", 400, "{}"), Status::Valid);
        assert_eq!(status("perplexity", 401, "{}"), Status::Invalid);
    }

    #[test]
    fn the_providers_words_are_told_for_limits_and_kept_out_for_refusals() {
        let long = "x".repeat(500);
        let body = format!("{{\"error\":{{\"message\":\"no\\u0007 money {long}\"}}}}");
        let limited = verdict("groq", 429, "application/json", &body)
            .detail
            .expect("words");
        assert!(limited.contains("no money"));
        assert!(limited.len() < 300);
        let refused = verdict(
            "groq",
            401,
            "application/json",
            "{\"error\":{\"message\":\"bad sk-ab\"}}",
        );
        assert!(!refused.detail.expect("words").contains("sk-ab"));
    }

    #[test]
    fn every_provider_with_a_test_has_the_plain_results_unless_its_data_says_otherwise() {
        for provider in catalogue::all() {
            let Some(call) = &provider.wire.test else {
                continue;
            };
            let seen = |status| Seen {
                status,
                content_type: "application/json".into(),
                text: "{}".into(),
            };
            if call.ok_only_if.is_none() {
                assert_eq!(
                    Verdict::of(provider, call, &seen(200)).status,
                    Status::Valid,
                    "{}",
                    provider.id
                );
            }
            assert_eq!(
                Verdict::of(provider, call, &seen(401)).status,
                Status::Invalid,
                "{}",
                provider.id
            );
            assert_eq!(
                Verdict::of(provider, call, &seen(500)).status,
                Status::Unknown,
                "{}",
                provider.id
            );
        }
    }
}
