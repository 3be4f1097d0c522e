//! Ways to unlock, export and import, as the elements call them.

use js_sys::Array;
use keyseal::wasm::VaultCore;
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::companion::{
    canary, code, companion, count_in_memory, evict_device_keys, member, open_headers, options,
    recovery_code, stored, text,
};
use crate::vault::{ADD, REQUEST, connected};

fn kinds(core: &VaultCore) -> Vec<(String, String)> {
    let slots: Array = core.slots().ok().expect("listed").unchecked_into();
    slots
        .iter()
        .map(|slot| (text(&slot, "kind"), text(&slot, "id")))
        .collect()
}

async fn used(core: &VaultCore) -> bool {
    core.request_headers("entry-1".into(), options(REQUEST))
        .await
        .is_ok()
}

#[wasm_bindgen_test]
async fn a_locked_vault_opens_again_only_when_asked_and_holds_no_key_meanwhile() {
    let companion = companion().await.expect("keys");
    let key = canary();
    let core = connected("lock", &companion).await;
    core.add_browser(key.clone(), options(ADD))
        .await
        .ok()
        .expect("added");
    assert!(used(&core).await);
    core.lock();
    assert!(!core.unlocked() && !used(&core).await);
    assert_eq!(count_in_memory(&wasm_bindgen::memory(), &key), 0);
    core.unlock(JsValue::UNDEFINED)
        .await
        .ok()
        .expect("by this device");
    assert!(used(&core).await);
}

