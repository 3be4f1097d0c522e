use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair, RSA_PKCS1_SHA256,
};
use base64ct::Base64;
use serde_json::{Value, json};

use super::*;
use crate::auth::token::{TokenCheck, sign_hs256};

/// Somebody else's signer: a token of whatever header, signed as the key can.
pub enum Signer {
    Rsa(aws_lc_rs::rsa::KeyPair),
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl Signer {
    fn all() -> [(Self, &'static str); 3] {
        let rsa = aws_lc_rs::rsa::KeyPair::generate(KeySize::Rsa2048).unwrap();
        let p256 = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let ed = Ed25519KeyPair::generate().unwrap();
        [
            (Self::Rsa(rsa), "RS256"),
            (Self::P256(p256), "ES256"),
            (Self::Ed25519(ed), "EdDSA"),
        ]
    }

    fn public_der(&self) -> Vec<u8> {
        let der = match self {
            Self::Rsa(pair) => AsDer::<PublicKeyX509Der<'_>>::as_der(pair.public_key()),
            Self::P256(pair) => AsDer::<PublicKeyX509Der<'_>>::as_der(pair.public_key()),
            Self::Ed25519(pair) => AsDer::<PublicKeyX509Der<'_>>::as_der(pair.public_key()),
        };
        der.unwrap().as_ref().to_vec()
    }

    fn pem(&self) -> String {
        pem("PUBLIC KEY", &self.public_der())
    }

    fn jwk(&self) -> Value {
        match self {
            Self::Rsa(pair) => {
                let public = pair.public_key();
                json!({
                    "kty": "RSA",
                    "n": encoded(public.modulus().big_endian_without_leading_zero()),
                    "e": encoded(public.exponent().big_endian_without_leading_zero()),
                })
            }
            Self::P256(pair) => {
                let point = pair.public_key().as_ref();
                json!({ "kty": "EC", "crv": "P-256", "x": encoded(&point[1..33]), "y": encoded(&point[33..]) })
            }
            Self::Ed25519(pair) => {
                json!({ "kty": "OKP", "crv": "Ed25519", "x": encoded(pair.public_key().as_ref()) })
            }
        }
    }

    fn sign(&self, header: &Value) -> String {
        let claims = json!({
            "iss": "https://id.example.com", "aud": "keyseal", "sub": "ann",
            "exp": crate::clock::seconds() + 600,
        });
        let text = [header, &claims].map(|part| encoded(part.to_string().as_bytes()));
        let text = text.join(".");
        let random = SystemRandom::new();
        let signature = match self {
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, text.as_bytes(), &mut signature)
                    .unwrap();
                signature
            }
            Self::P256(pair) => pair
                .sign(&random, text.as_bytes())
                .unwrap()
                .as_ref()
                .to_vec(),
            Self::Ed25519(pair) => pair.sign(text.as_bytes()).as_ref().to_vec(),
        };
        format!("{text}.{}", encoded(&signature))
    }
}

fn encoded(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = Base64::encode_string(der);
    let lines: Vec<&str> = text
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
}

fn check(key: TokenKey) -> TokenCheck {
    TokenCheck::new(key, "https://id.example.com", "keyseal")
}

fn from_jwk(jwk: &Value) -> Option<TokenKey> {
    TokenKey::from_jwk(&serde_json::from_value(jwk.clone()).unwrap())
}

#[test]
fn a_public_key_pins_its_own_algorithm_from_pem_and_from_jwk() {
    for (signer, own) in Signer::all() {
        for key in [
            TokenKey::from_pem(signer.pem().as_bytes()).unwrap(),
            from_jwk(&signer.jwk()).unwrap(),
        ] {
            let check = check(key);
            let good = signer.sign(&json!({ "alg": own }));
            assert_eq!(check.verify(&good).unwrap().sub, "ann", "{own}");
            for alg in [
                "none", "HS256", "HS512", "RS256", "RS384", "RS512", "PS256", "ES256", "ES384",
                "EdDSA", "",
            ] {
                let named = signer.sign(&json!({ "alg": alg }));
                assert_eq!(check.verify(&named).is_ok(), alg == own, "{own} as {alg}");
            }
            let mut unsigned = good.rsplit_once('.').unwrap().0.to_owned();
            unsigned.push('.');
            assert!(check.verify(&unsigned).is_err());
        }
    }
}

