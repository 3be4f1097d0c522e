use keyseal::envelope::{Jwk, KeyClaims, PublicKey, Secret};

use super::*;

const KEY: &str = "demo-planted0123456789abcdef";

fn found(body: &str) -> bool {
    let check = Check {
        token: None,
        found: Cell::new(false),
    };
    check.body(&Bytes::copy_from_slice(body.as_bytes()));
    check.found.get()
}

#[test]
fn a_key_is_found_wherever_it_stands() {
    for body in [
        r#"{"label":"KEY"}"#,
        r#"{"label":" KEY\n"}"#,
        r#"{"label":"Bearer KEY"}"#,
        r#"{"a":{"b":[1,{"c":"KEY"}]}}"#,
        r#"{"KEY":1}"#,
        r#"["KEY"]"#,
        r#""KEY""#,
        r#"{"label":"KEY","label":"harmless"}"#,
        r#"{"sealedKey":"KEY"}"#,
        r#"{"sealedKey":{"protected":"KEY"}}"#,
        r#"{"a":{"sealedKey":{"protected":"KEY"}}}"#,
        r#"{"label":"\u0064emo-planted0123456789abcdef"}"#,
        "KEY",
        "label=KEY",
        "OPENAI_API_KEY=KEY",
        "{\"label\": KEY",
        "{\"label\": \"KEY\"} trailing",
        "--boundary\r\n\r\nKEY\r\n--boundary--",
    ] {
        assert!(found(&body.replace("KEY", KEY)), "{body}");
    }
}

#[test]
fn members_that_are_named_like_a_key_are_refused_whatever_they_hold() {
    for name in [
        "apiKey",
        "api_key",
        "API-KEY",
        "apikey",
        "openaiApiKey",
        "x-api-key",
        "key",
        "Access_Token",
    ] {
        assert!(found(&format!(r#"{{"{name}":"anything"}}"#)), "{name}");
        assert!(
            found(&format!(r#"{{"settings":{{"{name}":null}}}}"#)),
            "{name}"
        );
    }
}

#[test]
fn harmless_bodies_pass() {
    for body in [
        "",
        "{}",
        r#"{"label":"prod","priority":3,"isActive":true,"expiresAt":null}"#,
        r#"{"label":"my demo key for work"}"#,
        r#"{"settings":{"platformAllowed":{"openai":true}}}"#,
        r#"{"provider":"demo","ids":["0192f3c4-5b6a-7c8d-9e0f-112233445566"]}"#,
        r#"{"link":"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl"}"#,
    ] {
        assert!(!found(body), "{body}");
    }
}

#[test]
fn queries_and_paths_are_read_too() {
    let check = || Check {
        token: None,
        found: Cell::new(false),
    };
    for (path, query) in [
        (format!("/api-keys/{KEY}"), String::new()),
        (
            "/api-keys/demo%2Dplanted0123456789abcdef".into(),
            String::new(),
        ),
        ("/audit".into(), format!("cursor={KEY}")),
        ("/audit".into(), "api_key=x".into()),
        (
            "/audit".into(),
            "cursor=demo%2dplanted0123456789abcdef".into(),
        ),
    ] {
        let check = check();
        check.path(&path);
        check.query(&query);
        assert!(check.found.get(), "{path}?{query}");
    }
    let check = check();
    check.path("/api-keys/0192f3c4-5b6a-7c8d-9e0f-112233445566/test");
    check.query("limit=20&cursor=0192f3c4-5b6a-7c8d-9e0f-112233445566");
    assert!(!check.found.get());
}

#[test]
fn the_callers_own_token_is_not_taken_for_a_key() {
    let check = Check {
        token: Some(KEY),
        found: Cell::new(false),
    };
    check.body(&Bytes::from(format!(r#"{{"label":"{KEY}"}}"#)));
    assert!(!check.found.get());
}

/// Sealing a hundred thousand times takes minutes; what is random in a sealed key is made at random.
#[test]
fn none_of_a_hundred_thousand_sealed_keys_is_refused() {
    let key = PublicKey::from_jwk(&rfc7638_key()).unwrap();
    let claims = KeyClaims {
        key: Secret::new(KEY.into()),
        provider: "demo".into(),
        sub: "ann".into(),
        rid: "0192f3c4-5b6a-7c8d-9e0f-112233445566".into(),
        iat: 1_790_000_000,
        host: None,
    };
    let sealed = SealedKey::seal(&claims, &key).unwrap().to_json();
    let mut sealed: serde_json::Value = serde_json::from_str(&sealed).unwrap();
    for _ in 0..100_000 {
        for (pointer, bytes) in [
            ("/recipients/0/encrypted_key", 256),
            ("/iv", 12),
            ("/ciphertext", 180),
            ("/tag", 16),
        ] {
            let mut random = vec![0; bytes];
            aws_lc_rs::rand::fill(&mut random).unwrap();
            let text = keyseal::envelope::encode_base64url(&random);
            *sealed.pointer_mut(pointer).unwrap() = text.into();
        }
        let body = serde_json::json!({
            "id": "0192f3c4-5b6a-7c8d-9e0f-112233445566", "provider": "demo", "sealedKey": sealed,
        });
        assert!(!found(&body.to_string()));
    }
}

fn rfc7638_key() -> Jwk {
    serde_json::from_value(serde_json::json!({
        "kty": "RSA", "e": "AQAB",
        "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
    }))
    .unwrap()
}