#[wasm_bindgen_test]
async fn a_passphrase_and_a_recovery_code_open_what_the_device_has_lost() {
    let companion = companion().await.expect("keys");
    let key = canary();
    let core = connected("slots", &companion).await;
    core.add_browser(key.clone(), options(ADD))
        .await
        .ok()
        .expect("added");
    core.add_passphrase(JsValue::from("correct horse battery"), JsValue::UNDEFINED)
        .await
        .ok()
        .expect("added");
    let recovery = recovery_code(&core, options(r#"{"passphrase":"correct horse battery"}"#)).await;
    let listed: Vec<String> = kinds(&core).into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(listed, ["device", "passphrase", "recovery"]);
    assert!(!stored().as_string().unwrap().contains(&recovery));
    drop(core);
    evict_device_keys().await.expect("evicted");

    let core = connected("slots", &companion).await;
    assert!(!core.unlocked());
    let wrong = core
        .unlock(options(r#"{"passphrase":"correct horse batterz"}"#))
        .await;
    assert_eq!(code(wrong.err().expect("wrong")), "wrong_secret");
    let wrong = core.unlock(options(r#"{"recoveryCode":"0000"}"#)).await;
    assert_eq!(code(wrong.err().expect("wrong")), "wrong_secret");
    core.unlock(options(r#"{"passphrase":"correct horse battery"}"#))
        .await
        .ok()
        .expect("opens");
    let headers = core
        .request_headers("entry-1".into(), options(REQUEST))
        .await
        .ok()
        .expect("used");
    assert_eq!(
        member(
            &open_headers(&companion, &headers).await.unwrap(),
            "request.key"
        ),
        key
    );
    core.lock();
    let typed = recovery.to_lowercase().replace('-', " ");
    core.unlock(options(&format!(r#"{{"recoveryCode":"{typed}"}}"#)))
        .await
        .ok()
        .expect("opens");
    assert!(used(&core).await);
}

#[wasm_bindgen_test]
async fn a_new_way_in_needs_one_of_the_others_now() {
    let companion = companion().await.expect("keys");
    let core = connected("prove", &companion).await;
    core.add_browser(canary(), options(ADD))
        .await
        .ok()
        .expect("added");
    core.add_passphrase(JsValue::from("correct horse battery"), JsValue::UNDEFINED)
        .await
        .ok()
        .expect("the first");
    let none = core.make_recovery_code(JsValue::UNDEFINED).await;
    assert_eq!(code(none.err().expect("no proof")), "wrong_secret");
    assert!(core.keep_recovery_code().is_err(), "none was made");
    let wrong = core
        .add_passphrase(
            JsValue::from("mine, all mine"),
            options(r#"{"passphrase":"guess"}"#),
        )
        .await;
    assert_eq!(code(wrong.err().expect("no proof")), "wrong_secret");
    assert_eq!(kinds(&core).len(), 2);
    // Nor does a way in go, or change, for whoever has none: the next one would need no proof.
    let slots = kinds(&core);
    for kept in [
        format!(r#"[{{"slot":"{}"}}]"#, slots[0].1),
        format!(
            r#"[{{"slot":"{}","newPassphrase":"mine, all mine"}}]"#,
            slots[1].1
        ),
    ] {
        for proof in [
            JsValue::UNDEFINED,
            options("{}"),
            options(r#"{"passphrase":"guess"}"#),
        ] {
            let refused = core.keep_slots(options(&kept), proof).await;
            assert_eq!(code(refused.err().expect("no proof")), "wrong_secret");
        }
    }
    assert_eq!(kinds(&core), slots);
    let gone = format!(r#"[{{"slot":"{}"}}]"#, slots[0].1);
    let proof = options(r#"{"passphrase":"correct horse battery"}"#);
    core.keep_slots(options(&gone), proof)
        .await
        .ok()
        .expect("proven");
    assert_eq!(kinds(&core).len(), 1);
}

#[wasm_bindgen_test]
async fn a_recovery_code_that_nobody_kept_opens_nothing_and_is_not_asked_for() {
    let companion = companion().await.expect("keys");
    let core = connected("unkept", &companion).await;
    core.add_browser(canary(), options(ADD))
        .await
        .ok()
        .expect("added");
    let unkept = core.make_recovery_code(JsValue::UNDEFINED).await;
    let unkept = unkept.expect("made").as_string().expect("text");
    assert_eq!(kinds(&core).len(), 1);
    let kept = recovery_code(&core, JsValue::UNDEFINED).await;
    assert_eq!(kinds(&core).len(), 2);
    core.lock();
    for (typed, opens) in [(unkept, false), (kept, true)] {
        let typed = options(&format!(r#"{{"recoveryCode":"{typed}"}}"#));
        assert_eq!(core.unlock(typed).await.is_ok(), opens);
    }
    assert!(core.keep_recovery_code().is_err(), "each is kept once");
}

#[wasm_bindgen_test]
async fn a_new_passphrase_has_eight_characters_at_least() {
    let companion = companion().await.expect("keys");
    let core = connected("short", &companion).await;
    core.add_browser(canary(), options(ADD))
        .await
        .ok()
        .expect("added");
    let short = core
        .add_passphrase(JsValue::from("abc"), JsValue::UNDEFINED)
        .await;
    assert_eq!(code(short.err().expect("refused")), "passphrase_short");
    core.add_passphrase(JsValue::from("correct horse battery"), JsValue::UNDEFINED)
        .await
        .ok()
        .expect("added");
    let proof = || options(r#"{"passphrase":"correct horse battery"}"#);
    let file = core.export_entries(proof(), JsValue::from("x")).await;
    assert_eq!(code(file.err().expect("refused")), "passphrase_short");
    let change = format!(
        r#"[{{"slot":"{}","newPassphrase":"x"}}]"#,
        kinds(&core)[1].1
    );
    let changed = core.keep_slots(options(&change), proof()).await;
    assert_eq!(code(changed.err().expect("refused")), "passphrase_short");
    assert_eq!(kinds(&core).len(), 2);
}

#[wasm_bindgen_test]
async fn removing_a_slot_keeps_the_others_and_makes_a_new_device_key() {
    let companion = companion().await.expect("keys");
    let core = connected("rekey", &companion).await;
    core.add_browser(canary(), options(ADD))
        .await
        .ok()
        .expect("added");
    core.add_passphrase(JsValue::from("correct horse battery"), JsValue::UNDEFINED)
        .await
        .ok()
        .expect("added");
    let recovery = recovery_code(&core, options(r#"{"passphrase":"correct horse battery"}"#)).await;
    let slots = kinds(&core);
    let keep = format!(
        r#"[{{"slot":"{}"}},{{"slot":"{}","newPassphrase":"another horse battery"}}]"#,
        slots[0].1, slots[1].1
    );
    let proof = options(r#"{"passphrase":"correct horse battery"}"#);
    core.keep_slots(options(&keep), proof)
        .await
        .ok()
        .expect("kept");
    assert_eq!(kinds(&core).len(), 2);
    assert!(used(&core).await);
    drop(core);

    let core = connected("rekey", &companion).await;
    assert!(core.unlocked(), "the device still opens it");
    core.lock();
    for gone in [
        r#"{"passphrase":"correct horse battery"}"#.to_owned(),
        format!(r#"{{"recoveryCode":"{recovery}"}}"#),
    ] {
        assert_eq!(
            code(core.unlock(options(&gone)).await.err().expect("gone")),
            "wrong_secret"
        );
    }
    core.unlock(options(r#"{"passphrase":"another horse battery"}"#))
        .await
        .ok()
        .expect("opens");
    assert!(used(&core).await);
    let proof = options(r#"{"passphrase":"another horse battery"}"#);
    let none = core.keep_slots(Array::new().into(), proof).await;
    assert_eq!(code(none.err().expect("never none")), "last_slot");
    assert!(used(&core).await);
}

#[wasm_bindgen_test]
async fn an_export_needs_a_secret_now_and_opens_on_another_device() {
    let companion = companion().await.expect("keys");
    let key = canary();
    let core = connected("export", &companion).await;
    core.add_browser(key.clone(), options(ADD))
        .await
        .ok()
        .expect("added");
    core.add_passphrase(JsValue::from("correct horse battery"), JsValue::UNDEFINED)
        .await
        .ok()
        .expect("added");
    let unproven = core
        .export_entries(options("{}"), JsValue::from("for the road"))
        .await;
    assert_eq!(code(unproven.err().expect("no secret")), "wrong_secret");
    let proof = options(r#"{"passphrase":"correct horse battery"}"#);
    let file = core
        .export_entries(proof, JsValue::from("for the road"))
        .await
        .ok()
        .expect("exported");
    assert_eq!(Array::from(&member(&file, "leftOut")).length(), 0);
    let file = member(&file, "file").as_string().expect("text");
    assert!(!file.contains(&key.as_string().unwrap()));
    core.destroy().await.ok().expect("gone");

    let core = connected("export", &companion).await;
    let wrong = core
        .import_entries(file.as_str().into(), JsValue::from("for the rail"))
        .await;
    assert_eq!(code(wrong.err().expect("wrong")), "wrong_secret");
    let rubbish = core
        .import_entries("{}".into(), JsValue::from("for the road"))
        .await;
    assert_eq!(code(rubbish.err().expect("rubbish")), "export_malformed");
    let id = file.find("\"jwe\":\"").expect("an entry") + 40;
    let mut damaged = file.clone();
    damaged.replace_range(
        id..=id,
        if file[id..].starts_with('A') {
            "B"
        } else {
            "A"
        },
    );
    let refused = core
        .import_entries(damaged.into(), JsValue::from("for the road"))
        .await
        .ok()
        .expect("read");
    assert_eq!(Array::from(&member(&refused, "refused")).length(), 1);
    assert_eq!(kinds(&core), [], "nothing was imported: no vault is made");
    let done = core
        .import_entries(file.into(), JsValue::from("for the road"))
        .await
        .ok()
        .expect("imported");
    assert_eq!(Array::from(&member(&done, "taken")).length(), 1);
    assert_eq!(
        kinds(&core).len(),
        1,
        "the device's slot came with the vault"
    );
    assert!(used(&core).await);
}
