//! What holds for every input of the parsers: no panic, nothing read that is not exactly of the
//! profile, and what was written is read as it was.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use super::claims::{KeyClaims, RequestClaims, SessionClaims};
use super::compact::{Alg, CompactJwe, Header};
use super::json::Object;
use super::jwk::Jwk;
use super::keyset::{Keyset, Pin};
use super::{ContentKey, RequestJwe, SealedKey, Secret, SessionJwe, encode_base64url as encode};

/// Any JSON there is, down to four levels.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,20}".prop_map(Value::from),
        "[A-Za-z0-9_-]{0,60}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            vec((member(), inner), 0..6)
                .prop_map(|members| Value::from(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// The names of our members, and of those that are refused by name.
const MEMBERS: &[&str] = &[
    "v",
    "key",
    "provider",
    "sub",
    "rid",
    "iat",
    "exp",
    "hosts",
    "k",
    "ath",
    "m",
    "p",
    "jti",
    "alg",
    "enc",
    "typ",
    "kid",
    "protected",
    "recipients",
    "header",
    "encrypted_key",
    "iv",
    "ciphertext",
    "tag",
    "issuer",
    "seq",
    "keys",
    "kty",
    "n",
    "e",
    "use",
    "identity",
    "zip",
    "crit",
    "aad",
    "unprotected",
    "__proto__",
    "",
];

/// A member's name, often one of ours.
fn member() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => select(MEMBERS).prop_map(str::to_owned),
        1 => "\\PC{0,12}",
    ]
}

/// One well-formed text for each parser.
fn good() -> Vec<String> {
    let n = encode(&[0xc5; 256]);
    let part = |bytes: usize| encode(&vec![7; bytes]);
    let header = |typ: &str, alg: &str| {
        encode(
            json!({"alg": alg, "enc": "A256GCM", "typ": typ, "kid": "k"})
                .to_string()
                .as_bytes(),
        )
    };
    let protected = json!({"alg": "RSA-OAEP-256", "enc": "A256GCM", "typ": "keyseal-key+jwe"});
    let jwk = json!({"kty": "RSA", "n": n, "e": "AQAB"});
    vec![
        json!({
            "protected": encode(protected.to_string().as_bytes()),
            "recipients": [{"header": {"kid": "k"}, "encrypted_key": part(256)}],
            "iv": part(12), "ciphertext": part(80), "tag": part(16),
        })
        .to_string(),
        [header("keyseal-session+jwe", "RSA-OAEP-256"), part(384), part(12), part(90), part(16)]
            .join("."),
        [header("keyseal-request+jwe", "dir"), String::new(), part(12), part(90), part(16)]
            .join("."),
        json!({"v": 1, "key": "k", "provider": "p", "sub": "s", "rid": "r", "iat": 1, "hosts": ["a.b"]})
            .to_string(),
        json!({"v": 1, "k": part(32), "sub": "s", "ath": part(32), "iat": 1, "exp": 2}).to_string(),
        json!({"v": 1, "key": "k", "provider": "p", "sub": "s", "m": "GET", "p": "/", "iat": 1, "jti": "j"})
            .to_string(),
        json!({"v": 1, "issuer": "https://a", "seq": 1, "iat": 1, "exp": 2, "keys": [jwk]})
            .to_string(),
        json!({
            "v": 1, "issuer": "https://a", "identity": jwk, "seq": 1, "content": "c", "firstSeen": 1,
        })
        .to_string(),
        jwk.to_string(),
    ]
}

/// Which parsers read `text`, by name.
fn readers(text: &str) -> Vec<&'static str> {
    let bytes = text.as_bytes();
    let jwk = Object::parse(bytes)
        .ok()
        .and_then(|it| Jwk::from_object(it).ok());
    [
        ("sealed key", SealedKey::parse(bytes).is_ok()),
        ("session", SessionJwe::parse(text).is_ok()),
        ("request envelope", RequestJwe::parse(text).is_ok()),
        ("key claims", KeyClaims::decode(bytes).is_some()),
        ("session claims", SessionClaims::decode(bytes).is_some()),
        ("request claims", RequestClaims::decode(bytes).is_some()),
        ("key set", Keyset::parse(bytes).is_ok()),
        ("pin", Pin::parse(text).is_some()),
        ("JWK", jwk.is_some()),
    ]
    .into_iter()
    .filter_map(|(name, read)| read.then_some(name))
    .collect()
}

