//! The hand-over of the vault key to the relay.

use js_sys::{Array, Reflect};
use keyseal::wasm::RelayKeys;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::companion::{canary, code, companion, count_in_memory, member, options, text};
use crate::vault::{ADD, connected};

#[wasm_bindgen]
extern "C" {
    /// What the promise of `RelayKeys.accept` gives: the class as JavaScript holds it.
    type Accepted;
    #[wasm_bindgen(method)]
    fn wipe(this: &Accepted);
}

async fn granted(core: &keyseal::wasm::VaultCore, id: &str) -> Result<JsValue, JsValue> {
    core.relay_grant(Array::of1(&id.into()).into()).await
}

async fn accepted(grant: JsValue) -> Result<JsValue, JsValue> {
    JsFuture::from(RelayKeys::accept(grant)).await
}

#[wasm_bindgen_test]
async fn the_vault_key_goes_over_under_a_key_that_cannot_be_read_and_is_wiped() {
    let companion = companion().await.expect("keys");
    let core = connected("relay", &companion).await;
    let key = canary();
    core.add_browser(key.clone(), options(ADD))
        .await
        .ok()
        .expect("added");
    let grant = granted(&core, "entry-1").await.expect("granted");
    let slot = member(&grant, "key");
    assert_eq!(member(&slot, "extractable"), false);
    assert_eq!(text(&grant, "sub"), "relay");

    let keys = accepted(grant.clone()).await.expect("accepted");
    let vault = text(&keys, "vault");
    assert_eq!(vault, text(&grant, "vault"));
    let memory = wasm_bindgen::memory();
    assert_eq!(count_in_memory(&memory, &key), 0, "nothing is opened yet");
    keys.unchecked_ref::<Accepted>().wipe();
    core.lock();
    assert_eq!(count_in_memory(&memory, &key), 0);
    // The control: a copy that somebody holds is found.
    let held = key.as_string().unwrap();
    assert!(count_in_memory(&memory, &key) > 0, "{}", held.len());

    let locked = granted(&core, "entry-1").await.expect_err("locked");
    assert_eq!(code(locked), "vault_locked");
    Reflect::set(&grant, &"sub".into(), &"another".into()).unwrap();
    let moved = accepted(grant).await.expect_err("bound to its user");
    assert_eq!(code(moved), "grant_refused");
}
