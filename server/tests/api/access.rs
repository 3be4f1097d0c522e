//! Who gets in, and in what form a refusal comes.

use axum::body::Body;
use http::Request;
use keyseal_server::auth::{place::SDK_HEADERS, token::sign_hs256};
use serde_json::json;

use crate::support::{
    Answer, Companion, KEY, Setup,
    companion::{SECRET, token},
};

/// What the SDKs of OpenAI, Anthropic, Google, ElevenLabs and fal, and our own package, ask to send.
const SDK_PREFLIGHT: &str = "authorization,content-type,x-stainless-os,x-stainless-lang,\
    x-stainless-retry-count,x-stainless-timeout,openai-organization,openai-project,openai-beta,\
    x-api-key,anthropic-version,anthropic-beta,anthropic-dangerous-direct-browser-access,\
    x-goog-api-key,x-goog-api-client,xi-api-key,x-fal-runner-hint,idempotency-key,\
    keyseal-session,keyseal-key,keyseal-entry,keyseal-fallback";

async fn me(companion: &Companion, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::get("/api/v1/me");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    companion.call(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn a_token_is_taken_from_where_sdks_put_their_keys() {
    let companion = Companion::start(&Setup::default()).await;
    let token = token(&json!({ "sub": "ann" }));
    for scheme in ["Bearer", "Key", "Token", "bearer"] {
        me(
            &companion,
            &[("authorization", &format!("{scheme} {token}"))],
        )
        .await
        .expect(200);
    }
    for name in SDK_HEADERS {
        me(&companion, &[(name, &token)]).await.expect(200);
    }
    me(&companion, &[]).await.refused(401, "unauthorized");
    me(&companion, &[("authorization", "Basic YTpi")])
        .await
        .refused(401, "unauthorized");
    me(&companion, &[("authorization", &token)])
        .await
        .refused(401, "unauthorized");
    me(&companion, &[("cookie", &format!("token={token}"))])
        .await
        .refused(401, "unauthorized");
    // The first present counts, even where a later one would do.
    let headers = [
        ("authorization", "Bearer nonsense"),
        ("x-api-key", token.as_str()),
    ];
    me(&companion, &headers).await.refused(401, "unauthorized");
}

#[tokio::test]
async fn a_token_in_the_url_is_refused() {
    let companion = Companion::start(&Setup::default()).await;
    let token = token(&json!({ "sub": "ann" }));
    let answer = companion.get(&format!("/api/v1/me?key={token}")).await;
    assert!(
        ["unauthorized", "plaintext_refused"].contains(&answer.code()),
        "{}",
        answer.code()
    );
    let ann = companion.user("ann");
    let answer = ann.get(&format!("/me?key={token}")).await;
    assert!(
        ["unauthorized", "plaintext_refused"].contains(&answer.code()),
        "{}",
        answer.code()
    );
}

#[tokio::test]
async fn a_providers_key_in_the_tokens_place_is_called_by_its_name() {
    let companion = Companion::start(&Setup::default()).await;
    for name in [
        "authorization",
        "x-api-key",
        "x-goog-api-key",
        "api-key",
        "xi-api-key",
    ] {
        let value = if name == "authorization" {
            format!("Bearer {KEY}")
        } else {
            KEY.into()
        };
        let answer = me(&companion, &[(name, &value)]).await;
        assert!(
            !answer
                .refused(401, "provider_key_as_token")
                .text()
                .contains(KEY)
        );
    }
}

#[tokio::test]
async fn every_refusal_is_problem_json_that_sdks_show_too() {
    let companion = Companion::start(&Setup::default()).await;
    let ann = companion.user("ann");
    for (answer, status, code) in [
        (companion.get("/api/v1/me").await, 401, "unauthorized"),
        (companion.get("/api/v1/nothing").await, 404, "not_found"),
        (companion.get("/nothing").await, 404, "not_found"),
        (ann.send("PUT", "/me", None).await, 405, "not_found"),
        (ann.post("/api-keys", &json!({})).await, 422, "validation"),
    ] {
        let answer = answer.refused(status, code);
        assert_eq!(
            answer.header("content-type"),
            Some("application/problem+json")
        );
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert!(answer.header("keyseal-request-id").is_some());
        let problem = answer.json();
        assert_eq!(
            (&problem["status"], &problem["code"]),
            (&json!(status), &json!(code))
        );
        assert_eq!(problem["error"]["code"], code);
        for text in [
            &problem["title"],
            &problem["detail"],
            &problem["error"]["message"],
        ] {
            assert!(!text.as_str().unwrap().is_empty());
        }
    }
}

#[tokio::test]
async fn rows_of_local_mode_are_never_served_in_jwt_mode() {
    let companion = Companion::start(&Setup::local()).await;
    let local = companion.local_user().await;
    let (id, token_of_tab) = (local.add().await, local.token.clone());
    let folder = companion.stop().await;

    let companion = Companion::start_in(folder, &Setup::default()).await;
    let mut impostor = companion.user("local");
    assert_eq!(impostor.ids().await, Vec::<String>::new());
    impostor
        .get(&format!("/api-keys/{id}"))
        .await
        .refused(404, "not_found");
    impostor
        .delete(&format!("/api-keys/{id}"))
        .await
        .refused(404, "not_found");
    impostor.token = token_of_tab;
    impostor.get("/me").await.refused(401, "unauthorized");
    companion
        .get("/api/v1/local/token")
        .await
        .refused(405, "not_found");
    let link = format!("http://x/#link={}", impostor.token);
    companion.exchange(&link).await.refused(404, "not_found");
    let folder = companion.stop().await;

    // And back: nothing of it was lost.
    let companion = Companion::start_in(folder, &Setup::local()).await;
    assert_eq!(companion.local_user().await.ids().await, [id]);
}

#[tokio::test]
async fn no_origin_may_call_unless_it_is_configured() {
    let preflight = |origin: &str| {
        Request::options("/api/v1/api-keys")
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", SDK_PREFLIGHT)
            .body(Body::empty())
            .unwrap()
    };
    let allowed = |answer: &Answer| {
        answer
            .header("access-control-allow-origin")
            .map(str::to_owned)
    };
    let companion = Companion::start(&Setup::default()).await;
    for origin in ["https://app.example.com", "null"] {
        assert_eq!(allowed(&companion.call(preflight(origin)).await), None);
    }

    let setup = Setup::more("[cors]\norigins = [\"https://app.example.com\"]\n");
    let companion = Companion::start(&setup).await;
    for origin in [
        "https://evil.example.com",
        "null",
        "https://app.example.com.evil.com",
    ] {
        assert_eq!(allowed(&companion.call(preflight(origin)).await), None);
    }
    let answer = companion
        .call(preflight("https://app.example.com"))
        .await
        .expect(200);
    assert_eq!(allowed(&answer).as_deref(), Some("https://app.example.com"));
    assert_eq!(answer.header("access-control-allow-credentials"), None);
    let max_age = answer.header("access-control-max-age").unwrap();
    assert!(max_age.parse::<u32>().unwrap() >= 600, "{max_age}");
    let admitted = answer.header("access-control-allow-headers").unwrap();
    for name in SDK_PREFLIGHT.split(',') {
        assert!(
            admitted.split(',').any(|other| other.trim() == name),
            "{name}"
        );
    }
    let methods = answer.header("access-control-allow-methods").unwrap();
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
        assert!(methods.contains(method), "{method}");
    }
    let request = Request::get("/api/v1/me").header("origin", "https://app.example.com");
    let answer = companion.call(request.body(Body::empty()).unwrap()).await;
    let answer = answer.refused(401, "unauthorized");
    assert_eq!(allowed(&answer).as_deref(), Some("https://app.example.com"));
    let exposed = answer.header("access-control-expose-headers").unwrap();
    for name in [
        "keyseal-error",
        "keyseal-served-by",
        "keyseal-attempts",
        "keyseal-model",
        "keyseal-request-id",
        "retry-after",
        "ratelimit",
    ] {
        assert!(
            exposed.split(',').any(|other| other.trim() == name),
            "{name}"
        );
    }
}

#[tokio::test]
async fn health_and_keys_are_public() {
    let companion = Companion::start(&Setup::default()).await;
    companion.get("/healthz").await.expect(200);
    companion.get("/readyz").await.expect(200);
    let jwks = companion
        .get("/.well-known/jwks.json")
        .await
        .expect(200)
        .json();
    let known = companion
        .get("/.well-known/keyseal")
        .await
        .expect(200)
        .json();
    let url = format!("http://{}", companion.address);
    let published = keyseal::envelope::keyset::Published {
        identity: serde_json::from_value(known["identity"].clone()).unwrap(),
        keyset: known["keyset"].as_str().unwrap().to_owned(),
        identity_change: None,
    };
    let now = keyseal_server::clock::seconds();
    let (keyset, _) = keyseal::envelope::keyset::verify(&published, &url, None, None, now).unwrap();
    assert_eq!(json!(keyset.keys), jwks["keys"]);
    assert_eq!(known["limits"]["uploadsPerMinute"], 1000);
    assert!(known["now"].as_str().unwrap().ends_with('Z'));
    for private in ["\"d\"", "\"p\"", "\"q\"", "PRIVATE"] {
        assert!(!jwks.to_string().contains(private) && !known.to_string().contains(private));
    }
}

#[tokio::test]
async fn an_hs256_token_keyed_by_a_public_key_is_refused() {
    // The classic confusion: whatever is public, taken as the secret of HS256.
    let companion = Companion::start(&Setup::default()).await;
    let jwks = companion.get("/.well-known/jwks.json").await.text();
    let identity = companion.get("/.well-known/keyseal").await.json()["identity"].to_string();
    let claims = json!({
        "iss": "https://id.example.com", "aud": "keyseal", "sub": "ann",
        "exp": keyseal_server::clock::seconds() + 600,
    });
    let good = sign_hs256(SECRET, &claims).unwrap();
    me(&companion, &[("x-api-key", &good)]).await.expect(200);
    for secret in [
        jwks.as_bytes(),
        identity.as_bytes(),
        b"",
        b"secret",
        &SECRET[..31],
    ] {
        let forged = sign_hs256(secret, &claims).unwrap();
        me(&companion, &[("x-api-key", &forged)])
            .await
            .refused(401, "unauthorized");
    }
}
