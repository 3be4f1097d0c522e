//! Records that were changed in the browser's storage. Every byte is changed natively, in
//! `src/vault/tampered.rs`; here some of each record, under the real storage and the device's key.

use js_sys::Array;
use keyseal::wasm::VaultCore;
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::companion::{canary, code, companion, evict_device_keys, options, recovery_code, text};
use crate::vault::{ADD, REQUEST, connected};

const PASSPHRASE: &str = r#"{"passphrase":"correct horse battery"}"#;

fn storage() -> web_sys::Storage {
    let window = web_sys::window().expect("a page");
    window.local_storage().expect("allowed").expect("there")
}

/// Name and text of the record whose name ends so.
fn record(core: &VaultCore, end: &str) -> (String, String) {
    let records: Array = core.raw_records().ok().expect("listed").unchecked_into();
    let mut records = records
        .iter()
        .map(|it| (text(&it, "name"), text(&it, "value")));
    records
        .find(|(name, _)| name.ends_with(end))
        .expect("stored")
}

/// `good` with one of its letters changed, in every `step`th place.
fn changed(good: &str, step: usize) -> impl Iterator<Item = String> + '_ {
    (0..good.len()).step_by(step).map(|at| {
        let other = if good.as_bytes()[at] == b'A' {
            "B"
        } else {
            "A"
        };
        format!("{}{other}{}", &good[..at], &good[at + 1..])
    })
}

async fn used(core: &VaultCore, rid: &str) -> Result<(), String> {
    let asked = core.request_headers(rid.into(), options(REQUEST)).await;
    asked.map(drop).map_err(code)
}

async fn two_entries(sub: &str, companion: &JsValue) -> VaultCore {
    let core = connected(sub, companion).await;
    for rid in ["entry-1", "entry-2"] {
        let add = options(&ADD.replace("entry-1", rid));
        core.add_browser(canary(), add).await.ok().expect("added");
    }
    core
}

#[wasm_bindgen_test]
async fn a_changed_entry_is_refused_and_named_and_the_other_is_used() {
    let companion = companion().await.expect("keys");
    let core = two_entries("tampered-entry", &companion).await;
    let (name, good) = record(&core, ".entry.entry-1");
    let sealed = good.find("\"display\"").expect("display");
    for bad in changed(&good[..sealed], 9) {
        let bad = format!("{bad}{}", &good[sealed..]);
        storage().set_item(&name, &bad).expect("written");
        let refused = used(&core, "entry-1").await.expect_err("changed");
        assert!(
            ["entry_damaged", "vault_key_lost"].contains(&refused.as_str()),
            "{refused}"
        );
        assert_eq!(used(&core, "entry-2").await, Ok(()));
    }
    storage().set_item(&name, &good).expect("written");
    assert_eq!(used(&core, "entry-1").await, Ok(()));
}

#[wasm_bindgen_test]
async fn a_changed_slot_opens_nothing_and_the_other_still_does() {
    let companion = companion().await.expect("keys");
    let core = two_entries("tampered-slot", &companion).await;
    let recovery = recovery_code(&core, JsValue::UNDEFINED).await;
    let recovery = format!(r#"{{"recoveryCode":"{recovery}"}}"#);
    let (name, good) = record(&core, ".vault");
    drop(core);
    // The device's own slot, up to the second.
    let first = good.find("\"slots\":[").expect("slots") + 10;
    let second = good.find("\"kind\":\"recovery\"").expect("two");
    let second = good[..second].rfind("},{").expect("two");
    assert!(first < second);
    for bad in changed(&good[first..second], 41) {
        let bad = format!("{}{bad}{}", &good[..first], &good[second..]);
        storage().set_item(&name, &bad).expect("written");
        let core = connected("tampered-slot", &companion).await;
        if core.unlocked() {
            panic!("the device's slot was changed and opens: {bad}");
        }
        // Not a record any more, or one whose paper opens it.
        match core.unlock(options(&recovery)).await.map_err(code) {
            Ok(_) => assert_eq!(used(&core, "entry-2").await, Ok(())),
            Err(error) => assert_eq!(error, "vault_damaged"),
        }
        assert_eq!(
            storage().get_item(&name).expect("readable").expect("kept"),
            bad
        );
    }
}

#[wasm_bindgen_test]
async fn a_weakened_passphrase_is_refused_before_work_and_the_others_open() {
    let companion = companion().await.expect("keys");
    let core = two_entries("weakened", &companion).await;
    core.add_passphrase("correct horse battery".into(), JsValue::UNDEFINED)
        .await
        .ok()
        .expect("added");
    let recovery = recovery_code(&core, options(PASSPHRASE)).await;
    let (name, good) = record(&core, ".vault");
    drop(core);
    evict_device_keys().await.expect("evicted");
    // Hours, or hundreds of gigabytes, were it tried.
    for bad in ["\"memoryKib\":8", "\"memoryKib\":4294967295"] {
        let bad = good.replace("\"memoryKib\":65536", bad);
        assert_ne!(bad, good);
        storage().set_item(&name, &bad).expect("written");
        let core = connected("weakened", &companion).await;
        let refused = core.unlock(options(PASSPHRASE)).await.map_err(code);
        assert_eq!(refused.expect_err("weakened"), "weak_slot");
        let code_given = format!(r#"{{"recoveryCode":"{recovery}"}}"#);
        core.unlock(options(&code_given)).await.ok().expect("opens");
        assert_eq!(used(&core, "entry-1").await, Ok(()));
    }
}
