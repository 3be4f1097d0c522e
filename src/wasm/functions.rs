//! The functions that need no vault: the catalogue, the one-time seal, ids and fingerprints.

use js_sys::Date;
use wasm_bindgen::prelude::*;

use super::error::{Failure, Outcome};
use super::input::{self, Given};
use super::output::Plain;
use crate::catalogue;
use crate::envelope::{KeyClaims, PublicKey, SealedKey, Secret, random};

/// All providers of the catalogue.
#[wasm_bindgen(unchecked_return_type = "ProviderInfo[]")]
pub fn providers() -> Outcome {
    let all = catalogue::all().iter().map(|provider| {
        let categories = provider.categories.iter();
        let categories = categories.map(|category| category.as_str().into());
        Plain::Object(vec![
            ("id", provider.id.into()),
            ("name", provider.name.into()),
            ("categories", Plain::List(categories.collect())),
            ("dashboard", provider.dashboard.into()),
            ("basePath", provider.base_path.into()),
            ("customHost", Plain::Flag(provider.custom_host)),
            ("testCost", provider.test_cost.as_str().into()),
            ("cors", provider.cors.as_str().into()),
        ])
    });
    Plain::List(all.collect()).to_js()
}

/// Guesses whose key was pasted. It warns and pre-selects; it never refuses a key for its shape.
#[wasm_bindgen(unchecked_return_type = "Detection")]
pub fn detect(
    #[wasm_bindgen(unchecked_param_type = "string | Uint8Array")] pasted: &JsValue,
) -> Outcome {
    let key = input::peek(pasted)?;
    let found = catalogue::detect(&key);
    let hint = catalogue::hint(&key);
    let warnings = found.warnings.iter().map(|warning| {
        Plain::Object(vec![
            ("code", warning.code.into()),
            ("message", warning.message.into()),
        ])
    });
    Plain::Object(vec![
        ("provider", found.provider.into()),
        ("confidence", found.confidence.as_str().into()),
        ("alternatives", Plain::texts(&found.alternatives)),
        ("hint", hint.as_str().into()),
        ("warnings", Plain::List(warnings.collect())),
    ])
    .to_js()
}

/// Seals a pasted key once, for apps with a page and a transport of their own.
#[wasm_bindgen(js_name = sealKey, unchecked_return_type = "SealedKey")]
pub fn seal_key(
    #[wasm_bindgen(unchecked_param_type = "string | Uint8Array")] pasted: &JsValue,
    #[wasm_bindgen(js_name = options, unchecked_param_type = "SealKeyOptions")] given: JsValue,
) -> Outcome {
    let given = Given::new(given)?;
    let to = PublicKey::from_jwk(&given.object("jwk")?.jwk()?)
        .map_err(|error| Failure::new("jwk_refused", error.0, "Ask the companion for its key."))?;
    let (provider, sub, rid) = (
        given.text("provider")?,
        given.text("sub")?,
        given.text("rid")?,
    );
    let (host, now) = (given.maybe_text("host")?, given.integer("now")?);
    let key = Secret::from(input::take(pasted)?);
    let iat = now.unwrap_or_else(|| (Date::now() / 1000.0) as i64);
    sealed(
        &KeyClaims {
            key,
            provider,
            sub,
            rid,
            iat,
            host,
        },
        &to,
    )
}

pub(super) fn sealed(claims: &KeyClaims, to: &PublicKey) -> Outcome {
    let json = SealedKey::seal(claims, to)
        .map_err(crate::vault::VaultError::from)?
        .to_json();
    Ok(js_sys::JSON::parse(&json)?)
}

/// A new entry id: a UUID, version 7 (RFC 9562 section 5.7).
#[wasm_bindgen(js_name = newEntryId)]
pub fn new_entry_id() -> Result<String, Failure> {
    let mut bytes: [u8; 16] = random().map_err(crate::vault::VaultError::from)?;
    bytes[..6].copy_from_slice(&(Date::now() as u64).to_be_bytes()[2..]);
    bytes[6] = 0x70 | (bytes[6] & 0x0f);
    bytes[8] = 0x80 | (bytes[8] & 0x3f);
    let mut id = String::with_capacity(36);
    for (at, byte) in bytes.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            id.push('-');
        }
        push_hex(&mut id, *byte);
    }
    Ok(id)
}

/// A thumbprint for a person to compare: hex in groups of four.
#[wasm_bindgen(js_name = fingerprint)]
pub fn fingerprint_of(
    #[wasm_bindgen(unchecked_param_type = "string")] thumbprint: &JsValue,
) -> Outcome<String> {
    Ok(fingerprint(&input::text(thumbprint)?))
}

/// Hex in groups of four.
pub fn fingerprint(thumbprint: &str) -> String {
    let mut text = String::with_capacity(80);
    for (at, byte) in crate::envelope::decode_base64url(thumbprint)
        .unwrap_or_default()
        .iter()
        .enumerate()
    {
        if at > 0 && at % 2 == 0 {
            text.push(' ');
        }
        push_hex(&mut text, *byte);
    }
    text
}

fn push_hex(text: &mut String, byte: u8) {
    for digit in [byte >> 4, byte & 15] {
        text.push(char::from_digit(digit.into(), 16).unwrap_or('0'));
    }
}
