//! Which key serves a request, and that no other ever does.

use std::time::{Duration, Instant};

use axum::body::Body;
use http::StatusCode;
use serde_json::json;

use crate::companion::{Companion, entry_id, request};
use crate::upstream::Upstream;

const CHAT: &str = "/forward/openai/v1/chat/completions";

#[tokio::test]
async fn a_request_goes_out_under_the_stored_key_and_says_which_served() {
    let upstream = Upstream::start().await;
    let companion = Companion::start(&upstream.origin(), "").await;
    let ann = companion.user("ann");
    let id = companion.add(&ann, "sk-anns-own-key").await;

    let body = Body::from(json!({ "model": "m" }).to_string());
    let answer = companion
        .call(
            request(&ann, "POST", &format!("{CHAT}?x=1%2F2"))
                .body(body)
                .unwrap(),
        )
        .await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    assert_eq!(
        answer.header("keyseal-served-by"),
        Some(format!("entry {id}").as_str())
    );
    assert_eq!(answer.header("keyseal-attempts"), Some("1"));
    assert!(answer.header("keyseal-request-id").is_some());
    assert_eq!(answer.code(), None);

    let seen = upstream.last();
    assert_eq!(seen.headers["authorization"], "Bearer sk-anns-own-key");
    assert_eq!(seen.uri, "/v1/chat/completions?x=1%2F2");
    assert_eq!(seen.headers["host"], upstream.address.to_string());
    assert_eq!(seen.body, r#"{"model":"m"}"#.len());
}

#[tokio::test]
async fn the_first_active_entry_serves_unless_another_is_named() {
    let upstream = Upstream::start().await;
    let companion = Companion::start(&upstream.origin(), "").await;
    let ann = companion.user("ann");
    let first = companion.add(&ann, "sk-first").await;
    let second = companion.add(&ann, "sk-second").await;
    let used =
        |seen: crate::upstream::Seen| seen.headers["authorization"].to_str().unwrap().to_owned();

    companion
        .forward(&ann, "GET", "/forward/openai/v1/models")
        .await;
    assert_eq!(used(upstream.last()), "Bearer sk-first");

    let named = request(&ann, "GET", "/forward/openai/v1/models").header("keyseal-entry", &second);
    companion.call(named.body(Body::empty()).unwrap()).await;
    assert_eq!(used(upstream.last()), "Bearer sk-second");

    // A change holds at once.
    let (path, off) = (
        format!("/api/v1/api-keys/{first}"),
        json!({ "isActive": false }),
    );
    assert_eq!(
        companion.api(&ann, "PATCH", &path, Some(off)).await.status,
        StatusCode::OK
    );
    companion
        .forward(&ann, "GET", "/forward/openai/v1/models")
        .await;
    assert_eq!(used(upstream.last()), "Bearer sk-second");

    let named = request(&ann, "GET", "/forward/openai/v1/models").header("keyseal-entry", &first);
    let answer = companion.call(named.body(Body::empty()).unwrap()).await;
    assert_eq!(
        (answer.status, answer.code()),
        (StatusCode::CONFLICT, Some("no_credential"))
    );
    assert_eq!(upstream.seen().len(), 3);
}

#[tokio::test]
async fn without_a_key_nothing_goes_out_and_the_answer_says_what_to_do() {
    let upstream = Upstream::start().await;
    let companion = Companion::start(&upstream.origin(), "").await;
    let (ann, bob) = (companion.user("ann"), companion.user("bob"));
    let anns = companion.add(&ann, "sk-anns").await;

    let answer = companion
        .forward(&bob, "GET", "/forward/openai/v1/models")
        .await;
    assert_eq!(
        (answer.status, answer.code()),
        (StatusCode::CONFLICT, Some("no_credential"))
    );
    assert!(answer.json()["next"].as_str().unwrap().contains("Add one"));
    assert_eq!(
        answer.header("x-should-retry"),
        Some("false"),
        "SDKs retry a 409"
    );
    assert_eq!(answer.json()["error"]["code"], "no_credential");

    let named = request(&bob, "GET", "/forward/openai/v1/models").header("keyseal-entry", &anns);
    let answer = companion.call(named.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.code(), Some("no_credential"));

    for (name, value) in [("keyseal-fallback", "everything"), ("keyseal-entry", "")] {
        let odd = request(&ann, "GET", "/forward/openai/v1/models").header(name, value);
        let answer = companion.call(odd.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.code(), Some("validation"), "{name}");
    }
    let nobody = http::Request::get("/forward/openai/v1/models")
        .body(Body::empty())
        .unwrap();
    assert_eq!(companion.call(nobody).await.code(), Some("unauthorized"));
    assert!(upstream.seen().is_empty());
}

/// What proxies and other gateways say a caller by. The caller is whom the token names.
#[tokio::test]
async fn no_header_and_no_id_spends_the_key_of_another_user() {
    const MODELS: &str = "/forward/openai/v1/models?user=ann&sub=ann";
    let upstream = Upstream::start().await;
    let companion = Companion::start(&upstream.origin(), "").await;
    let (ann, bob) = (companion.user("ann"), companion.user("bob"));
    let anns = companion.add(&ann, "sk-anns").await;
    let as_ann = |mut asked: http::request::Builder| {
        for name in [
            "x-user-id",
            "x-user",
            "user-id",
            "sub",
            "remote-user",
            "x-remote-user",
            "x-forwarded-user",
            "x-forwarded-preferred-username",
            "x-auth-request-user",
            "x-authenticated-userid",
            "x-webauth-user",
            "x-lobe-chat-auth",
            "x-litellm-end-user-id",
            "openai-organization",
            "keyseal-sub",
            "keyseal-user",
            "cookie",
        ] {
            asked = asked.header(name, "ann");
        }
        asked
            .header("authorization-user", &anns)
            .body(Body::empty())
            .unwrap()
    };
    for named in [None, Some(&anns)] {
        let mut asked = request(&bob, "GET", MODELS);
        if let Some(id) = named {
            asked = asked.header("keyseal-entry", id);
        }
        let answer = companion.call(as_ann(asked)).await;
        assert_eq!(answer.code(), Some("no_credential"));
    }
    let nobody = http::Request::get(MODELS);
    assert_eq!(
        companion.call(as_ann(nobody)).await.code(),
        Some("unauthorized")
    );
    assert!(upstream.seen().is_empty());

    let bobs = companion.add(&bob, "sk-bobs").await;
    let answer = companion.call(as_ann(request(&bob, "GET", MODELS))).await;
    let by = answer.header("keyseal-served-by");
    assert_eq!(by, Some(format!("entry {bobs}").as_str()));
    assert_eq!(upstream.keys(), ["sk-bobs"]);
}

#[tokio::test]
async fn a_row_that_was_moved_in_the_database_is_refused_and_marked() {
    let upstream = Upstream::start().await;
    let companion = Companion::start(&upstream.origin(), "").await;
    let (ann, bob) = (companion.user("ann"), companion.user("bob"));
    let anns = companion.add(&ann, "sk-anns").await;
    let bobs = companion.add(&bob, "sk-bobs").await;
    let second = companion.add(&bob, "sk-bobs-second").await;

    let database = database(&companion).await;
    // Somebody who can write the database gives Ann's key to Bob, and swaps two of Bob's.
    let steal = "UPDATE entries SET sealed_key = (SELECT sealed_key FROM entries WHERE id = $1) WHERE id = $2";
    for (from, to) in [(&bobs, &second), (&anns, &bobs)] {
        sqlx::query(steal)
            .bind(from.as_str())
            .bind(to.as_str())
            .execute(&database)
            .await
            .unwrap();
    }
    for id in [&bobs, &second] {
        let named = request(&bob, "GET", "/forward/openai/v1/models").header("keyseal-entry", id);
        let answer = companion.call(named.body(Body::empty()).unwrap()).await;
        assert_eq!(
            (answer.status, answer.code()),
            (StatusCode::CONFLICT, Some("needs_reentry"))
        );
        let entry = companion
            .api(&bob, "GET", &format!("/api/v1/api-keys/{id}"), None)
            .await;
        assert_eq!(entry.json()["needsReentry"], true);
    }
    assert!(upstream.seen().is_empty());
}

#[tokio::test]
async fn a_cached_key_is_not_used_for_a_row_that_was_moved_meanwhile() {
    let upstream = Upstream::start().await;
    let companion = Companion::start(&upstream.origin(), "").await;
    let (ann, bob) = (companion.user("ann"), companion.user("bob"));
    let anns = companion.add(&ann, "sk-anns").await;
    let bobs = companion.add(&bob, "sk-bobs").await;
    for user in [&ann, &bob] {
        assert_eq!(
            companion
                .forward(user, "GET", "/forward/openai/v1/models")
                .await
                .status,
            200
        );
    }
    let steal = "UPDATE entries SET sealed_key = (SELECT sealed_key FROM entries WHERE id = $1) WHERE id = $2";
    let database = database(&companion).await;
    sqlx::query(steal)
        .bind(anns.as_str())
        .bind(bobs.as_str())
        .execute(&database)
        .await
        .unwrap();
    // What was read of the row is remembered for less than a second.
    tokio::time::sleep(Duration::from_millis(1000)).await;
    let answer = companion
        .forward(&bob, "GET", "/forward/openai/v1/models")
        .await;
    assert_eq!(answer.code(), Some("needs_reentry"));
    assert!(
        !upstream.seen()[2..]
            .iter()
            .any(|seen| seen.headers["authorization"] == "Bearer sk-anns")
    );
}

/// The companion's own database, beside it.
pub async fn database(companion: &Companion) -> sqlx::AnyPool {
    sqlx::any::install_default_drivers();
    let file = companion.folder.path().join("data/keyseal.db");
    sqlx::AnyPool::connect(&format!("sqlite://{}", file.display()))
        .await
        .unwrap()
}

#[tokio::test]
async fn uses_are_counted_without_the_request_waiting_for_it() {
    let upstream = Upstream::start().await;
    let companion = Companion::start(&upstream.origin(), "").await;
    let ann = companion.user("ann");
    let id = companion.add(&ann, "sk-anns").await;
    for _ in 0..5 {
        companion
            .forward(&ann, "GET", "/forward/openai/v1/models")
            .await;
    }
    let started = Instant::now();
    loop {
        let entry = companion
            .api(&ann, "GET", &format!("/api/v1/api-keys/{id}"), None)
            .await
            .json();
        if entry["totalRequests"] == 5 {
            assert!(entry["lastUsedAt"].is_string());
            break;
        }
        assert!(started.elapsed() < Duration::from_secs(3), "{entry}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn providers_and_paths_that_are_not_there_are_refused() {
    let upstream = Upstream::start().await;
    let companion = Companion::start(&upstream.origin(), "").await;
    let ann = companion.user("ann");
    companion.add(&ann, "sk-anns").await;
    for (path, code) in [
        ("/forward/nobody/v1/models", "provider_unknown"),
        ("/forward/OpenAI/v1/models", "provider_unknown"),
        ("/forward/openai/v1/organization/api_keys", "path_refused"),
        ("/forward/openai/v1/modelsx", "path_refused"),
        ("/forward/openai/v1/models/../organization", "path_refused"),
        (
            "/forward/openai/v1/models/%2e%2e/organization",
            "path_refused",
        ),
        (
            "/forward/openai/v1/models/..%2forganization",
            "path_refused",
        ),
        ("/forward/openai//v1/models", "path_refused"),
        ("/forward/openai/v1/models/@evil.example", "path_refused"),
        ("/forward/openai/@evil.example/v1/models", "path_refused"),
    ] {
        let answer = companion.forward(&ann, "GET", path).await;
        assert_eq!(answer.code(), Some(code), "{path}: {}", answer.text());
    }
    let answer = companion
        .forward(&ann, "TRACE", "/forward/openai/v1/models")
        .await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert!(upstream.seen().is_empty());
}

#[tokio::test]
async fn a_tier_without_own_keys_is_told_so() {
    let upstream = Upstream::start().await;
    let tiers = "[tiers]\ndefault = \"community\"\n[tiers.community]\nbyok = true\n[tiers.ended]\nbyok = false\n";
    let companion = Companion::start(&upstream.origin(), tiers).await;
    let ann = companion.user("ann");
    companion.add(&ann, "sk-anns").await;
    let ended = companion.user_with("ann", &json!({ "tier": "ended" }));
    let answer = companion
        .forward(&ended, "GET", "/forward/openai/v1/models")
        .await;
    assert_eq!(
        (answer.status, answer.code()),
        (StatusCode::FORBIDDEN, Some("byok_not_in_tier"))
    );
    assert_eq!(
        companion
            .forward(&ann, "GET", "/forward/openai/v1/models")
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn bodies_over_the_limit_are_refused_declared_or_not() {
    let upstream = Upstream::start().await;
    let companion =
        Companion::start(&upstream.origin(), "[limits]\nforward_body_bytes = 1000\n").await;
    let ann = companion.user("ann");
    companion.add(&ann, "sk-anns").await;
    let declared = request(&ann, "POST", CHAT)
        .body(Body::from(vec![b'x'; 1001]))
        .unwrap();
    let pieces =
        futures_util::stream::iter(["x".repeat(600), "x".repeat(600)].map(Ok::<_, std::io::Error>));
    let chunked = request(&ann, "POST", CHAT)
        .body(Body::from_stream(pieces))
        .unwrap();
    for request in [declared, chunked] {
        let answer = companion.call(request).await;
        assert_eq!(
            (answer.status, answer.code()),
            (StatusCode::PAYLOAD_TOO_LARGE, Some("too_large"))
        );
    }
    let fits = request(&ann, "POST", CHAT)
        .body(Body::from(vec![b'x'; 1000]))
        .unwrap();
    assert_eq!(companion.call(fits).await.json()["received"], 1000);
}

#[tokio::test]
async fn an_unknown_entry_id_is_never_guessed() {
    let upstream = Upstream::start().await;
    let companion = Companion::start(&upstream.origin(), "").await;
    let ann = companion.user("ann");
    companion.add(&ann, "sk-anns").await;
    let named =
        request(&ann, "GET", "/forward/openai/v1/models").header("keyseal-entry", entry_id());
    let answer = companion.call(named.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.code(), Some("no_credential"));
    assert!(upstream.seen().is_empty());
}
