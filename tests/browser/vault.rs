//! The vault over localStorage and IndexedDB.

use std::collections::BTreeSet;

use js_sys::{Array, Promise};
use keyseal::wasm::VaultCore;
use wasm_bindgen::convert::TryFromJsValue;
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::companion::{
    canary, code, companion, count_in_memory, device_keys, evict_device_keys, member, open_headers,
    open_sealed_key, options, stored, text, well_known, with,
};

const ISSUER: &str = "https://keys.example.com";
pub const ADD: &str = r#"{"provider":"openai","rid":"entry-1","label":"prod"}"#;
pub const REQUEST: &str =
    r#"{"method":"POST","path":"/forward/openai/v1/chat/completions","token":"t"}"#;

async fn open(sub: &str, extra: &str) -> VaultCore {
    let given = options(&format!(
        r#"{{"issuer":"{ISSUER}/{sub}","sub":"{sub}"{extra}}}"#
    ));
    let core = VaultCore::open(given).await.expect("opens");
    VaultCore::try_from_js_value(core).ok().expect("a vault")
}

/// A vault of its own user and issuer, connected to `companion`.
pub async fn connected(sub: &str, companion: &JsValue) -> VaultCore {
    let core = open(sub, "").await;
    let published = well_known(companion, &format!("{ISSUER}/{sub}"), 1.0)
        .await
        .expect("signed");
    core.accept_keyset(published, JsValue::UNDEFINED)
        .ok()
        .expect("accepted");
    core
}

fn list(core: &VaultCore) -> Vec<JsValue> {
    core.entries()
        .ok()
        .expect("listed")
        .unchecked_into::<Array>()
        .to_vec()
}

#[wasm_bindgen_test]
async fn a_browser_only_key_outlives_the_page_and_is_used_by_request_envelopes() {
    let companion = companion().await.expect("keys");
    let key = canary();
    let core = connected("reload", &companion).await;
    let entry = core
        .add_browser(key.clone(), options(ADD))
        .await
        .ok()
        .expect("added");
    assert_eq!(text(&entry, "storage"), "browser");
    assert_eq!(text(&entry, "status"), "untested");
    drop(core);

    let core = connected("reload", &companion).await;
    assert!(core.persistent() && core.unlocked());
    assert_eq!(text(&list(&core)[0], "label"), "prod");
    let headers = core
        .request_headers("entry-1".into(), options(REQUEST))
        .await
        .ok()
        .expect("sealed");
    let opened = open_headers(&companion, &headers).await.expect("opens");
    assert_eq!(member(&opened, "bound"), true);
    assert_eq!(member(&opened, "request.key"), key);
    assert_eq!(text(&opened, "request.m"), "POST");
    assert_eq!(
        text(&opened, "request.p"),
        "/forward/openai/v1/chat/completions"
    );
    assert_eq!(text(&opened, "request.sub"), "reload");
    assert_eq!(text(&opened, "session.sub"), "reload");
    let lasts = member(&opened, "session.exp").as_f64().unwrap()
        - member(&opened, "session.iat").as_f64().unwrap();
    assert!((1.0..=3600.0).contains(&lasts));

    let again = core
        .request_headers("entry-1".into(), options(REQUEST))
        .await
        .ok()
        .expect("sealed");
    assert_eq!(
        member(&headers, "Keyseal-Session"),
        member(&again, "Keyseal-Session")
    );
    assert_ne!(
        member(&headers, "Keyseal-Key"),
        member(&again, "Keyseal-Key")
    );
    let other = options(&REQUEST.replace("\"t\"", "\"u\""));
    let other = core
        .request_headers("entry-1".into(), other)
        .await
        .ok()
        .expect("sealed");
    assert_ne!(
        member(&headers, "Keyseal-Session"),
        member(&other, "Keyseal-Session"),
        "bound to the token"
    );
}

#[wasm_bindgen_test]
async fn no_two_request_envelopes_share_an_initialisation_vector_or_an_id() {
    // More than one fetch of random bytes lasts for.
    const MANY: usize = 60;
    let companion = companion().await.expect("keys");
    let core = connected("nonces", &companion).await;
    core.add_browser(canary(), options(ADD))
        .await
        .ok()
        .expect("added");

    let (mut ivs, mut ids) = (BTreeSet::new(), BTreeSet::new());
    for _ in 0..MANY {
        let headers = core
            .request_headers("entry-1".into(), options(REQUEST))
            .await
            .ok()
            .expect("sealed");
        let opened = open_headers(&companion, &headers).await.expect("opens");
        ids.insert(text(&opened, "request.jti"));
        let jwe = text(&headers, "Keyseal-Key");
        let iv = jwe.split('.').nth(2).expect("compact");
        assert_ne!(iv.trim_matches('A'), "", "random bytes, not zeros");
        ivs.insert(iv.to_owned());
    }
    assert_eq!((ivs.len(), ids.len()), (MANY, MANY));
}

