//! Who one is, and one's settings.

use serde_json::json;

use crate::support::{Companion, Setup, companion::token};

pub async fn settings_are_merged_and_kept(companion: &Companion) {
    let (ann, bob) = (companion.user("ann"), companion.user("bob"));
    assert_eq!(
        ann.get("/me").await.expect(200).json()["settings"],
        json!({})
    );
    let patch = |settings| json!({ "settings": settings });
    let allow = |id: &str, value| patch(json!({ "platformAllowed": { id: value } }));
    ann.patch("/me", &allow("openai", json!(true)))
        .await
        .expect(200);
    ann.patch("/me", &patch(json!({ "theme": "dark" })))
        .await
        .expect(200);
    let me = ann
        .patch("/me", &allow("groq", json!(false)))
        .await
        .expect(200)
        .json();
    let expected = json!({ "platformAllowed": { "openai": true, "groq": false }, "theme": "dark" });
    assert_eq!(me["settings"], expected);
    ann.patch("/me", &patch(json!({ "theme": null })))
        .await
        .expect(200);
    let kept = json!({ "platformAllowed": { "openai": true, "groq": false } });
    assert_eq!(ann.get("/me").await.json()["settings"], kept);
    assert_eq!(bob.get("/me").await.json()["settings"], json!({}));

    for wrong in [
        json!({}),
        json!({ "settings": [] }),
        json!({ "settings": null }),
        json!({ "settings": {}, "tier": "premium" }),
        patch(json!({ "platformAllowed": true })),
        allow("nobody", json!(true)),
        allow("openai", json!("yes")),
        patch(json!({ "much": "x".repeat(9_000) })),
    ] {
        ann.patch("/me", &wrong).await.refused(422, "validation");
    }
    assert_eq!(ann.get("/me").await.json()["settings"], kept);
}

#[tokio::test]
async fn me_says_who_one_is_and_what_the_limits_are() {
    let setup = Setup::more("[tiers]\ndefault = \"free\"\n[tiers.free]\n[tiers.premium]\n");
    let companion = Companion::start(&setup).await;
    let mut ann = companion.user("ann");
    let me = ann.get("/me").await.expect(200).json();
    assert_eq!((&me["sub"], &me["tier"]), (&json!("ann"), &json!("free")));
    assert_eq!(me["limits"]["apiBodyBytes"], 65_536);
    assert!(keyseal_server::clock::parse_rfc3339(me["now"].as_str().unwrap()).is_some());
    assert_eq!((me.get("org"), me.get("role")), (None, None));

    let claims =
        json!({ "sub": "Ann\u{e9} |x", "tier": "premium", "org": "acme", "role": "admin" });
    ann.token = token(&claims);
    let me = ann.get("/me").await.expect(200).json();
    for name in ["sub", "tier", "org", "role"] {
        assert_eq!(me[name], claims[name]);
    }
}

#[tokio::test]
async fn a_tier_without_own_keys_takes_no_upload() {
    let setup = Setup::more("[tiers]\ndefault = \"free\"\n[tiers.free]\nbyok = false\n");
    let companion = Companion::start(&setup).await;
    let ann = companion.user("ann");
    let body = ann.upload(&crate::support::new_id());
    ann.post("/api-keys", &body)
        .await
        .refused(403, "byok_not_in_tier");
}

#[tokio::test]
async fn the_catalogue_is_public_and_says_more_to_a_caller() {
    let companion = Companion::start(&Setup::default()).await;
    let public = companion.get("/api/v1/providers").await.expect(200).json();
    let providers = public["providers"].as_array().unwrap();
    let ids: Vec<_> = providers
        .iter()
        .map(|provider| provider["id"].as_str().unwrap())
        .collect();
    assert!(ids.len() > 50 && ids.contains(&"openai") && ids.contains(&"demo"));
    assert!(
        providers
            .iter()
            .all(|provider| provider.get("platformAvailable").is_none())
    );
    assert!(!public.to_string().contains("shapes"));
    let own = companion
        .user("ann")
        .get("/providers")
        .await
        .expect(200)
        .json();
    assert_eq!(own["providers"][0]["platformAvailable"], json!(false));
}

#[tokio::test]
async fn providers_that_give_no_key_by_sign_in_say_so() {
    let companion = Companion::start(&Setup::default()).await;
    let ann = companion.user("ann");
    let answer = ann.get("/oauth/openrouter").await.expect(200);
    assert_eq!(answer.json()["flow"], "pkce");
    for provider in ["openai", "demo"] {
        let answer = ann.get(&format!("/oauth/{provider}")).await;
        answer.refused(501, "oauth_not_available");
    }
    ann.get("/oauth/nobody")
        .await
        .refused(404, "provider_unknown");
    companion
        .get("/api/v1/oauth/openrouter")
        .await
        .refused(401, "unauthorized");
}
