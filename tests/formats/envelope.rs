//! Sealing and opening, with the private half by another implementation.

use std::sync::LazyLock;

use crate::companion_key::CompanionKey;
use keyseal::envelope::{
    KeyClaims, OpenError, RequestClaims, RequestJwe, SealedKey, Secret, Session, SessionJwe,
    digest, encode_base64url,
};
use proptest::prelude::*;
use serde_json::{Value, json};

static KEY: LazyLock<CompanionKey> = LazyLock::new(CompanionKey::generate);
static OTHER: LazyLock<CompanionKey> = LazyLock::new(CompanionKey::generate);

fn claims() -> KeyClaims {
    KeyClaims {
        key: Secret::new("sk-canary-0123456789".into()),
        provider: "openai".into(),
        sub: "user-1".into(),
        rid: "01970000-0000-7000-8000-000000000001".into(),
        iat: 1_790_000_000,
        host: None,
    }
}

fn sealed() -> Value {
    let sealed = SealedKey::seal(&claims(), KEY.public()).expect("sealed");
    serde_json::from_str(&sealed.to_json()).expect("JSON")
}

fn open(value: &Value) -> Result<KeyClaims, String> {
    let sealed =
        SealedKey::parse(value.to_string().as_bytes()).map_err(|e| format!("malformed: {e}"))?;
    sealed.open(&*KEY).map_err(|error| format!("{error:?}"))
}

#[test]
fn a_sealed_key_opens_to_its_claims_and_shows_nothing_of_them() {
    let value = sealed();
    assert_eq!(open(&value), Ok(claims()));
    assert!(!value.to_string().contains("canary") && !value.to_string().contains("user-1"));
    assert_ne!(
        sealed()["ciphertext"],
        value["ciphertext"],
        "a fresh content key per message"
    );
}

#[test]
fn a_sealed_key_of_another_shape_is_refused_before_any_cryptography() {
    let change = |edit: &dyn Fn(&mut Value)| {
        let mut value = sealed();
        edit(&mut value);
        open(&value)
    };
    let header = |json: Value| encode_base64url(json.to_string().as_bytes());
    let cases: Vec<(&str, Result<KeyClaims, String>)> = vec![
        (
            "flattened",
            change(&|v| {
                let recipient = v["recipients"][0].clone();
                v.as_object_mut().unwrap().remove("recipients");
                v["encrypted_key"] = recipient["encrypted_key"].clone();
                v["header"] = recipient["header"].clone();
            }),
        ),
        (
            "two recipients",
            change(&|v| {
                let recipient = v["recipients"][0].clone();
                v["recipients"].as_array_mut().unwrap().push(recipient);
            }),
        ),
        ("no recipient", change(&|v| v["recipients"] = json!([]))),
        ("aad", change(&|v| v["aad"] = json!("AA"))),
        ("unprotected", change(&|v| v["unprotected"] = json!({}))),
        (
            "alg outside",
            change(&|v| v["recipients"][0]["header"]["alg"] = json!("dir")),
        ),
        (
            "no kid",
            change(&|v| v["recipients"][0]["header"] = json!({})),
        ),
        (
            "short tag",
            change(&|v| v["tag"] = json!(encode_base64url(&[0; 12]))),
        ),
        (
            "long iv",
            change(&|v| v["iv"] = json!(encode_base64url(&[0; 16]))),
        ),
        (
            "padding",
            change(&|v| v["tag"] = json!(format!("{}==", v["tag"].as_str().unwrap()))),
        ),
        (
            "tiny encrypted key",
            change(&|v| {
                v["recipients"][0]["encrypted_key"] = json!(encode_base64url(&[0; 128]));
            }),
        ),
        (
            "huge encrypted key",
            change(&|v| {
                v["recipients"][0]["encrypted_key"] = json!(encode_base64url(&[0; 1024]));
            }),
        ),
        (
            "huge ciphertext",
            change(&|v| v["ciphertext"] = json!("A".repeat(20_000))),
        ),
        (
            "RSA1_5",
            change(&|v| {
                v["protected"] = json!(header(
                    json!({"alg":"RSA1_5","enc":"A256GCM","typ":"keyseal-key+jwe"})
                ));
            }),
        ),
        (
            "zip",
            change(&|v| {
                v["protected"] = json!(header(
                    json!({"alg":"RSA-OAEP-256","enc":"A256GCM","typ":"keyseal-key+jwe","zip":"DEF"})
                ));
            }),
        ),
        (
            "another typ",
            change(&|v| {
                v["protected"] = json!(header(
                    json!({"alg":"RSA-OAEP-256","enc":"A256GCM","typ":"JWE"})
                ));
            }),
        ),
        ("a string", open(&json!(sealed().to_string()))),
    ];
    for (name, result) in cases {
        let error = result.expect_err(name);
        assert!(error.starts_with("malformed"), "{name}: {error}");
    }
    let twice = sealed()
        .to_string()
        .replacen("\"iv\":", "\"iv\":\"AA\",\"iv\":", 1);
    assert!(SealedKey::parse(twice.as_bytes()).is_err());
}

