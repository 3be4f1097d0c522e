//! What goes out and what comes in, beyond the key: headers, redirects, addresses, errors.

use std::time::{Duration, Instant};

use axum::body::Body;
use http::StatusCode;

use crate::companion::{Companion, request};
use crate::upstream::Upstream;

#[tokio::test]
async fn no_credential_cookie_or_address_of_the_caller_goes_out() {
    let upstream = Upstream::start().await;
    let companion = Companion::start(&upstream.origin(), "").await;
    let ann = companion.user("ann");
    companion.add(&ann, "sk-stored").await;
    let mut asked = request(&ann, "GET", "/forward/openai/v1/models");
    for name in [
        "x-api-key",
        "x-goog-api-key",
        "api-key",
        "xi-api-key",
        "x-subscription-token",
        "x-key",
        "proxy-authorization",
        "cookie",
        "x-forwarded-for",
        "x-real-ip",
        "forwarded",
        "referer",
        "x-hop",
        "x-http-method-override",
        "x-original-url",
        "keyseal-fallback-x",
    ] {
        asked = asked.header(name, "canary-5d1c");
    }
    let asked = asked
        .header("connection", "x-hop")
        .header("openai-organization", "org-1");
    companion.call(asked.body(Body::empty()).unwrap()).await;
    let seen = upstream.last();
    assert_eq!(seen.headers["authorization"], "Bearer sk-stored");
    assert_eq!(seen.headers.get_all("authorization").iter().count(), 1);
    assert_eq!(seen.headers["openai-organization"], "org-1");
    assert_eq!(seen.headers["accept-encoding"], "identity");
    for (name, value) in &seen.headers {
        let value = value.to_str().unwrap();
        assert!(
            !value.contains("canary-5d1c") && !value.contains(&ann.token),
            "{name}: {value}"
        );
    }
}

#[tokio::test]
async fn the_token_may_stand_where_an_sdk_puts_its_key_and_still_stays_here() {
    let upstream = Upstream::start().await;
    let companion = Companion::start(&upstream.origin(), "").await;
    let ann = companion.user("ann");
    companion.add(&ann, "sk-stored").await;
    for name in [
        "x-api-key",
        "x-goog-api-key",
        "api-key",
        "xi-api-key",
        "x-subscription-token",
    ] {
        let asked = http::Request::get("/forward/openai/v1/models").header(name, &ann.token);
        assert_eq!(
            companion
                .call(asked.body(Body::empty()).unwrap())
                .await
                .status,
            200,
            "{name}"
        );
        assert!(!upstream.last().headers.contains_key(name));
    }
}

#[tokio::test]
async fn nothing_of_the_provider_acts_on_our_origin() {
    let upstream = Upstream::start().await;
    let companion = Companion::start(&upstream.origin(), "").await;
    let ann = companion.user("ann");
    companion.add(&ann, "sk-stored").await;
    let answer = companion
        .forward(&ann, "GET", "/forward/openai/v1/files/headers")
        .await;
    for name in [
        "set-cookie",
        "strict-transport-security",
        "link",
        "alt-svc",
        "x-hop",
        "access-control-allow-origin",
    ] {
        assert_eq!(answer.header(name), None, "{name}");
    }
    assert!(
        answer
            .header("keyseal-served-by")
            .unwrap()
            .starts_with("entry ")
    );
    assert_eq!(answer.header("x-ratelimit-remaining"), Some("41"));

    let page = companion
        .forward(&ann, "GET", "/forward/openai/v1/files/html")
        .await;
    assert_eq!(
        page.header("content-security-policy"),
        Some("sandbox; default-src 'none'")
    );
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(page.header("cache-control"), Some("private, no-store"));
}

#[tokio::test]
async fn a_provider_that_repeats_the_key_is_masked() {
    let upstream = Upstream::start().await;
    let companion = Companion::start(&upstream.origin(), "").await;
    let ann = companion.user("ann");
    let key = "sk-echo-0123456789-abcdef";
    companion.add(&ann, key).await;
    for (what, status) in [
        ("echo-key", 200),
        ("refused-key", 401),
        ("refused-page", 403),
    ] {
        let answer = companion
            .forward(&ann, "GET", &format!("/forward/openai/v1/files/{what}"))
            .await;
        assert_eq!(answer.status, status);
        let whole = format!("{:?} {}", answer.headers, answer.text());
        for echo in [
            key,
            &key.replace('-', "\\u002d"),
            &key.replace('-', "%2D"),
            "0123456789",
        ] {
            assert!(!whole.contains(echo), "{what}: {whole}");
        }
        assert!(answer.text().contains("bad key ****"), "{}", answer.text());
    }
}

