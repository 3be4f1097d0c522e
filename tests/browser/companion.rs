//! `companion.js` for Rust, and small helpers.

use js_sys::{JSON, Object, Reflect};
use keyseal::wasm::VaultCore;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(module = "/tests/browser/companion.js")]
extern "C" {
    #[wasm_bindgen(catch)]
    pub async fn companion() -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch, js_name = wellKnown)]
    pub async fn well_known(
        companion: &JsValue,
        issuer: &str,
        seq: f64,
    ) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch, js_name = openSealedKey)]
    pub async fn open_sealed_key(companion: &JsValue, sealed: &JsValue)
    -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch, js_name = openHeaders)]
    pub async fn open_headers(companion: &JsValue, headers: &JsValue) -> Result<JsValue, JsValue>;
    pub fn canary() -> JsValue;
    #[wasm_bindgen(js_name = countInMemory)]
    pub fn count_in_memory(memory: &JsValue, needle: &JsValue) -> u32;
    pub fn stored() -> JsValue;
    #[wasm_bindgen(catch, js_name = deviceKeys)]
    pub async fn device_keys() -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch, js_name = evictDeviceKeys)]
    pub async fn evict_device_keys() -> Result<JsValue, JsValue>;
}

/// An options object from JSON text.
pub fn options(json: &str) -> JsValue {
    JSON::parse(json).expect("JSON")
}

/// An options object with a member that is not JSON text here.
pub fn with(json: &str, name: &str, value: &JsValue) -> JsValue {
    let object = options(json);
    Reflect::set(&object, &name.into(), value).expect("an object");
    object
}

/// A member by its path, such as `request.key`.
pub fn member(value: &JsValue, path: &str) -> JsValue {
    path.split('.').fold(value.clone(), |value, name| {
        Reflect::get(&value, &name.into()).unwrap_or(JsValue::UNDEFINED)
    })
}

pub fn text(value: &JsValue, path: &str) -> String {
    member(value, path).as_string().unwrap_or_default()
}

/// The code of an error, which must be a real `Error` that says what to do next.
pub fn code(error: impl Into<JsValue>) -> String {
    let error = error.into();
    assert!(
        error.is_instance_of::<js_sys::Error>()
            && Object::is(&member(&error, "name"), &"KeysealError".into())
    );
    assert!(!text(&error, "message").is_empty() && !text(&error, "next").is_empty());
    text(&error, "code")
}

/// A recovery code that the person keeps.
pub async fn recovery_code(core: &VaultCore, proof: JsValue) -> String {
    let code = core.make_recovery_code(proof).await.expect("made");
    let code = code.as_string().expect("text");
    core.keep_recovery_code().ok().expect("kept");
    code
}