#[test]
fn every_failure_of_decryption_is_the_same() {
    let mut refused = Vec::new();
    for (member, bytes) in [("iv", 12), ("tag", 16), ("ciphertext", 40)] {
        let mut value = sealed();
        value[member] = json!(encode_base64url(&vec![7; bytes]));
        refused.push(open(&value));
    }
    for bytes in [vec![7; 256], vec![0; 256], vec![255; 256], vec![1; 384]] {
        let mut value = sealed();
        value["recipients"][0]["encrypted_key"] = json!(encode_base64url(&bytes));
        refused.push(open(&value));
    }
    // A content key of the wrong length, properly encrypted, fails like any other.
    let mut swapped = sealed();
    swapped["recipients"][0]["encrypted_key"] = sealed()["recipients"][0]["encrypted_key"].clone();
    refused.push(open(&swapped));
    for result in refused {
        assert_eq!(result, Err("Refused".into()));
    }
}

#[test]
fn a_key_that_is_not_here_is_named_as_unknown() {
    let sealed = SealedKey::seal(&claims(), OTHER.public()).expect("sealed");
    assert_eq!(sealed.open(&*KEY), Err(OpenError::UnknownKid));
    assert_eq!(sealed.kid(), OTHER.public().kid());
}

#[test]
fn claims_that_break_the_profile_are_not_sealed() {
    for broken in [
        KeyClaims {
            key: Secret::new(String::new()),
            ..claims()
        },
        KeyClaims {
            key: Secret::new("sk-\n".into()),
            ..claims()
        },
        KeyClaims {
            key: Secret::new("k".repeat(4097)),
            ..claims()
        },
        KeyClaims {
            sub: String::new(),
            ..claims()
        },
        KeyClaims {
            rid: String::new(),
            ..claims()
        },
        KeyClaims {
            provider: String::new(),
            ..claims()
        },
        KeyClaims {
            host: Some("Example.com/x".into()),
            ..claims()
        },
    ] {
        assert!(SealedKey::seal(&broken, KEY.public()).is_err());
    }
}

#[test]
fn a_request_envelope_opens_under_its_session_only() {
    let session = Session::start("user-1", "token", 100, 3700, KEY.public()).expect("a session");
    let request = RequestClaims {
        key: Secret::new("sk-canary-0123456789".into()),
        provider: "openai".into(),
        sub: "user-1".into(),
        m: "POST".into(),
        p: "/forward/openai/v1/chat/completions".into(),
        iat: 200,
        jti: "once".into(),
        host: None,
    };
    let envelope = session.seal_request(&request).expect("sealed");

    let opened = SessionJwe::parse(session.jwe())
        .expect("well-formed")
        .open(&*KEY)
        .expect("opens");
    assert_eq!(
        (opened.sub.as_str(), opened.iat, opened.exp),
        ("user-1", 100, 3700)
    );
    assert_eq!(opened.ath, digest(b"token"));
    let envelope = RequestJwe::parse(&envelope).expect("well-formed");
    assert_eq!(envelope.kid(), digest(session.jwe().as_bytes()));
    assert_eq!(envelope.open(&opened.k), Ok(request.clone()));
    assert_eq!(envelope.open(&[0; 32]), Err(OpenError::Refused));

    let foreign = RequestClaims {
        sub: "user-2".into(),
        ..request
    };
    assert!(session.seal_request(&foreign).is_err());
    assert!(Session::start("user-1", "token", 100, 3701, KEY.public()).is_err());
    // A message of one type is not read as another.
    assert!(RequestJwe::parse(session.jwe()).is_err());
    assert!(
        SessionJwe::parse(
            &session
                .seal_request(&RequestClaims {
                    sub: "user-1".into(),
                    ..foreign
                })
                .unwrap()
        )
        .is_err()
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_key_and_user_come_back_as_they_were(key in "[!-~]{1,200}", sub in "\\PC{1,60}") {
        let given = KeyClaims { key: Secret::new(key), sub, ..claims() };
        let sealed = SealedKey::seal(&given, KEY.public()).expect("sealed");
        let read = SealedKey::parse(sealed.to_json().as_bytes()).expect("our own");
        prop_assert_eq!(&read, &sealed);
        prop_assert_eq!(read.open(&*KEY), Ok(given));
    }

    #[test]
    fn a_sealed_key_with_any_byte_changed_never_opens(at in 0_usize..1500, byte in any::<u8>()) {
        let mut bytes = sealed().to_string().into_bytes();
        let at = at % bytes.len();
        prop_assume!(bytes[at] != byte);
        bytes[at] = byte;
        if let Ok(changed) = SealedKey::parse(&bytes) {
            prop_assert!(changed.open(&*KEY).is_err());
        }
    }
}
