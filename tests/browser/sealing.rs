//! The one-time seal.

use js_sys::Uint8Array;
use keyseal::wasm::{fingerprint, new_entry_id, seal_key};
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::companion::{canary, code, companion, member, open_sealed_key, options, text, with};

const OPTIONS: &str = r#"{"provider":"openai","sub":"user-1","rid":"entry-1","now":1790000000}"#;

#[wasm_bindgen_test]
async fn webcrypto_opens_what_was_sealed() {
    let companion = companion().await.expect("keys");
    let key = canary();
    let sealed = seal_key(&key, with(OPTIONS, "jwk", &member(&companion, "jwk")))
        .ok()
        .expect("sealed");
    let claims = open_sealed_key(&companion, &sealed).await.expect("opens");
    assert_eq!(member(&claims, "key"), key);
    assert_eq!(text(&claims, "provider"), "openai");
    assert_eq!(text(&claims, "sub"), "user-1");
    assert_eq!(text(&claims, "rid"), "entry-1");
    assert_eq!(member(&claims, "iat"), 1_790_000_000);
    assert_eq!(
        js_sys::Object::keys(claims.unchecked_ref::<js_sys::Object>()).length(),
        6
    );
}

#[wasm_bindgen_test]
async fn bytes_are_cleaned_sealed_and_wiped_where_they_came_from() {
    let companion = companion().await.expect("keys");
    let pasted = Uint8Array::from(b"\xef\xbb\xbf Bearer sk-abcdef0123456789abcdef\n".as_slice());
    let sealed = seal_key(&pasted, with(OPTIONS, "jwk", &member(&companion, "jwk")))
        .ok()
        .expect("sealed");
    assert!(pasted.to_vec().iter().all(|byte| *byte == 0));
    let claims = open_sealed_key(&companion, &sealed).await.expect("opens");
    assert_eq!(text(&claims, "key"), "sk-abcdef0123456789abcdef");
}

#[wasm_bindgen_test]
async fn bad_input_is_an_error_with_a_code_and_never_a_panic() {
    let jwk = member(&companion().await.expect("keys"), "jwk");
    let good = || with(OPTIONS, "jwk", &jwk);
    let seal = |pasted: JsValue, options| code(seal_key(&pasted, options).err().expect("refused"));
    assert_eq!(seal("".into(), good()), "validation");
    assert_eq!(seal("sk-ключ".into(), good()), "validation");
    assert_eq!(seal(JsValue::UNDEFINED, good()), "validation");
    assert_eq!(seal(7.into(), good()), "validation");
    assert_eq!(
        seal(Uint8Array::from([0xff, 0xfe].as_slice()).into(), good()),
        "validation"
    );
    assert_eq!(seal("sk-abc".into(), JsValue::NULL), "validation");
    assert_eq!(seal("sk-abc".into(), options(OPTIONS)), "validation");
    assert_eq!(
        seal(
            "sk-abc".into(),
            with(
                OPTIONS,
                "jwk",
                &options(r#"{"kty":"RSA","n":"AQAB","e":"AQAB"}"#)
            )
        ),
        "jwk_refused"
    );
    let host = with(OPTIONS, "host", &"https://evil.example/".into());
    assert_eq!(
        seal(
            "sk-abc".into(),
            with(
                &String::from(js_sys::JSON::stringify(&host).unwrap()),
                "jwk",
                &jwk
            )
        ),
        "validation"
    );
}

#[wasm_bindgen_test]
fn entry_ids_are_version_7_and_in_order() {
    let ids: Vec<String> = (0..50)
        .map(|_| new_entry_id().ok().expect("random"))
        .collect();
    for id in &ids {
        assert_eq!((id.len(), &id[14..15]), (36, "7"), "{id}");
        assert!(matches!(&id[19..20], "8" | "9" | "a" | "b"), "{id}");
        assert!(id[..13] >= ids[0][..13], "{id}");
    }
    assert_ne!(ids[0], ids[1]);
}

#[wasm_bindgen_test]
fn a_fingerprint_is_hex_in_groups() {
    assert_eq!(fingerprint("AAEC_w"), "0001 02ff");
}
