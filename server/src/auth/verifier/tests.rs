use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::auth::token::sign_hs256;

const SECRET: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";
const OTHER: &str = "f0f1e2d3c4b5a69788796a5b4c3d2e1f";

fn jwt_mode() -> (TempDir, Config, Verifier) {
    let dir = tempfile::tempdir().unwrap();
    let secret = dir.path().join("hs256");
    crate::files::create_once(&secret, SECRET.as_bytes()).unwrap();
    let config = Config::from_pairs(
        None,
        &[
            ("KEYSEAL__AUTH__MODE", "jwt"),
            ("KEYSEAL__AUTH__ISSUER", "https://id.example.com"),
            ("KEYSEAL__AUTH__AUDIENCE", "keyseal"),
            ("KEYSEAL__AUTH__HS256_SECRET_FILE", secret.to_str().unwrap()),
            ("KEYSEAL__TIERS__DEFAULT", "free"),
            ("KEYSEAL__TIERS__FREE__BYOK", "true"),
            ("KEYSEAL__TIERS__PREMIUM__BYOK", "true"),
        ],
    )
    .unwrap();
    let verifier = Verifier::open(&config).unwrap();
    (dir, config, verifier)
}

fn good() -> Value {
    json!({
        "iss": "https://id.example.com", "aud": "keyseal", "sub": "ann",
        "exp": clock::seconds() + 600,
    })
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = good();
    claims[name] = value;
    claims
}

fn signed(claims: &Value) -> String {
    sign_hs256(SECRET.as_bytes(), claims).unwrap()
}

#[tokio::test]
async fn a_good_token_names_its_caller() {
    let (_dir, config, verifier) = jwt_mode();
    for claims in [
        good(),
        with("aud", json!(["other", "keyseal"])),
        with("exp", json!(clock::seconds() - 30)),
        with("nbf", json!(clock::seconds() + 30)),
        with("exp", json!(clock::seconds() as f64 + 60.5)),
    ] {
        let caller = verifier.verify(&signed(&claims), &config).await.unwrap();
        assert_eq!(caller.owner, Owner::new(Realm::Jwt, "ann"), "{claims}");
        assert_eq!(caller.tier, "free");
    }
}

#[tokio::test]
async fn the_tier_is_the_claims_or_the_default() {
    let (_dir, config, verifier) = jwt_mode();
    for (claim, tier) in [
        (json!("premium"), "premium"),
        (json!("nonsense"), "free"),
        (json!(7), "free"),
    ] {
        let token = signed(&with("tier", claim));
        let caller = verifier.verify(&token, &config).await.unwrap();
        assert_eq!(caller.tier, tier);
    }
}

#[tokio::test]
async fn tokens_that_miss_or_break_a_claim_are_refused() {
    let (_dir, config, verifier) = jwt_mode();
    let mut refused: Vec<Value> = ["iss", "aud", "sub", "exp"]
        .iter()
        .map(|name| {
            let mut claims = good();
            claims.as_object_mut().unwrap().remove(*name);
            claims
        })
        .collect();
    let now = clock::seconds();
    refused.extend([
        with("exp", json!(now - 120)),
        with("exp", json!("tomorrow")),
        with("exp", json!(-5)),
        with("nbf", json!(now + 120)),
        with("nbf", json!("never")),
        with("iss", json!("https://evil.example.com")),
        with(
            "iss",
            json!(["https://id.example.com", "https://evil.example.com"]),
        ),
        with("aud", json!("other")),
        with("aud", json!([])),
        with("sub", json!("")),
        with("sub", json!(7)),
        with("sub", json!("a\u{0}b")),
        with("sub", json!("a".repeat(256))),
    ]);
    for claims in refused {
        let refusal = verifier
            .verify(&signed(&claims), &config)
            .await
            .expect_err(&claims.to_string());
        assert_eq!(refusal.code, Code::Unauthorized, "{claims}");
    }
}

fn assemble(header: &Value, claims: &Value, signature: &str) -> String {
    let part = |value: &Value| Base64UrlUnpadded::encode_string(value.to_string().as_bytes());
    format!("{}.{}.{signature}", part(header), part(claims))
}

#[tokio::test]
async fn algorithms_other_than_the_pinned_one_are_refused() {
    let (_dir, config, verifier) = jwt_mode();
    let good_one = signed(&good());
    let signature = good_one.rsplit('.').next().unwrap();
    for alg in [
        "none", "None", "RS256", "ES256", "HS384", "HS512", "PS256", "EdDSA", "",
    ] {
        for signature in ["", signature] {
            let token = assemble(&json!({"alg": alg, "typ": "JWT"}), &good(), signature);
            assert!(verifier.verify(&token, &config).await.is_err(), "{alg}");
        }
    }
}

#[tokio::test]
async fn another_secret_or_none_at_all_is_refused() {
    let (_dir, config, verifier) = jwt_mode();
    for secret in [OTHER, "", "0f1e2d3c4b5a69788796a5b4c3d2e1f", "secret"] {
        let token = sign_hs256(secret.as_bytes(), &good()).unwrap();
        assert!(verifier.verify(&token, &config).await.is_err(), "{secret}");
    }
}

#[tokio::test]
async fn a_token_with_crit_is_refused() {
    let (_dir, config, verifier) = jwt_mode();
    let mut header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
    header.crit = Some(vec!["exp".into()]);
    let key = jsonwebtoken::EncodingKey::from_secret(SECRET.as_bytes());
    let token = jsonwebtoken::encode(&header, &good(), &key).unwrap();
    assert!(verifier.verify(&token, &config).await.is_err());
}

#[tokio::test]
async fn remembering_one_token_lets_no_other_pass() {
    let (_dir, config, verifier) = jwt_mode();
    let token = signed(&good());
    verifier.verify(&token, &config).await.unwrap();
    // The same first part, and the same first twenty characters, with other claims.
    let forged = assemble(
        &json!({"typ": "JWT", "alg": "HS256"}),
        &with("sub", json!("bob")),
        token.rsplit('.').next().unwrap(),
    );
    assert!(verifier.verify(&forged, &config).await.is_err());
    for cut in [20, token.len() - 1] {
        assert!(verifier.verify(&token[..cut], &config).await.is_err());
    }
    // Nor does a stored hash pass for the token it is of.
    let hash = Base64UrlUnpadded::encode_string(&sha256(token.as_bytes()));
    assert!(verifier.verify(&hash, &config).await.is_err());
}

#[tokio::test]
async fn a_remembered_token_ends_with_its_exp() {
    let (_dir, config, verifier) = jwt_mode();
    let token = signed(&with("exp", json!(clock::seconds() - 59)));
    assert!(
        verifier.verify(&token, &config).await.is_ok(),
        "within the leeway"
    );
    assert!(verifier.remembered(&sha256(token.as_bytes()), 0).is_none());
}

#[tokio::test]
async fn a_providers_key_is_known_as_one() {
    let (_dir, config, verifier) = jwt_mode();
    let refusal = verifier
        .verify("demo-0123456789abcdef", &config)
        .await
        .unwrap_err();
    assert_eq!(refusal.code, Code::ProviderKeyAsToken);
    assert!(!refusal.detail.contains("0123456789"));
}
