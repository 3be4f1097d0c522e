//! A one-time slot: the vault key under a `CryptoKey` that is made for one hand-over, from the
//! vault's wasm to the relay's. Between them JavaScript holds ciphertext, and a key that it cannot
//! read (Web Cryptography API, section 13.4: `[[extractable]]`).

#[cfg(feature = "relay")]
use js_sys::Uint8Array;
use js_sys::{Object, Reflect};
use wasm_bindgen::prelude::*;
#[cfg(feature = "relay")]
use wasm_bindgen_futures::JsFuture;
#[cfg(feature = "relay")]
use web_sys::{CryptoKey, SubtleCrypto, WorkerGlobalScope};
#[cfg(feature = "relay")]
use zeroize::Zeroizing;

pub(super) const IV_BYTES: usize = 12;

/// Decrypts; what WebCrypto hands over is wiped.
#[cfg(feature = "relay")]
pub(super) async fn open(
    bound: &str,
    key: &CryptoKey,
    wrapped: &[u8],
) -> Result<Zeroizing<[u8; 32]>, JsValue> {
    let (iv, sealed) = wrapped.split_first_chunk().ok_or(JsValue::NULL)?;
    let plain = subtle()?.decrypt_with_object_and_u8_array(&parameters(bound, iv)?, key, sealed)?;
    let plain = Uint8Array::new(&JsFuture::from(plain).await?);
    let mut secret = Zeroizing::new([0; 32]);
    let fits = plain.length() as usize == secret.len();
    if fits {
        plain.copy_to(secret.as_mut_slice());
    }
    plain.fill(0, 0, plain.length());
    fits.then_some(secret).ok_or(JsValue::NULL)
}

/// What the hand-over is bound to.
pub(super) fn bound(vault: &str, sub: &str) -> String {
    ["keyseal-relay-grant\n", vault, "\n", sub].concat()
}

#[cfg(feature = "relay")]
fn parameters(bound: &str, iv: &[u8; IV_BYTES]) -> Result<Object, JsValue> {
    object(&[
        ("name", "AES-GCM".into()),
        ("iv", Uint8Array::from(iv.as_slice()).into()),
        ("additionalData", Uint8Array::from(bound.as_bytes()).into()),
    ])
}

pub(super) fn object(members: &[(&str, JsValue)]) -> Result<Object, JsValue> {
    let object = Object::new();
    for (name, value) in members {
        Reflect::set(&object, &(*name).into(), value)?;
    }
    Ok(object)
}

/// WebCrypto, in a page or in a worker; pages that were not served securely have none.
#[cfg(feature = "relay")]
fn subtle() -> Result<SubtleCrypto, JsValue> {
    let global: WorkerGlobalScope = js_sys::global().unchecked_into();
    let subtle = global.crypto()?.subtle();
    if subtle.is_undefined() {
        Err(JsValue::NULL)
    } else {
        Ok(subtle)
    }
}
