//! What a provider's answer says about the key it was asked with: whether another key may help.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::media::is_json;
use crate::catalogue::{Forbidden, Verdict, Wire};

/// What speaks against the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Against {
    /// The provider refuses it.
    Refused,
    /// It is good, but lacks money, a right or a region.
    Limited,
    /// The provider asks to wait with it.
    Wait,
    /// It was not accepted, by something that may not be the provider: a page, not an answer of an
    /// API. Another key is tried, and nothing is said about this one.
    Unsaid,
}

impl Against {
    /// Whether the body says what the status alone does not. A stream that begins well is never
    /// waited for.
    ///
    /// ```
    /// use keyseal::transit::Against;
    ///
    /// let find = |id| &keyseal::catalogue::find(id).expect("a provider").wire;
    /// assert!(Against::needs_body(find("openai"), 403, "application/json"));
    /// assert!(Against::needs_body(find("minimax"), 200, "application/json"));
    /// assert!(!Against::needs_body(find("minimax"), 200, "text/event-stream"));
    /// ```
    #[must_use]
    pub fn needs_body(wire: &Wire, status: u16, content_type: &str) -> bool {
        match status {
            401 | 403 => true,
            ..=399 => wire.knows_bodies_of(status) && is_json(content_type.as_bytes()),
            _ => wire.knows_bodies_of(status),
        }
    }

    /// Reads an answer; `body` is its beginning where [`Against::needs_body`] asked for it. `None`:
    /// it says nothing against the key, and another would be answered alike.
    ///
    /// ```
    /// use keyseal::transit::Against;
    ///
    /// let openai = &keyseal::catalogue::find("openai").expect("a provider").wire;
    /// assert_eq!(Against::read(openai, 401, "application/json", "{}"), Some(Against::Refused));
    /// assert_eq!(Against::read(openai, 429, "", ""), Some(Against::Wait));
    /// assert_eq!(Against::read(openai, 500, "", ""), None);
    /// ```
    #[must_use]
    pub fn read(wire: &Wire, status: u16, content_type: &str, body: &str) -> Option<Self> {
        if status < 400 && body.is_empty() {
            return None;
        }
        let is_page = content_type.to_ascii_lowercase().contains("html");
        let known = match is_page {
            true => None,
            false => wire.known_answer(status, body),
        };
        let has_to_rest = !is_page && wire.asks_to_rest(status, body);
        match (status, known) {
            (429, _) => Some(Self::Wait),
            _ if has_to_rest => Some(Self::Wait),
            (_, Some(Verdict::Invalid)) => Some(Self::Refused),
            (_, Some(Verdict::Limited)) => Some(Self::Limited),
            (401, _) if is_page => Some(Self::Unsaid),
            (401, _) => Some(Self::Refused),
            (402, _) => Some(Self::Limited),
            (403, _) if forbids_the_key(wire.forbidden, is_page, body) => Some(Self::Limited),
            _ => None,
        }
    }
}

/// A 403 may also refuse what was asked, and then every key would be refused.
fn forbids_the_key(forbidden: Forbidden, is_page: bool, body: &str) -> bool {
    match forbidden {
        _ if is_page => false,
        Forbidden::Key => true,
        Forbidden::Content => false,
        Forbidden::Unknown | Forbidden::Bot => names_the_key(body),
    }
}

/// Where errors have names, and not sentences. The message does not count: it may repeat what the
/// caller wrote.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Named<'a> {
    #[serde(borrow)]
    error: Option<&'a RawValue>,
    #[serde(borrow)]
    detail: Option<&'a RawValue>,
    #[serde(borrow)]
    details: Option<&'a RawValue>,
    #[serde(borrow, rename = "type")]
    kind: Option<&'a RawValue>,
    #[serde(borrow)]
    code: Option<&'a RawValue>,
    #[serde(borrow)]
    status: Option<&'a RawValue>,
    #[serde(borrow)]
    reason: Option<&'a RawValue>,
    #[serde(borrow)]
    error_code: Option<&'a RawValue>,
    #[serde(borrow)]
    error_type: Option<&'a RawValue>,
}

impl<'a> Named<'a> {
    fn of(json: Option<&'a RawValue>) -> Self {
        json.map(|json| Self::read(json.get())).unwrap_or_default()
    }

    fn read(json: &'a str) -> Self {
        serde_json::from_str(json).unwrap_or_default()
    }
}

/// Whether the error's type or code names the key, a permission, billing or a region.
fn names_the_key(body: &str) -> bool {
    let top = Named::read(body);
    let (error, detail) = (Named::of(top.error), Named::of(top.detail));
    let details: Option<Vec<&RawValue>> = error
        .details
        .and_then(|list| serde_json::from_str(list.get()).ok());
    let first = Named::of(details.and_then(|list| list.first().copied()));
    let places = [
        error.kind,
        error.code,
        error.status,
        first.reason,
        top.error,
        top.kind,
        top.code,
        top.status,
        top.error_code,
        top.error_type,
        detail.kind,
        detail.code,
        detail.status,
        detail.error,
    ];
    places
        .into_iter()
        .flatten()
        .filter_map(|json| serde_json::from_str::<String>(json.get()).ok())
        // A name, not a sentence.
        .filter(|name| !name.contains(char::is_whitespace))
        .any(|name| names_one(&name.to_ascii_lowercase()))
}

fn names_one(name: &str) -> bool {
    const WITHIN: [&str; 7] = [
        "permission",
        "billing",
        "payment",
        "region",
        "country",
        "apikey",
        "api_key",
    ];
    let mut words = name.split(|letter: char| !letter.is_ascii_alphanumeric());
    WITHIN.iter().any(|word| name.contains(word))
        || words.any(|word| matches!(word, "key" | "keys"))
}
