//! Uploaded sealed keys: what is checked, and that a refusal tells an attacker nothing.

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    encoding::AsDer,
    rsa::{
        OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey, PublicEncryptingKey, PublicKeyComponents,
    },
};
use keyseal::envelope::{KeyClaims, decode_base64url, encode_base64url};
use keyseal_server::clock;
use serde_json::{Value, json};

use crate::support::{Companion, Setup, companion::User, new_id};

fn with(id: &str, sealed: Value) -> Value {
    json!({ "id": id, "provider": "demo", "sealedKey": sealed })
}

#[tokio::test]
async fn a_key_sealed_for_anything_else_is_refused() {
    let companion = Companion::start(&Setup::default()).await;
    let ann = companion.user("ann");
    let id = new_id();
    let changes: [fn(&mut KeyClaims); 6] = [
        |claims| claims.sub = "bob".into(),
        |claims| claims.sub = "Ann".into(),
        |claims| claims.sub = "ann ".into(),
        |claims| claims.rid = new_id(),
        |claims| claims.rid = claims.rid.to_uppercase(),
        |claims| claims.provider = "openai".into(),
    ];
    for change in changes {
        let mut claims = ann.claims(&id);
        change(&mut claims);
        let body = with(&id, ann.seal(&claims));
        ann.post("/api-keys", &body)
            .await
            .refused(422, "sealed_key_mismatch");
    }
    let mut moved = ann.upload(&id);
    moved["provider"] = "openai".into();
    ann.post("/api-keys", &moved)
        .await
        .refused(422, "sealed_key_mismatch");
    assert_eq!(ann.ids().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_key_sealed_too_long_ago_or_in_the_future_is_refused() {
    let companion = Companion::start(&Setup::default()).await;
    let ann = companion.user("ann");
    let now = clock::seconds();
    for iat in [now - 620, now + 620, 0, -1, i64::MIN, i64::MAX] {
        let id = new_id();
        let mut claims = ann.claims(&id);
        claims.iat = iat;
        let body = with(&id, ann.seal(&claims));
        let code = ann.post("/api-keys", &body).await.expect(422);
        // Beyond what a number in JSON can be, the claims are of another profile.
        assert!(
            ["sealed_key_expired", "sealed_key_mismatch"].contains(&code.code()),
            "{iat}"
        );
    }
    for iat in [now - 580, now + 580] {
        let id = new_id();
        let mut claims = ann.claims(&id);
        claims.iat = iat;
        ann.post("/api-keys", &with(&id, ann.seal(&claims)))
            .await
            .expect(201);
    }
}

#[tokio::test]
async fn a_host_is_taken_only_where_the_operator_allows_it() {
    let setup = Setup::more(
        "[providers.azure_openai]\ncustom_hosts = [\"*.llm.example.com\"]\n\
         [providers.openai]\norigin = \"https://gateway.example.com/openai\"\n",
    );
    let companion = Companion::start(&setup).await;
    let ann = companion.user("ann");
    let upload = async |provider: &str, host: Option<&str>| {
        let id = new_id();
        let mut claims = ann.claims(&id);
        claims.host = host.map(str::to_owned);
        claims.provider = provider.into();
        let mut body = with(&id, ann.seal(&claims));
        body["provider"] = provider.into();
        ann.post("/api-keys", &body).await
    };
    let added = upload("azure_openai", Some("my.llm.example.com"))
        .await
        .expect(201)
        .json();
    assert_eq!(added["host"], "my.llm.example.com");
    upload("openai", Some("gateway.example.com"))
        .await
        .expect(201);
    upload("openai", None).await.expect(201);
    for (provider, host) in [
        ("azure_openai", "llm.example.com"),
        ("azure_openai", "a.b.llm.example.com"),
        ("azure_openai", "my.llm.example.com.evil.com"),
        ("azure_openai", "my.llm.example.com:8443"),
        ("azure_openai", "127.0.0.1"),
        ("azure_openai", "localhost"),
        ("openai", "my.llm.example.com"),
        ("openai", "api.openai.com"),
        ("anthropic", "api.openai.com"),
    ] {
        upload(provider, Some(host))
            .await
            .refused(422, "host_refused");
    }
    upload("azure_openai", None)
        .await
        .refused(422, "host_refused");
}

#[tokio::test]
async fn a_key_of_another_companion_has_an_unknown_kid() {
    let companion = Companion::start(&Setup::default()).await;
    let setup = Setup {
        own_keys: true,
        ..Setup::default()
    };
    let other = Companion::start(&setup).await;
    let ann = companion.user("ann");
    let id = new_id();
    let sealed = other.user("ann").seal(&ann.claims(&id));
    ann.post("/api-keys", &with(&id, sealed.clone()))
        .await
        .refused(422, "unknown_kid");

    // The kid is a hint only: under ours the foreign key does not open.
    let mut renamed = sealed;
    renamed["recipients"][0]["header"]["kid"] = companion.state.ring.current_kid().into();
    ann.post("/api-keys", &with(&id, renamed))
        .await
        .refused(422, "sealed_key_refused");
}

/// Flips one bit of a base64url part.
fn flipped(part: &Value, byte: usize) -> Value {
    let mut bytes = decode_base64url(part.as_str().unwrap()).unwrap();
    let at = byte % bytes.len();
    bytes[at] ^= 1;
    encode_base64url(&bytes).into()
}

#[tokio::test]
async fn tampering_with_any_part_gets_the_same_answer() {
    let companion = Companion::start(&Setup::default()).await;
    let ann = companion.user("ann");
    let id = new_id();
    let good = ann.upload(&id);
    let stranger = companion.user("bob").upload(&new_id());
    let mut tampered = Vec::new();
    for pointer in ["/recipients/0/encrypted_key", "/iv", "/ciphertext", "/tag"] {
        for byte in [0, 1, 7, 100, usize::MAX] {
            let mut body = good.clone();
            let part = body["sealedKey"].pointer_mut(pointer).unwrap();
            *part = flipped(part, byte);
            tampered.push(body);
        }
        // A part of another good one.
        let mut body = good.clone();
        *body["sealedKey"].pointer_mut(pointer).unwrap() =
            stranger["sealedKey"].pointer(pointer).unwrap().clone();
        tampered.push(body);
    }
    for length in [256, 384, 512] {
        for byte in [0x00, 0x01, 0xff] {
            let mut body = good.clone();
            body["sealedKey"]["recipients"][0]["encrypted_key"] =
                encode_base64url(&vec![byte; length]).into();
            tampered.push(body);
        }
    }
    // Right padding and right content key, but not 32 bytes of it.
    for length in [0, 16, 31, 33] {
        let mut body = good.clone();
        let wrapped = wrap(&companion.sealing_key_der(), &vec![7; length]);
        body["sealedKey"]["recipients"][0]["encrypted_key"] = encode_base64url(&wrapped).into();
        tampered.push(body);
    }
    let mut answers = Vec::new();
    for body in tampered {
        let answer = ann
            .post("/api-keys", &body)
            .await
            .refused(422, "sealed_key_refused");
        let names: Vec<_> = answer.headers.keys().map(ToString::to_string).collect();
        answers.push((answer.status, names, answer.text()));
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    ann.post("/api-keys", &good).await.expect(201);
}

#[tokio::test]
async fn what_is_authentic_but_of_another_profile_is_a_mismatch() {
    let companion = Companion::start(&Setup::default()).await;
    let ann = companion.user("ann");
    let id = new_id();
    let claims = |more: Value| {
        let mut claims = json!({
            "v": 1, "key": "demo-0123456789", "provider": "demo", "sub": "ann", "rid": id,
            "iat": clock::seconds(),
        });
        for (name, value) in more.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims.to_string()
    };
    let upload = async |plaintext: &str| {
        let sealed = seal_raw(&ann, plaintext.as_bytes());
        ann.post("/api-keys", &with(&id, sealed)).await
    };
    for plaintext in [
        claims(json!({ "v": 2 })),
        claims(json!({ "admin": true })),
        claims(json!({ "hosts": [] })),
        claims(json!({ "hosts": ["a.example.com", "b.example.com"] })),
        claims(json!({ "hosts": "a.example.com" })),
        claims(json!({ "key": "" })),
        claims(json!({ "key": "two\nlines" })),
        claims(json!({ "iat": "now" })),
        claims(json!({})).replace("\"v\":1", "\"v\":1,\"sub\":\"ann\""),
        "[]".into(),
        "demo-0123456789".into(),
        String::new(),
    ] {
        let answer = upload(&plaintext).await;
        // An empty ciphertext is seen before any cryptography.
        let code = if plaintext.is_empty() {
            "sealed_key_malformed"
        } else {
            "sealed_key_mismatch"
        };
        answer.refused(422, code);
    }
    upload(&claims(json!({}))).await.expect(201);
}

#[tokio::test]
async fn a_sealed_key_that_is_not_of_the_profile_is_malformed() {
    let companion = Companion::start(&Setup::default()).await;
    let ann = companion.user("ann");
    let id = new_id();
    let good = ann.seal(&ann.claims(&id));
    let header = |json: Value| Value::from(encode_base64url(json.to_string().as_bytes()));
    let mut malformed = vec![
        json!("a string"),
        json!(good.to_string()),
        json!([]),
        json!({}),
        json!(null),
        json!(7),
    ];
    let mut change = |pointer: &str, value: Value| {
        let mut sealed = good.clone();
        *sealed.pointer_mut(pointer).unwrap() = value;
        malformed.push(sealed);
    };
    for protected in [
        json!({ "alg": "RSA1_5", "enc": "A256GCM", "typ": "keyseal-key+jwe" }),
        json!({ "alg": "RSA-OAEP", "enc": "A256GCM", "typ": "keyseal-key+jwe" }),
        json!({ "alg": "dir", "enc": "A256GCM", "typ": "keyseal-key+jwe" }),
        json!({ "alg": "PBES2-HS256+A128KW", "enc": "A256GCM", "typ": "keyseal-key+jwe", "p2c": 9_999_999 }),
        json!({ "alg": "RSA-OAEP-256", "enc": "A128GCM", "typ": "keyseal-key+jwe" }),
        json!({ "alg": "RSA-OAEP-256", "enc": "A128CBC-HS256", "typ": "keyseal-key+jwe" }),
        json!({ "alg": "RSA-OAEP-256", "enc": "A256GCM", "typ": "keyseal-session+jwe" }),
        json!({ "alg": "RSA-OAEP-256", "enc": "A256GCM" }),
        json!({ "alg": "RSA-OAEP-256", "enc": "A256GCM", "typ": "keyseal-key+jwe", "zip": "DEF" }),
        json!({ "alg": "RSA-OAEP-256", "enc": "A256GCM", "typ": "keyseal-key+jwe", "crit": ["exp"] }),
        json!({ "alg": "RSA-OAEP-256", "enc": "A256GCM", "typ": "keyseal-key+jwe", "jku": "https://evil.example.com" }),
    ] {
        change("/protected", header(protected));
    }
    change(
        "/protected",
        format!("{}=", good["protected"].as_str().unwrap()).into(),
    );
    change("/iv", encode_base64url(&[0; 11]).into());
    change("/tag", encode_base64url(&[0; 12]).into());
    change("/ciphertext", "".into());
    change("/ciphertext", "not base64url!".into());
    change("/recipients", json!([]));
    change(
        "/recipients",
        json!([good["recipients"][0], good["recipients"][0]]),
    );
    change(
        "/recipients/0/encrypted_key",
        encode_base64url(&[1; 128]).into(),
    );
    change("/recipients/0/header", json!({}));
    change(
        "/recipients/0/header",
        json!({ "kid": "a", "alg": "RSA1_5" }),
    );
    let mut more = good.clone();
    more["aad"] = "x".into();
    malformed.push(more);
    let mut flattened = good.clone();
    flattened.as_object_mut().unwrap().remove("recipients");
    flattened["encrypted_key"] = good["recipients"][0]["encrypted_key"].clone();
    malformed.push(flattened);
    for sealed in malformed {
        let text = sealed.to_string();
        let answer = ann.post("/api-keys", &with(&id, sealed)).await;
        assert_eq!(answer.code(), "sealed_key_malformed", "{text}");
    }
    // Duplicate members at any level; a JSON library would send only one of them.
    let twice = with(&id, good.clone())
        .to_string()
        .replacen("\"iv\":", "\"iv\":\"AA\",\"iv\":", 1);
    let answer = send_raw(&ann, twice.into_bytes()).await;
    assert_eq!(answer.code(), "sealed_key_malformed");
    assert_eq!(ann.ids().await, Vec::<String>::new());
}

async fn send_raw(user: &User<'_>, body: Vec<u8>) -> crate::support::Answer {
    let request = http::Request::post("/api/v1/api-keys")
        .header("authorization", format!("Bearer {}", user.token))
        .header("content-type", "application/json")
        .body(axum::body::Body::from(body));
    user.companion.call(request.unwrap()).await
}

#[tokio::test]
async fn a_user_uploads_so_many_in_a_minute() {
    let setup = Setup::more("[limits]\nuploads_per_minute = 3\n");
    let companion = Companion::start(&setup).await;
    let (ann, bob) = (companion.user("ann"), companion.user("bob"));
    let body = ann.upload(&new_id());
    ann.post("/api-keys", &body).await.expect(201);
    for _ in 0..5 {
        // Known already: nothing is opened, nothing counted.
        ann.post("/api-keys", &body).await.expect(201);
    }
    ann.add().await;
    ann.add().await;
    let limited = ann
        .post("/api-keys", &ann.upload(&new_id()))
        .await
        .refused(429, "rate_limited");
    let seconds: u64 = limited.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=20).contains(&seconds), "{seconds}");
    bob.add().await;
}

impl Companion {
    /// The current public key, for another implementation.
    fn sealing_key_der(&self) -> PublicEncryptingKey {
        let jwk = &self.state.ring.jwks()[0];
        let (n, e) = (
            decode_base64url(&jwk.n).unwrap(),
            decode_base64url(&jwk.e).unwrap(),
        );
        let parts = PublicKeyComponents {
            n: n.as_slice(),
            e: e.as_slice(),
        };
        let der = AsDer::<aws_lc_rs::encoding::PublicKeyX509Der<'_>>::as_der(&parts).unwrap();
        PublicEncryptingKey::from_der(der.as_ref()).unwrap()
    }
}

fn wrap(key: &PublicEncryptingKey, content_key: &[u8]) -> Vec<u8> {
    let oaep = OaepPublicEncryptingKey::new(key.clone()).unwrap();
    let mut wrapped = vec![0; oaep.ciphertext_size()];
    oaep.encrypt(&OAEP_SHA256_MGF1SHA256, content_key, &mut wrapped, None)
        .unwrap()
        .to_vec()
}

/// Seals any plaintext in the profile, by another implementation than ours.
fn seal_raw(user: &User<'_>, plaintext: &[u8]) -> Value {
    let companion = user.companion;
    let protected = encode_base64url(
        json!({ "alg": "RSA-OAEP-256", "enc": "A256GCM", "typ": "keyseal-key+jwe" })
            .to_string()
            .as_bytes(),
    );
    let (content_key, iv) = ([3_u8; 32], [5_u8; 12]);
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &content_key).unwrap());
    let mut sealed = plaintext.to_vec();
    let nonce = Nonce::assume_unique_for_key(iv);
    let tag = key
        .seal_in_place_separate_tag(nonce, Aad::from(protected.as_bytes()), &mut sealed)
        .unwrap();
    json!({
        "protected": protected,
        "recipients": [{
            "header": { "kid": companion.state.ring.current_kid() },
            "encrypted_key": encode_base64url(&wrap(&companion.sealing_key_der(), &content_key)),
        }],
        "iv": encode_base64url(&iv),
        "ciphertext": encode_base64url(&sealed),
        "tag": encode_base64url(tag.as_ref()),
    })
}