/// What every parser makes of `text`, written out and read again, is the same.
fn rewritten(text: &str) -> Result<(), TestCaseError> {
    let bytes = text.as_bytes();
    if let Ok(sealed) = SealedKey::parse(bytes) {
        prop_assert_eq!(SealedKey::parse(sealed.to_json().as_bytes()), Ok(sealed));
    }
    if let Some(claims) = KeyClaims::decode(bytes) {
        prop_assert_eq!(KeyClaims::decode(&claims.encode()), Some(claims));
    }
    if let Some(claims) = SessionClaims::decode(bytes) {
        prop_assert_eq!(SessionClaims::decode(&claims.encode()), Some(claims));
    }
    if let Some(claims) = RequestClaims::decode(bytes) {
        prop_assert_eq!(RequestClaims::decode(&claims.encode()), Some(claims));
    }
    if let Ok(keyset) = Keyset::parse(bytes) {
        prop_assert_eq!(Keyset::parse(&keyset.to_json()), Ok(keyset));
    }
    if let Some(pin) = Pin::parse(text) {
        prop_assert_eq!(Pin::parse(&pin.to_json()), Some(pin));
    }
    Ok(())
}

#[test]
fn each_well_formed_text_is_read_by_its_own_parser_alone() {
    let names = [
        "sealed key",
        "session",
        "request envelope",
        "key claims",
        "session claims",
        "request claims",
        "key set",
        "pin",
        "JWK",
    ];
    for (text, name) in good().iter().zip(names) {
        assert_eq!(readers(text), [name], "{text}");
    }
}