/// CVE-2015-9235 and its kin: the public key, which everybody has, as the secret of HS256.
#[test]
fn no_form_of_the_public_key_is_a_secret() {
    for (signer, own) in Signer::all() {
        let check = check(TokenKey::from_pem(signer.pem().as_bytes()).unwrap());
        let claims = json!({
            "iss": "https://id.example.com", "aud": "keyseal", "sub": "ann",
            "exp": crate::clock::seconds() + 600,
        });
        let pem = signer.pem();
        let secrets = [
            pem.as_bytes(),
            pem.trim_end().as_bytes(),
            &signer.public_der(),
            signer.jwk().to_string().as_bytes(),
            b"",
        ]
        .map(<[u8]>::to_vec);
        for secret in secrets {
            let forged = sign_hs256(&secret, &claims).unwrap();
            assert!(check.verify(&forged).is_err(), "{own}");
        }
    }
}

#[test]
fn what_a_token_says_about_keys_is_not_listened_to() {
    let [(good, alg), ..] = Signer::all();
    let [(foreign, _), ..] = Signer::all();
    let check = check(TokenKey::from_pem(good.pem().as_bytes()).unwrap());
    for more in [
        json!({ "jwk": foreign.jwk() }),
        json!({ "jku": "https://evil.example/jwks.json" }),
        json!({ "x5u": "https://evil.example/cert.pem" }),
        json!({ "kid": "../../../../dev/null" }),
        json!({ "kid": "x' UNION SELECT 'secret" }),
    ] {
        let mut header = more;
        header["alg"] = alg.into();
        let own = check.verify(&foreign.sign(&header));
        assert!(own.is_err(), "{header}");
    }
}

#[test]
fn files_that_hold_no_usable_public_key_are_refused_and_say_why() {
    let small = aws_lc_rs::rsa::KeyPair::generate(KeySize::Rsa2048).unwrap();
    let private = AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&small).unwrap();
    let p384 = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap();
    let p384 = AsDer::<PublicKeyX509Der<'_>>::as_der(p384.public_key()).unwrap();
    for (text, word) in [
        (String::new(), "BEGIN PUBLIC KEY"),
        ("nonsense".into(), "BEGIN PUBLIC KEY"),
        (pem("PRIVATE KEY", private.as_ref()), "private"),
        (pem("RSA PRIVATE KEY", private.as_ref()), "private"),
        (pem("PUBLIC KEY", p384.as_ref()), "neither"),
        (pem("PUBLIC KEY", b"\x30\x03abc"), "neither"),
        (pem("CERTIFICATE", b"\x30\x03abc"), "BEGIN PUBLIC KEY"),
    ] {
        let refused = TokenKey::from_pem(text.as_bytes()).err().expect(word);
        assert!(refused.contains(word), "{refused}");
    }
}

#[test]
fn keys_of_a_set_that_are_for_something_else_are_left_out() {
    for (signer, own) in Signer::all() {
        let with = |name: &str, value: Value| {
            let mut jwk = signer.jwk();
            jwk[name] = value;
            from_jwk(&jwk).is_some()
        };
        assert!(with("alg", json!(own)) && with("use", json!("sig")));
        assert!(with("key_ops", json!(["verify"])));
        assert!(!with("use", json!("enc")), "{own}");
        assert!(!with("key_ops", json!(["encrypt"])), "{own}");
        for alg in ["none", "HS256", "RSA-OAEP-256", "RS512", "PS256", "ES384"] {
            assert!(!with("alg", json!(alg)), "{own} {alg}");
        }
        assert!(!with("kty", json!("oct")) && !with("kty", json!("AKP")));
        assert!(!with("x", json!("AA")) || own == "RS256");
        assert!(!with("n", json!("AQAB")) || own != "RS256");
    }
    let secret = json!({ "kty": "oct", "k": encoded(&[7; 32]), "alg": "HS256" });
    assert!(from_jwk(&secret).is_none(), "a published secret is none");
}
