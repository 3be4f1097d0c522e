//! Refuses plain keys at the door of `/api/v1`: before anything is logged or stored, a body, query
//! or path that carries one is answered with `plaintext_refused` and dropped.

use std::{cell::Cell, time::Duration};

use axum::{
    body::{Body, Bytes},
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::header::CONTENT_ENCODING;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use keyseal::{catalogue::looks_like_key, envelope::SealedKey};
use serde::{
    Deserializer,
    de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;
use tokio::time::timeout;

use super::{Code, Problem};
use crate::{AppState, auth::place, config::Limits};

/// The layer.
pub async fn refuse(State(state): State<AppState>, request: Request, next: Next) -> Response {
    match checked(request, &state.config.limits).await {
        Ok(request) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

async fn checked(request: Request, limits: &Limits) -> Result<Request, Problem> {
    let (parts, body) = request.into_parts();
    if parts.headers.contains_key(CONTENT_ENCODING) {
        return Err(Problem::validation("The body must not be encoded.")
            .next("Send it without Content-Encoding."));
    }
    let check = Check {
        token: place::token(&parts.headers),
        found: Cell::new(false),
    };
    check.path(parts.uri.path());
    check.query(parts.uri.query().unwrap_or_default());
    let patience = Duration::from_secs(limits.body_pause_seconds);
    let bytes = collected(body, limits.api_body_bytes, patience).await?;
    check.body(&bytes);
    if check.found.get() {
        return Err(refused());
    }
    Ok(Request::from_parts(parts, Body::from(bytes)))
}

/// The whole body: not too large, and not drop by drop.
async fn collected(body: Body, limit: usize, patience: Duration) -> Result<Bytes, Problem> {
    let collected = timeout(patience, Limited::new(body, limit).collect()).await;
    let whole = collected.map_err(|_| Problem::too_slow())?;
    let whole = whole.map_err(|error| match error.is::<LengthLimitError>() {
        true => Problem::new(
            Code::TooLarge,
            "The body is larger than the companion takes.",
        )
        .next("`/.well-known/keyseal` tells the limits."),
        false => Problem::broke_off(),
    })?;
    Ok(whole.to_bytes())
}

fn refused() -> Problem {
    Problem::new(
        Code::PlaintextRefused,
        "The request carries what looks like a plain key. It was not logged or stored.",
    )
    .next("Seal the key in the browser first; if it passed over a network you do not trust, revoke it at the provider.")
}

struct Check<'a> {
    /// The caller's own token is no provider key, whatever it looks like.
    token: Option<&'a str>,
    found: Cell<bool>,
}

impl Check<'_> {
    fn path(&self, path: &str) {
        for segment in path.split('/') {
            self.value(&url_decoded(segment));
        }
    }

    fn query(&self, query: &str) {
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            self.name(&name);
            self.value(&value);
        }
    }

    fn body(&self, bytes: &Bytes) {
        if bytes.is_empty() {
            return;
        }
        let mut json = serde_json::Deserializer::from_slice(bytes);
        let seed = Any {
            check: self,
            top: true,
        };
        let read = seed.deserialize(&mut json).and_then(|()| json.end());
        // What is no JSON is refused anyway; it must not be refused with the key in a log.
        if read.is_err() {
            self.text(&String::from_utf8_lossy(bytes));
        }
    }

    /// Text that is no JSON: a form, a line, a file of settings.
    fn text(&self, text: &str) {
        self.query(text);
        let ends = |c: char| c.is_whitespace() || c.is_control() || "\"'`,;<>(){}[]&=".contains(c);
        text.split(ends).for_each(|word| self.value(word));
    }

    fn name(&self, name: &str) {
        let flat: String = name.chars().filter(|c| c.is_ascii_alphanumeric()).collect();
        let flat = flat.to_ascii_lowercase();
        let whole = [
            "key",
            "apitoken",
            "accesstoken",
            "accesskey",
            "secretkey",
            "privatekey",
            "plaintextkey",
            "plainkey",
        ];
        if flat.contains("apikey") || whole.contains(&flat.as_str()) {
            self.found.set(true);
        }
        self.value(name);
    }

    fn value(&self, value: &str) {
        let trimmed = value.trim();
        if self.token == Some(trimmed) {
            return;
        }
        let bare = trimmed
            .split_once(' ')
            .filter(|(scheme, _)| is_scheme(scheme));
        let bare = bare.map_or(trimmed, |(_, rest)| rest.trim());
        if looks_like_key(trimmed).is_some() || looks_like_key(bare).is_some() {
            self.found.set(true);
        }
    }
}

fn is_scheme(word: &str) -> bool {
    ["bearer", "key", "token"]
        .iter()
        .any(|scheme| word.eq_ignore_ascii_case(scheme))
}

fn url_decoded(segment: &str) -> String {
    // Only `%xx` has a meaning in a path; a form's `+` is a plus here.
    let form = segment.replace('+', "%2B");
    let pairs = url::form_urlencoded::parse(form.as_bytes());
    pairs
        .map(|(name, value)| {
            if value.is_empty() {
                name.into_owned()
            } else {
                format!("{name}={value}")
            }
        })
        .collect()
}

/// Reads any JSON without building it, so that duplicate members are seen too.
struct Any<'a, 'b> {
    check: &'a Check<'b>,
    top: bool,
}

impl<'de> DeserializeSeed<'de> for Any<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Any<'_, '_> {
    type Value = ();

    fn expecting(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str("JSON")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.check.value(text);
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items
            .next_element_seed(Any {
                check: self.check,
                top: false,
            })?
            .is_some()
        {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some(name) = members.next_key::<String>()? {
            if self.top && name == "sealedKey" {
                let raw: Box<RawValue> = members.next_value()?;
                self.check.sealed_key(raw.get()).map_err(A::Error::custom)?;
                continue;
            }
            self.check.name(&name);
            members.next_value_seed(Any {
                check: self.check,
                top: false,
            })?;
        }
        Ok(())
    }
}

impl Check<'_> {
    /// The members of a well-formed sealed key are ciphertext; anything else under that name is read
    /// like the rest.
    fn sealed_key(&self, raw: &str) -> Result<(), serde_json::Error> {
        if SealedKey::parse(raw.as_bytes()).is_ok() {
            return Ok(());
        }
        let mut json = serde_json::Deserializer::from_str(raw);
        Any {
            check: self,
            top: false,
        }
        .deserialize(&mut json)
    }
}

#[cfg(test)]
mod tests;
