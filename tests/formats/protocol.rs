//! The worked example of `docs/protocol.md`, computed again from its own inputs by another
//! implementation.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::digest::{SHA256, digest};
use keyseal::envelope::keyset::{Published, verify};
use keyseal::envelope::{
    Jwk, KeyClaims, RequestClaims, RequestJwe, SealedKey, Secret, Session, SessionJwe, Unwrap,
    decode_base64url, encode_base64url,
};
use serde_json::Value;

use crate::companion_key::CompanionKey;

const DOC: &str = include_str!("../../docs/protocol.md");
/// Published on purpose: the private half of the example's keys. It protects nothing.
const KEY: &str = include_str!("../vectors/example-key.pkcs8.b64");

fn key() -> CompanionKey {
    CompanionKey::from_pkcs8(&decode_base64url(KEY.trim()).expect("base64url"))
}

/// The code block behind `<!-- example: name -->`.
fn example(name: &str) -> &'static str {
    let (_, rest) = DOC
        .split_once(&format!("<!-- example: {name} -->\n"))
        .expect(name);
    let (_, rest) = rest.split_once('\n').expect("an opening fence");
    rest.split_once("\n```").expect("a closing fence").0.trim()
}

fn json(name: &str) -> Value {
    serde_json::from_str(example(name)).expect(name)
}

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().expect(member)
}

fn sha256(bytes: &[u8]) -> String {
    encode_base64url(digest(&SHA256, bytes).as_ref())
}

/// Ciphertext and tag of `plaintext`, base64url.
fn encrypt(key: &[u8], iv: &str, aad: &str, plaintext: &str) -> (String, String) {
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).expect("32 bytes"));
    let iv = Nonce::try_assume_unique_for_key(&decode_base64url(iv).expect("base64url"))
        .expect("12 bytes");
    let mut bytes = plaintext.as_bytes().to_vec();
    let tag = key
        .seal_in_place_separate_tag(iv, Aad::from(aad), &mut bytes)
        .expect("sealed");
    (encode_base64url(&bytes), encode_base64url(tag.as_ref()))
}

fn compact(name: &str) -> [&'static str; 5] {
    example(name)
        .split('.')
        .collect::<Vec<_>>()
        .try_into()
        .expect("five parts")
}

fn header(part: &str) -> String {
    String::from_utf8(decode_base64url(part).expect("base64url")).expect("UTF-8")
}

#[test]
fn the_example_key_is_named_by_its_thumbprint() {
    let jwk: Jwk = serde_json::from_str(example("jwk")).expect("a JWK");
    let canonical = format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, jwk.e, jwk.n);
    assert_eq!(
        jwk.kid.as_deref(),
        Some(sha256(canonical.as_bytes()).as_str())
    );
    assert_eq!(jwk, key().jwk());
}

#[test]
fn the_example_of_a_sealed_key_opens_and_is_computed_again() {
    let sealed = SealedKey::parse(example("sealed-key").as_bytes()).expect("well-formed");
    let claims = sealed.open(&key()).expect("opens");
    assert_eq!(claims.key.expose(), text(&json("sealed-key-claims"), "key"));

    let sealed = json("sealed-key");
    assert_eq!(
        header(text(&sealed, "protected")),
        example("sealed-key-header")
    );
    let encrypted_key = decode_base64url(text(&sealed["recipients"][0], "encrypted_key")).unwrap();
    let content_key = key().unwrap_key("", &encrypted_key).expect("unwraps");
    let again = encrypt(
        &content_key,
        text(&sealed, "iv"),
        text(&sealed, "protected"),
        example("sealed-key-claims"),
    );
    assert_eq!(
        again,
        (
            text(&sealed, "ciphertext").into(),
            text(&sealed, "tag").into()
        )
    );
}

#[test]
fn the_example_of_a_session_and_its_request_is_computed_again() {
    let [protected, encrypted_key, iv, ciphertext, tag] = compact("session");
    assert_eq!(header(protected), example("session-header"));
    let content_key = key()
        .unwrap_key("", &decode_base64url(encrypted_key).unwrap())
        .expect("unwraps");
    let again = encrypt(&content_key, iv, protected, example("session-claims"));
    assert_eq!(again, (ciphertext.into(), tag.into()));
    let claims = json("session-claims");
    assert_eq!(text(&claims, "ath"), sha256(example("token").as_bytes()));

    let k = decode_base64url(text(&claims, "k")).unwrap();
    let [protected, none, iv, ciphertext, tag] = compact("request");
    assert_eq!(
        (none, header(protected).as_str()),
        ("", example("request-header"))
    );
    let again = encrypt(&k, iv, protected, example("request-claims"));
    assert_eq!(again, (ciphertext.into(), tag.into()));
    assert_eq!(
        text(&json("request-header"), "kid"),
        sha256(example("session").as_bytes())
    );

    let session = SessionJwe::parse(example("session"))
        .unwrap()
        .open(&key())
        .expect("opens");
    let request = RequestJwe::parse(example("request"))
        .unwrap()
        .open(&session.k)
        .expect("opens");
    assert_eq!(request.p, text(&json("request-claims"), "p"));
}

