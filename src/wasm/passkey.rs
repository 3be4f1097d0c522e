//! Passkeys: WebAuthn with the PRF extension (Web Authentication Level 3 section 10.1.4), user
//! verification required.

use js_sys::{Array, Function, JSON, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use zeroize::Zeroizing;

use super::error::{Failure, Outcome};
use crate::envelope::{encode_base64url, random};
use crate::vault::VaultError;
use crate::vault::slot::Passkey;

/// ES256 and RS256, which every authenticator has one of.
const CREATE: &str = r#"{"publicKey":{"rp":{"name":"keyseal"},"user":{},
"pubKeyCredParams":[{"type":"public-key","alg":-7},{"type":"public-key","alg":-257}],
"authenticatorSelection":{"residentKey":"preferred","userVerification":"required"},
"extensions":{"prf":{"eval":{}}}}}"#;
const GET: &str =
    r#"{"publicKey":{"userVerification":"required","extensions":{"prf":{"eval":{}}}}}"#;

/// Makes a passkey and evaluates its PRF. One that cannot unlock a vault is not kept.
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
    let passkey = Passkey {
        credential: Uint8Array::new(&member(&made, "rawId")?).to_vec(),
        prf_salt,
    };
    let secret = match output(&made)? {
        Prf::Output(secret) => Ok(secret),
        // Some authenticators evaluate only when they are asked again.
        Prf::NotNow => evaluate(&passkey).await,
        Prf::Never => Err(without_prf()),
    };
    if secret.is_err() {
        forget(&passkey);
    }
    Ok((passkey, secret?))
}

/// Asks the authenticator for the PRF output of a slot.
pub(super) async fn evaluate(passkey: &Passkey) -> Outcome<Zeroizing<Vec<u8>>> {
    let (request, key) = asking(GET, &passkey.prf_salt)?;
    let allowed = JSON::parse(r#"{"type":"public-key"}"#)?;
    set(&allowed, "id", &bytes(&passkey.credential))?;
    set(&key, "allowCredentials", &Array::of1(&allowed))?;
    match output(&call("get", &request).await?)? {
        Prf::Output(secret) => Ok(secret),
        _ => Err(without_prf()),
    }
}

/// Tells the authenticator, where the browser can, that nothing uses this passkey any more, so that
/// it does not stay in the person's list (Web Authentication Level 3 section 5.1.10).
pub(super) fn forget(passkey: &Passkey) {
    // Only a courtesy: where it fails, a passkey that opens nothing stays behind.
    let _ = signal(&encode_base64url(&passkey.credential));
}

fn signal(credential: &str) -> Result<(), JsValue> {
    let window: JsValue = web_sys::window().ok_or(JsValue::NULL)?.into();
    let class = member(&window, "PublicKeyCredential")?;
    let signal: Function = member(&class, "signalUnknownCredential")?.dyn_into()?;
    let unknown = JSON::parse("{}")?;
    set(
        &unknown,
        "rpId",
        &member(&member(&window, "location")?, "hostname")?,
    )?;
    set(&unknown, "credentialId", &credential.into())?;
    let told: Promise = signal.call1(&class, &unknown)?.dyn_into()?;
    wasm_bindgen_futures::spawn_local(async {
        let _ = JsFuture::from(told).await;
    });
    Ok(())
}

fn without_prf() -> Failure {
    Failure::new(
        "passkey_without_prf",
        "This passkey cannot unlock a vault: it does not offer the PRF extension.",
        "Use another authenticator, or a passphrase.",
    )
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

/// What a credential says of its PRF.
enum Prf {
    Output(Zeroizing<Vec<u8>>),
    NotNow,
    Never,
}

/// The PRF output, taken out of the credential and wiped there.
fn output(credential: &JsValue) -> Outcome<Prf> {
    let ask: Function = member(credential, "getClientExtensionResults")?.dyn_into()?;
    let Ok(prf) = member(&ask.call0(credential)?, "prf") else {
        return Ok(Prf::NotNow);
    };
    let first = member(&prf, "results").and_then(|results| member(&results, "first"));
    let Ok(first) = first else {
        let enabled = Reflect::get(&prf, &"enabled".into())?;
        return Ok(match enabled.as_bool() {
            Some(false) => Prf::Never,
            _ => Prf::NotNow,
        });
    };
    let bytes = Uint8Array::new(&first);
    let secret = Zeroizing::new(bytes.to_vec());
    bytes.fill(0, 0, bytes.length());
    Ok(match secret.len() {
        32 => Prf::Output(secret),
        _ => Prf::Never,
    })
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
    let asked = ask(method, request).map_err(|_| {
        Failure::new(
            "passkey_unavailable",
            "This browser offers no passkeys to this page.",
            "Use HTTPS and a current browser, or a passphrase.",
        )
    })?;
    JsFuture::from(asked).await.map_err(refused)
}

fn ask(method: &str, request: &JsValue) -> Result<Promise, JsValue> {
    let window: JsValue = web_sys::window().ok_or(JsValue::NULL)?.into();
    let credentials = member(&member(&window, "navigator")?, "credentials")?;
    let method: Function = member(&credentials, method)?.dyn_into()?;
    method.call1(&credentials, request)?.dyn_into()
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
