//! What comes in: pasted text, and options.

use js_sys::{Array, ArrayBuffer, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use zeroize::Zeroizing;

use super::error::{Failure, Outcome};
use crate::catalogue;
use crate::envelope::Jwk;
use crate::vault::slot::Stretching;

/// The pasted key, cleaned. Bytes are wiped where they came from; a JavaScript string cannot be.
pub(super) fn take(pasted: &JsValue) -> Outcome<Zeroizing<String>> {
    let key = peek(pasted);
    if let Some(bytes) = bytes_of(pasted) {
        bytes.fill(0, 0, bytes.length());
    }
    key
}

/// The pasted key, cleaned, for a look that is not the last.
pub(super) fn peek(pasted: &JsValue) -> Outcome<Zeroizing<String>> {
    let text = if let Some(bytes) = bytes_of(pasted) {
        let bytes = Zeroizing::new(bytes.to_vec());
        let text = core::str::from_utf8(&bytes);
        Zeroizing::new(
            text.map_err(|_| Failure::argument("The pasted bytes are not text."))?
                .into(),
        )
    } else {
        let text = pasted.as_string();
        Zeroizing::new(
            text.ok_or_else(|| Failure::argument("A string or Uint8Array is expected."))?,
        )
    };
    Ok(catalogue::clean(&text)?)
}

/// Bytes, if they are real ones: what only claims to be an array would throw when it is read.
pub(super) fn bytes_of(pasted: &JsValue) -> Option<&Uint8Array> {
    pasted
        .dyn_ref::<Uint8Array>()
        .filter(|_| ArrayBuffer::is_view(pasted))
}

/// A string that is an argument by itself. What `wasm-bindgen` passes as one without looking is an
/// access out of bounds where it is something else.
pub(super) fn text(value: &JsValue) -> Outcome<String> {
    let text = value.as_string();
    text.ok_or_else(|| Failure::argument("A string is expected."))
}

/// A passphrase to be.
pub(super) fn new_passphrase(value: &JsValue) -> Outcome<Zeroizing<String>> {
    long_enough(Zeroizing::new(text(value)?))
}

/// A passphrase to be, unless it is too short.
pub(super) fn long_enough(passphrase: Zeroizing<String>) -> Outcome<Zeroizing<String>> {
    Stretching::long_enough(&passphrase)?;
    Ok(passphrase)
}

/// A list, read one by one: its length is only a claim.
pub(super) fn list(value: JsValue) -> Outcome<Array> {
    let none = || Failure::argument("A list is expected.");
    value.dyn_into().map_err(|_| none())
}

/// An options object, read member by member: a deserialiser for each kind of options would cost
/// kilobytes. What is absent may be `undefined` or `null`; what has another type is refused by name.
pub(super) struct Given(pub(super) JsValue);

impl Given {
    pub(super) fn new(value: JsValue) -> Outcome<Self> {
        if value.is_object() {
            Ok(Self(value))
        } else {
            Err(Failure::argument("An options object is expected."))
        }
    }

    fn member(&self, name: &str) -> Option<JsValue> {
        let member = Reflect::get(&self.0, &name.into()).ok()?;
        (!member.is_undefined() && !member.is_null()).then_some(member)
    }

    fn typed<T>(&self, name: &str, read: impl Fn(&JsValue) -> Option<T>) -> Outcome<Option<T>> {
        let Some(member) = self.member(name) else {
            return Ok(None);
        };
        let wrong = || Failure::argument(["The option ", name, " has another type."].concat());
        read(&member).ok_or_else(wrong).map(Some)
    }

    /// A string that must be there.
    pub(super) fn text(&self, name: &str) -> Outcome<String> {
        named_text(name, &self.member(name).unwrap_or_default())
    }

    /// A string that may be there.
    pub(super) fn maybe_text(&self, name: &str) -> Outcome<Option<String>> {
        self.typed(name, JsValue::as_string)
    }

    /// A string that may be there and is wiped.
    pub(super) fn secret(&self, name: &str) -> Outcome<Option<Zeroizing<String>>> {
        Ok(self.maybe_text(name)?.map(Zeroizing::new))
    }

    /// A string or `null`, or neither.
    #[allow(
        clippy::option_option,
        reason = "absent, null and a value are three things"
    )]
    pub(super) fn change(&self, name: &str) -> Outcome<Option<Option<String>>> {
        let member = Reflect::get(&self.0, &name.into()).unwrap_or(JsValue::UNDEFINED);
        if member.is_null() {
            Ok(Some(None))
        } else {
            Ok(self.maybe_text(name)?.map(Some))
        }
    }

    /// A boolean that may be there.
    pub(super) fn flag(&self, name: &str) -> Outcome<Option<bool>> {
        self.typed(name, JsValue::as_bool)
    }

    /// A whole number that may be there.
    pub(super) fn integer(&self, name: &str) -> Outcome<Option<i64>> {
        let whole = |number: f64| number.fract() == 0.0 && number.abs() < 9e15;
        self.typed(name, |value| {
            value
                .as_f64()
                .filter(|number| whole(*number))
                .map(|n| n as i64)
        })
    }

    /// An object that must be there.
    pub(super) fn object(&self, name: &str) -> Outcome<Self> {
        Self::new(self.member(name).unwrap_or(JsValue::UNDEFINED))
    }

    /// This object as a JWK. Members that a public RSA key does not have are ignored here: a
    /// `JsonWebKey` of the browser's has more, and only these are used.
    pub(super) fn jwk(&self) -> Outcome<Jwk> {
        Ok(Jwk {
            kty: self.text("kty")?,
            n: self.text("n")?,
            e: self.text("e")?,
            kid: self.maybe_text("kid")?,
            key_use: self.maybe_text("use")?,
            alg: self.maybe_text("alg")?,
        })
    }
}

/// The option `name` as a string that must be there.
pub(super) fn named_text(name: &str, value: &JsValue) -> Outcome<String> {
    value.as_string().ok_or_else(|| {
        let wrong = if value.is_undefined() || value.is_null() {
            " is missing."
        } else {
            " has another type."
        };
        Failure::argument(["The option ", name, wrong].concat())
    })
}
