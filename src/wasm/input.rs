//! What comes in: pasted text, and options.

use js_sys::Uint8Array;
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::prelude::*;
use zeroize::Zeroizing;

use super::error::{Failure, Outcome};
use crate::catalogue;

/// The pasted key, cleaned. Bytes are wiped where they came from; a JavaScript string cannot be.
pub(super) fn take(pasted: &JsValue) -> Outcome<Zeroizing<String>> {
    let key = peek(pasted);
    if let Some(bytes) = pasted.dyn_ref::<Uint8Array>() {
        bytes.fill(0, 0, bytes.length());
    }
    key
}

/// The pasted key, cleaned, for a look that is not the last.
pub(super) fn peek(pasted: &JsValue) -> Outcome<Zeroizing<String>> {
    let text = if let Some(bytes) = pasted.dyn_ref::<Uint8Array>() {
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

/// Reads an options object.
pub(super) fn options<T: DeserializeOwned>(given: JsValue) -> Outcome<T> {
    serde_wasm_bindgen::from_value(given).map_err(|error| Failure::argument(error.to_string()))
}

/// Plain objects and arrays, `null` for what is absent.
pub(super) fn to_js<T: Serialize>(value: &T) -> Outcome {
    let serializer = serde_wasm_bindgen::Serializer::json_compatible();
    value
        .serialize(&serializer)
        .map_err(|error| Failure::argument(error.to_string()))
}