#[test]
fn the_example_of_a_key_set_verifies() {
    let published = Published {
        identity: serde_json::from_str(example("identity")).expect("a JWK"),
        keyset: example("keyset").into(),
        identity_change: None,
    };
    let payload = json("keyset-payload");
    let iat = payload["iat"].as_i64().unwrap();
    let (keyset, pin) =
        verify(&published, text(&payload, "issuer"), None, None, iat + 1).expect("verifies");
    assert_eq!(
        String::from_utf8(keyset.to_json()).unwrap(),
        example("keyset-payload")
    );
    assert_eq!(pin.content, sha256(example("keyset-payload").as_bytes()));
}

/// Prints new blocks for the document: `cargo test --test formats print -- --ignored --nocapture`.
#[test]
#[ignore = "prints new blocks for the document"]
#[allow(clippy::print_stdout)]
fn print_new_examples() {
    let key = key();
    let claims = KeyClaims {
        key: Secret::new("sk-example-0123456789abcdef".into()),
        provider: "openai".into(),
        sub: "user-1".into(),
        rid: "01997a4e-0000-7000-8000-000000000001".into(),
        iat: 1_790_000_000,
        host: None,
    };
    let block = |name: &str, value: &str| println!("@@{name}@@{value}@@");
    let read = |part: &str| header(part);
    let open = |text: &str, key: &[u8]| {
        let [aad, _, iv, ciphertext, tag]: [&str; 5] =
            text.split('.').collect::<Vec<_>>().try_into().unwrap();
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).unwrap());
        let iv = Nonce::try_assume_unique_for_key(&decode_base64url(iv).unwrap()).unwrap();
        let mut bytes = decode_base64url(ciphertext).unwrap();
        bytes.extend(decode_base64url(tag).unwrap());
        String::from_utf8(
            key.open_in_place(iv, Aad::from(aad), &mut bytes)
                .unwrap()
                .to_vec(),
        )
        .unwrap()
    };
    block("jwk", &serde_json::to_string(&key.jwk()).unwrap());
    block("identity", &serde_json::to_string(&key.identity()).unwrap());
    let sealed = SealedKey::seal(&claims, key.public()).unwrap().to_json();
    let value: Value = serde_json::from_str(&sealed).unwrap();
    block("sealed-key", &sealed);
    block("sealed-key-header", &read(text(&value, "protected")));
    let content_key = key
        .unwrap_key(
            "",
            &decode_base64url(text(&value["recipients"][0], "encrypted_key")).unwrap(),
        )
        .unwrap();
    let parts = [
        text(&value, "protected"),
        "",
        text(&value, "iv"),
        text(&value, "ciphertext"),
        text(&value, "tag"),
    ];
    block("sealed-key-claims", &open(&parts.join("."), &content_key));

    let session = Session::start(
        "user-1",
        "an.example.token",
        1_790_000_000,
        1_790_003_000,
        key.public(),
    )
    .unwrap();
    let parts: Vec<&str> = session.jwe().split('.').collect();
    let content_key = key
        .unwrap_key("", &decode_base64url(parts[1]).unwrap())
        .unwrap();
    block("session", session.jwe());
    block("session-header", &read(parts[0]));
    block("session-claims", &open(session.jwe(), &content_key));
    let request = session
        .seal_request(&RequestClaims {
            key: claims.key,
            provider: claims.provider,
            sub: claims.sub,
            m: "POST".into(),
            p: "/forward/openai/v1/chat/completions".into(),
            iat: 1_790_000_060,
            jti: "ZXhhbXBsZS1qdGktMDAwMQ".into(),
            host: None,
        })
        .unwrap();
    let k = SessionJwe::parse(session.jwe())
        .unwrap()
        .open(&key)
        .unwrap()
        .k;
    block("request", &request);
    block("request-header", &read(request.split('.').next().unwrap()));
    block("request-claims", &open(&request, &*k));
    let keyset = keyseal::envelope::keyset::Keyset {
        issuer: "https://keys.example.com".into(),
        seq: 1,
        iat: 1_790_000_000,
        exp: 1_797_776_000,
        keys: vec![key.jwk()],
    };
    block(
        "keyset-payload",
        &String::from_utf8(keyset.to_json()).unwrap(),
    );
    block("keyset", &key.publish(&keyset).keyset);
}
