//! Passkeys: WebAuthn with the PRF extension (Web Authentication Level 3 section 10.1.4), user
//! verification required.

use js_sys::{Array, Function, JSON, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use zeroize::Zeroizing;

use super::error::{Failure, Outcome};
use crate::envelope::random;
use crate::vault::VaultError;
use crate::vault::slot::Passkey;

/// ES256 and RS256, which every authenticator has one of.
const CREATE: &str = r#"{"publicKey":{"rp":{"name":"keyseal"},"user":{},
"pubKeyCredParams":[{"type":"public-key","alg":-7},{"type":"public-key","alg":-257}],
"authenticatorSelection":{"residentKey":"preferred","userVerification":"required"},
"extensions":{"prf":{"eval":{}}}}}"#;
const GET: &str =
    r#"{"publicKey":{"userVerification":"required","extensions":{"prf":{"eval":{}}}}}"#;

/// Makes a passkey and evaluates its PRF.
pub(super) async fn create(name: &str) -> Outcome<(Passkey, Zeroizing<Vec<u8>>)> {
    let prf_salt = random().map_err(VaultError::from)?;
    let (request, key) = asking(CREATE, &prf_salt)?;
    let user = member(&key, "user")?;
    set(
        &user,
        "id",
        &bytes(&random::<16>().map_err(VaultError::from)?),
    )?;
    set(&user, "name", &name.into())?;
    set(&user, "displayName", &name.into())?;
    let made = call("create", &request).await?;
    let credential = Uint8Array::new(&member(&made, "rawId")?).to_vec();
    let passkey = Passkey {
        credential,
        prf_salt,
    };
    // Some authenticators evaluate only when they are asked again.
    let secret = match output(&made)? {
        Some(secret) => secret,
        None => evaluate(&passkey).await?,
    };
    Ok((passkey, secret))
}

/// Asks the authenticator for the PRF output of a slot.
pub(super) async fn evaluate(passkey: &Passkey) -> Outcome<Zeroizing<Vec<u8>>> {
    let (request, key) = asking(GET, &passkey.prf_salt)?;
    let allowed = JSON::parse(r#"{"type":"public-key"}"#)?;
    set(&allowed, "id", &bytes(&passkey.credential))?;
    set(&key, "allowCredentials", &Array::of1(&allowed))?;
    output(&call("get", &request).await?)?.ok_or_else(|| {
        Failure::new(
            "passkey_without_prf",
            "This passkey cannot unlock a vault: it does not offer the PRF extension.",
            "Use another authenticator, or a passphrase.",
        )
    })
}

/// A request with a fresh challenge that evaluates the PRF on `prf_salt`, and its `publicKey`.
fn asking(template: &str, prf_salt: &[u8]) -> Outcome<(JsValue, JsValue)> {
    let request = JSON::parse(template)?;
    let key = member(&request, "publicKey")?;
    let challenge = random::<32>().map_err(VaultError::from)?;
    set(&key, "challenge", &bytes(&challenge))?;
    let eval = member(&member(&member(&key, "extensions")?, "prf")?, "eval")?;
    set(&eval, "first", &bytes(prf_salt))?;
    Ok((request, key))
}

/// The PRF output, taken out of the credential and wiped there.
fn output(credential: &JsValue) -> Outcome<Option<Zeroizing<Vec<u8>>>> {
    let ask: Function = member(credential, "getClientExtensionResults")?.dyn_into()?;
    let results = ask.call0(credential)?;
    let first = member(&results, "prf")
        .and_then(|prf| member(&prf, "results"))
        .and_then(|results| member(&results, "first"));
    let Ok(first) = first else { return Ok(None) };
    let bytes = Uint8Array::new(&first);
    let secret = Zeroizing::new(bytes.to_vec());
    bytes.fill(0, 0, bytes.length());
    Ok((secret.len() == 32).then_some(secret))
}

/// `navigator.credentials.create` or `.get`; a person who cancels is not an error of ours.
async fn call(method: &str, request: &JsValue) -> Outcome {
    let refused = |_| {
        Failure::new(
            "passkey_refused",
            "The passkey was not used: it was cancelled, timed out, or is not on this device.",
            "Try again, or unlock in another way.",
        )
    };
    let window: JsValue = web_sys::window().ok_or(JsValue::NULL)?.into();
    let credentials = member(&member(&window, "navigator")?, "credentials")?;
    let method: Function = member(&credentials, method)?.dyn_into()?;
    let asked: Promise = method.call1(&credentials, request)?.dyn_into()?;
    JsFuture::from(asked).await.map_err(refused)
}

fn member(value: &JsValue, name: &str) -> Result<JsValue, JsValue> {
    let member = Reflect::get(value, &name.into())?;
    if member.is_undefined() || member.is_null() {
        Err(JsValue::NULL)
    } else {
        Ok(member)
    }
}

fn set(value: &JsValue, name: &str, member: &JsValue) -> Result<(), JsValue> {
    Reflect::set(value, &name.into(), member).map(drop)
}

fn bytes(bytes: &[u8]) -> Uint8Array {
    Uint8Array::from(bytes)
}