#[wasm_bindgen_test]
async fn no_key_stands_in_storage_or_in_memory_after_use() {
    let companion = companion().await.expect("keys");
    let key = canary();
    let core = connected("canary", &companion).await;
    core.add_browser(key.clone(), options(ADD))
        .await
        .ok()
        .expect("added");
    let token = canary();
    for _ in 0..2 {
        let request = with(REQUEST, "token", &token);
        let headers = core.request_headers("entry-1".into(), request);
        headers.await.expect("sealed");
    }
    core.seal(&key, options(r#"{"provider":"openai","rid":"entry-2"}"#))
        .ok()
        .expect("sealed");
    let memory = wasm_bindgen::memory();
    assert_eq!(count_in_memory(&memory, &key), 0, "opened for one request");
    assert_eq!(count_in_memory(&memory, &token), 0, "it stays JavaScript's");
    core.lock();

    assert!(
        !stored()
            .as_string()
            .unwrap()
            .contains(&key.as_string().unwrap())
    );
    assert_eq!(count_in_memory(&memory, &key), 0);
    assert_eq!(count_in_memory(&memory, &token), 0);
    // The control: a copy that somebody holds is found.
    let held = key.as_string().unwrap();
    assert!(count_in_memory(&memory, &key) > 0, "{}", held.len());
}

#[wasm_bindgen_test]
async fn the_device_key_cannot_be_read_out() {
    let companion = companion().await.expect("keys");
    let core = connected("device", &companion).await;
    core.add_browser(canary(), options(ADD))
        .await
        .ok()
        .expect("added");
    let keys: Array = device_keys().await.expect("listed").unchecked_into();
    assert!(keys.length() > 0);
    for key in keys.iter() {
        assert_eq!(member(&key, "extractable"), false);
        assert_eq!(text(&key, "name"), "AES-GCM");
    }
}

#[wasm_bindgen_test]
async fn a_lost_device_key_is_said_and_new_keys_can_still_be_added() {
    let companion = companion().await.expect("keys");
    let core = connected("evicted", &companion).await;
    core.add_browser(canary(), options(ADD))
        .await
        .ok()
        .expect("added");
    drop(core);
    evict_device_keys().await.expect("evicted");

    let core = connected("evicted", &companion).await;
    assert_eq!(text(&list(&core)[0], "damaged"), "vault_key_lost");
    let refused = core
        .request_headers("entry-1".into(), options(REQUEST))
        .await;
    assert_eq!(code(refused.err().expect("no key")), "vault_locked");
    core.add_browser(canary(), options(&ADD.replace("entry-1", "entry-2")))
        .await
        .ok()
        .expect("added");
    let entries = list(&core);
    assert_eq!(text(&entries[0], "damaged"), "vault_key_lost");
    assert!(member(&entries[1], "damaged").is_null());
    assert!(
        core.request_headers("entry-2".into(), options(REQUEST))
            .await
            .is_ok()
    );
}

#[wasm_bindgen_test]
async fn two_keys_added_at_once_share_one_vault() {
    let companion = companion().await.expect("keys");
    let core = connected("twice", &companion).await;
    let second = options(&ADD.replace("entry-1", "entry-2"));
    let both = Array::of2(
        &core.add_browser(canary(), options(ADD)),
        &core.add_browser(canary(), second),
    );
    Promise::all(&both).await.expect("added");
    drop(core);
    let core = connected("twice", &companion).await;
    for rid in ["entry-1", "entry-2"] {
        assert!(
            core.request_headers(rid.into(), options(REQUEST))
                .await
                .is_ok(),
            "{rid}"
        );
    }
}

#[wasm_bindgen_test]
async fn a_vault_in_memory_leaves_nothing_behind() {
    let companion = companion().await.expect("keys");
    let before = stored();
    let core = open("memory", r#","memory":true"#).await;
    assert!(!core.persistent());
    let published = well_known(&companion, &format!("{ISSUER}/memory"), 1.0)
        .await
        .expect("signed");
    core.accept_keyset(published, JsValue::UNDEFINED)
        .ok()
        .expect("accepted");
    core.add_browser(canary(), options(ADD))
        .await
        .ok()
        .expect("added");
    assert!(
        core.request_headers("entry-1".into(), options(REQUEST))
            .await
            .is_ok()
    );
    assert_eq!(stored(), before);
}

#[wasm_bindgen_test]
async fn another_identity_is_refused_after_the_first_use() {
    let ours = companion().await.expect("keys");
    let theirs = companion().await.expect("keys");
    let core = connected("pin", &ours).await;
    let issuer = format!("{ISSUER}/pin");
    let foreign = well_known(&theirs, &issuer, 2.0).await.expect("signed");
    let refused = core
        .accept_keyset(foreign, JsValue::UNDEFINED)
        .err()
        .expect("pinned");
    assert_eq!(code(refused), "keyset_identity");
    let older = well_known(&ours, &issuer, 0.0).await.expect("signed");
    assert_eq!(
        code(
            core.accept_keyset(older, JsValue::UNDEFINED)
                .err()
                .expect("older")
        ),
        "keyset_downgrade"
    );
    let newer = well_known(&ours, &issuer, 2.0).await.expect("signed");
    assert!(core.accept_keyset(newer, JsValue::UNDEFINED).is_ok());
    // What was sealed after the refusals still goes to the pinned companion.
    let sealed = core
        .seal(&canary(), options(r#"{"provider":"openai","rid":"r"}"#))
        .ok()
        .expect("sealed");
    assert!(open_sealed_key(&ours, &sealed).await.is_ok());
}

#[wasm_bindgen_test]
async fn nothing_is_sealed_before_the_companion_is_known() {
    let core = open("unknown", "").await;
    let refused = core.seal(&canary(), options(r#"{"provider":"openai","rid":"r"}"#));
    assert_eq!(
        code(refused.err().expect("no companion")),
        "companion_unknown"
    );
    let refused = core.add_browser(canary(), options(ADD)).await;
    assert_eq!(
        code(refused.err().expect("no companion")),
        "companion_unknown"
    );
}

#[wasm_bindgen_test]
async fn a_damaged_record_hides_no_other() {
    let companion = companion().await.expect("keys");
    let core = connected("damage", &companion).await;
    core.add_browser(canary(), options(ADD))
        .await
        .ok()
        .expect("added");
    core.add_browser(canary(), options(&ADD.replace("entry-1", "entry-2")))
        .await
        .ok()
        .expect("added");
    let storage = web_sys::window().unwrap().local_storage().unwrap().unwrap();
    let records: Array = core.raw_records().ok().expect("records").unchecked_into();
    let damaged = records
        .iter()
        .find(|record| text(record, "name").ends_with("entry.entry-1"))
        .unwrap();
    storage.set_item(&text(&damaged, "name"), "{").unwrap();
    let entries = list(&core);
    assert_eq!(text(&entries[0], "damaged"), "entry_damaged");
    assert!(
        core.request_headers("entry-2".into(), options(REQUEST))
            .await
            .is_ok()
    );
    core.remove(&"entry-1".into()).ok().expect("removed");
    assert_eq!(list(&core).len(), 1);
}

#[wasm_bindgen_test]
async fn local_copies_of_synced_entries_are_listed_and_follow_the_companion() {
    let core = open("synced", "").await;
    let keys: Array =
        options(r#"[{"id":"a","provider":"groq","keyHint":"gsk…x"}]"#).unchecked_into();
    core.put_synced(keys.into()).ok().expect("kept");
    let entries = list(&core);
    assert_eq!(
        (
            text(&entries[0], "storage").as_str(),
            text(&entries[0], "provider").as_str()
        ),
        ("synced", "groq")
    );
    core.put_synced(Array::new().into()).ok().expect("kept");
    assert!(list(&core).is_empty());
}

#[wasm_bindgen_test]
async fn destroy_removes_every_record_of_the_vault() {
    let companion = companion().await.expect("keys");
    let core = connected("destroy", &companion).await;
    core.add_browser(canary(), options(ADD))
        .await
        .ok()
        .expect("added");
    core.destroy().await.ok().expect("gone");
    assert!(
        core.raw_records()
            .ok()
            .expect("records")
            .unchecked_into::<Array>()
            .to_vec()
            .is_empty()
    );
    assert!(!core.unlocked());
}