#[tokio::test]
async fn redirects_are_never_followed() {
    let upstream = Upstream::start().await;
    let elsewhere = Upstream::start().await;
    let companion = Companion::start(&upstream.origin(), "").await;
    let ann = companion.user("ann");
    companion.add(&ann, "sk-stored").await;
    let redirect = |to: String| format!("/forward/openai/v1/files/redirect?{to}");

    let within = companion
        .forward(&ann, "GET", &redirect("/v1/models".into()))
        .await;
    assert_eq!(within.status, StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(within.header("location"), Some("/forward/openai/v1/models"));
    let absolute = companion
        .forward(
            &ann,
            "GET",
            &redirect(format!("{}/v1/x", upstream.origin())),
        )
        .await;
    assert_eq!(absolute.header("location"), Some("/forward/openai/v1/x"));

    for to in [
        format!("{}/v1/models", elsewhere.origin()),
        "//evil.example/".into(),
        "https://evil.example/".into(),
    ] {
        let away = companion.forward(&ann, "GET", &redirect(to)).await;
        assert_eq!(
            (away.status, away.code()),
            (StatusCode::BAD_GATEWAY, Some("upstream_redirect"))
        );
        assert_eq!(away.header("location"), None);
    }
    assert_eq!(upstream.seen().len(), 5);
    assert!(elsewhere.seen().is_empty());
}

#[tokio::test]
async fn private_addresses_are_refused_unless_the_operator_lifts_it_for_that_origin() {
    let upstream = Upstream::start().await;
    let port = upstream.address.port();
    let more = format!(
        "[providers.groq]\norigin = \"https://localhost:{port}\"\n[providers.mistral]\norigin = \"https://[::ffff:127.0.0.1]:{port}\"\n[providers.xai]\norigin = \"https://2130706433:{port}\"\n"
    );
    let companion = Companion::start(&upstream.origin(), &more).await;
    let ann = companion.user("ann");
    for provider in ["groq", "mistral", "xai"] {
        companion.add_for(&ann, provider, "sk-stored").await;
        let path = if provider == "groq" {
            "openai/v1/models"
        } else {
            "v1/models"
        };
        let answer = companion
            .forward(&ann, "GET", &format!("/forward/{provider}/{path}"))
            .await;
        assert_eq!(
            answer.code(),
            Some("host_refused"),
            "{provider}: {}",
            answer.text()
        );
    }
    assert!(upstream.seen().is_empty());
}

#[tokio::test]
async fn a_provider_that_is_not_there_or_silent_gives_a_clear_error() {
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = gone.local_addr().unwrap();
    drop(gone);
    let upstream = Upstream::start().await;
    let more = format!(
        "[providers.groq]\norigin = \"http://{address}\"\nallow_private = true\n[upstream]\nfirst_byte_timeout_seconds = 1\n"
    );
    let companion = Companion::start(&upstream.origin(), &more).await;
    let ann = companion.user("ann");
    companion.add(&ann, "sk-stored").await;
    companion.add_for(&ann, "groq", "gsk-stored").await;

    let answer = companion
        .forward(&ann, "GET", "/forward/groq/openai/v1/models")
        .await;
    assert_eq!(
        (answer.status, answer.code()),
        (StatusCode::BAD_GATEWAY, Some("upstream_unreachable"))
    );

    let started = Instant::now();
    let answer = companion
        .forward(&ann, "GET", "/forward/openai/v1/files/silent")
        .await;
    assert_eq!(
        (answer.status, answer.code()),
        (StatusCode::GATEWAY_TIMEOUT, Some("upstream_timeout"))
    );
    assert!(started.elapsed() >= Duration::from_secs(1));
    assert_eq!(upstream.left(1).await, 1);
}