/// Unsound times are refused whatever they are: no subtraction wraps around.
#[test]
fn times_at_the_ends_of_what_a_number_holds_are_no_panic() {
    let times = [i64::MIN, i64::MIN + 1, -1, 0, 1, i64::MAX - 1, i64::MAX];
    let n = encode(&[0xc5; 256]);
    for (iat, exp) in times
        .into_iter()
        .flat_map(|iat| times.map(|exp| (iat, exp)))
    {
        let jwk = json!({"kty": "RSA", "n": n, "e": "AQAB"});
        let payload =
            json!({"v": 1, "issuer": "a", "seq": 1, "iat": iat, "exp": exp, "keys": [jwk]});
        let read = Keyset::parse(payload.to_string().as_bytes()).expect("well-formed");
        assert_eq!((read.iat, read.exp), (iat, exp));
        let jwk = Jwk {
            kty: "RSA".into(),
            n: n.clone(),
            e: "AQAB".into(),
            kid: None,
            key_use: None,
            alg: None,
        };
        let to = super::PublicKey::from_jwk(&jwk).expect("an RSA key");
        let started = super::Session::start("s", "t", iat, exp, &to);
        let lasts = i128::from(exp) - i128::from(iat);
        assert_eq!(started.is_ok(), (1..=3600).contains(&lasts), "{iat} {exp}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_a_parser_panic(text in "\\PC{0,200}") {
        rewritten(&text)?;
    }

    #[test]
    fn no_json_makes_a_parser_panic(value in any_json()) {
        rewritten(&value.to_string())?;
    }

    #[test]
    fn a_well_formed_text_with_parts_exchanged_is_refused_or_means_what_it_says(
        which in any::<Index>(), other in any::<Index>(), from in any::<Index>(), to in any::<Index>(),
        length in 0_usize..40,
    ) {
        let texts = good();
        let (text, other) = (which.get(&texts), other.get(&texts));
        let start = from.index(text.len());
        let piece = to.index(other.len());
        let piece = &other[piece..(piece + length).min(other.len())];
        let end = (start + length).min(text.len());
        let mut changed = text.clone();
        changed.replace_range(start..end, piece);
        rewritten(&changed)?;
    }

    /// Strict at every member: one more, one twice, one less or one of another type is refused.
    #[test]
    fn a_member_more_twice_or_of_another_type_is_refused(
        which in 0_usize..7, name in member(), value in any_json(), at in any::<Index>(),
    ) {
        let json = [0, 3, 4, 5, 6, 7, 8].map(|at| good()[at].clone())[which].clone();
        let object: Map<String, Value> = serde_json::from_str(&json).expect("JSON");
        let before = readers(&json);
        let names: Vec<&String> = object.keys().collect();
        let one = *at.get(&names);

        let twice = format!("{{{}:{},{}", json!(one), object[one], &json[1..]);
        prop_assert!(readers(&twice).is_empty(), "{twice}");

        if !object.contains_key(&name) && !["use", "alg", "kid", "hosts"].contains(&name.as_str()) {
            let mut more = object.clone();
            more.insert(name, value.clone());
            let more = Value::from(more).to_string();
            prop_assert!(readers(&more).is_empty(), "{more}");
        }
        if one != "hosts" {
            let mut less = object.clone();
            less.remove(one);
            let less = Value::from(less).to_string();
            prop_assert!(!readers(&less).iter().any(|name| before.contains(name)), "{less}");
        }
        let same_type = std::mem::discriminant(&object[one]) == std::mem::discriminant(&value);
        if !same_type {
            let mut other = object.clone();
            other.insert(one.clone(), value);
            let other = Value::from(other).to_string();
            prop_assert!(!readers(&other).iter().any(|name| before.contains(name)), "{other}");
        }
    }

    #[test]
    fn claims_are_read_as_they_were_written(
        key in "[!-~]{1,300}", provider in "\\PC{1,16}", sub in "\\PC{1,60}", rid in "\\PC{1,16}",
        iat in any::<i64>(), exp in any::<i64>(), k in any::<[u8; 32]>(),
        host in proptest::option::of("[a-z0-9]{1,20}(\\.[a-z0-9]{1,10}){0,3}(:[1-9][0-9]{0,3})?"),
        p in "\\PC{1,100}", jti in "[ -~]{1,64}",
    ) {
        let claims = KeyClaims {
            key: Secret::new(key.clone()), provider: provider.clone(), sub: sub.clone(), rid, iat,
            host: host.clone(),
        };
        prop_assert_eq!(KeyClaims::decode(&claims.encode()), Some(claims));
        let claims = RequestClaims {
            key: Secret::new(key), provider, sub: sub.clone(), m: "PATCH".into(), p, iat, jti, host,
        };
        prop_assert_eq!(RequestClaims::decode(&claims.encode()), Some(claims));
        let claims = SessionClaims { k: Zeroizing::new(k), sub, ath: "a".into(), iat, exp };
        prop_assert_eq!(SessionClaims::decode(&claims.encode()), Some(claims));
    }

    #[test]
    fn compact_messages_open_to_what_was_sealed_whatever_it_is(
        plaintext in vec(any::<u8>(), 1..2000), kid in "\\PC{1,40}", rid in proptest::option::of("\\PC{0,40}"),
        key in any::<[u8; 32]>(), other in any::<[u8; 32]>(),
    ) {
        let header = Header { alg: Alg::Dir, typ: "t", kid, rid };
        let cipher = ContentKey::new(&key);
        let text = CompactJwe::seal(&header, &[], &cipher, plaintext.clone()).expect("sealed");
        let read = CompactJwe::parse(&text, Alg::Dir, "t", header.rid.is_some()).expect("our own");
        prop_assert_eq!(&read.header, &header);
        let opened = read.open(&cipher).expect("opens");
        prop_assert_eq!(opened.as_slice(), &plaintext);
        prop_assume!(other != key);
        prop_assert!(read.open(&ContentKey::new(&other)).is_none());
        // It is of one type and one form only.
        prop_assert!(CompactJwe::parse(&text, Alg::Dir, "u", header.rid.is_some()).is_err());
        prop_assert!(CompactJwe::parse(&text, Alg::Dir, "t", header.rid.is_none()).is_err());
        prop_assert!(CompactJwe::parse(&text, Alg::RsaOaep256, "t", header.rid.is_some()).is_err());
    }

    #[test]
    fn key_sets_and_pins_are_read_as_they_were_written(
        issuer in "\\PC{0,40}", seq in any::<i64>(), iat in any::<i64>(), exp in any::<i64>(),
        n in vec(any::<u8>(), 0..40), keys in 1_usize..16, content in "\\PC{0,43}",
    ) {
        let jwk = Jwk::encryption(&n, &[1, 0, 1]);
        let keyset = Keyset { issuer: issuer.clone(), seq, iat, exp, keys: vec![jwk.clone(); keys] };
        prop_assert_eq!(Keyset::parse(&keyset.to_json()), Ok(keyset));
        let pin = Pin { issuer, identity: jwk, seq, content, first_seen: iat };
        prop_assert_eq!(Pin::parse(&pin.to_json()), Some(pin));
    }
}
