//! The two test endpoints, and the demo provider.

use axum::body::Body;
use http::StatusCode;
use serde_json::json;

use crate::caller::{begin, piece};
use crate::companion::{Browser, Companion, claims, request};
use crate::upstream::Upstream;

#[tokio::test]
async fn a_stored_key_is_tested_and_the_result_is_kept() {
    let upstream = Upstream::start().await;
    let companion = Companion::start(&upstream.origin(), "").await;
    let ann = companion.user("ann");
    for (key, status) in [
        ("sk-good", "valid"),
        ("sk-bad", "invalid"),
        ("sk-poor", "limited"),
    ] {
        let id = companion.add(&ann, key).await;
        let result = companion
            .api(&ann, "POST", &format!("/api/v1/api-keys/{id}/test"), None)
            .await;
        assert_eq!(result.status, StatusCode::OK, "{}", result.text());
        let result = result.json();
        assert_eq!(result["status"], status);
        assert!(
            result["testedAt"].is_string() && result["latencyMs"].is_u64(),
            "{result}"
        );
        assert!(!result.to_string().contains(key), "{result}");
        assert_eq!(upstream.last().uri, "/v1/models");

        let entry = companion
            .api(&ann, "GET", &format!("/api/v1/api-keys/{id}"), None)
            .await
            .json();
        assert_eq!(entry["status"], status);
        assert!(entry["lastTestedAt"].is_string());
        assert_eq!(entry["totalRequests"], 0, "a test is no use");
    }
}

#[tokio::test]
async fn only_ones_own_entries_can_be_tested() {
    let upstream = Upstream::start().await;
    let companion = Companion::start(&upstream.origin(), "").await;
    let (ann, bob) = (companion.user("ann"), companion.user("bob"));
    let id = companion.add(&ann, "sk-good").await;
    for (user, id) in [
        (&bob, id.as_str()),
        (&ann, "0197f2a4-0000-7000-8000-000000000000"),
    ] {
        let answer = companion
            .api(user, "POST", &format!("/api/v1/api-keys/{id}/test"), None)
            .await;
        assert_eq!(
            (answer.status, answer.code()),
            (StatusCode::NOT_FOUND, Some("not_found"))
        );
    }
    assert!(upstream.seen().is_empty());
}

#[tokio::test]
async fn a_key_that_stays_in_the_browser_is_tested_by_its_envelope_once() {
    let upstream = Upstream::start().await;
    let companion = Companion::start(&upstream.origin(), "").await;
    let ann = companion.user("ann");
    let browser = Browser::new(&companion, &ann);
    let path = "/api/v1/test/openai";
    let envelope = browser.envelope(&claims(&ann, "POST", path, "sk-bad-in-the-browser"));
    let test = || {
        let asked = request(&ann, "POST", path)
            .header("keyseal-session", browser.session.jwe())
            .header("keyseal-key", &envelope);
        companion.call(asked.body(Body::empty()).unwrap())
    };
    assert_eq!(test().await.json()["status"], "invalid");
    assert_eq!(test().await.code(), Some("replayed"));
    assert_eq!(upstream.seen().len(), 1);
    let bare = companion.api(&ann, "POST", path, None).await;
    assert_eq!(bare.code(), Some("no_credential"));
    let unknown = companion
        .api(&ann, "POST", "/api/v1/test/nobody", None)
        .await;
    assert_eq!(unknown.code(), Some("provider_unknown"));
}

#[tokio::test]
async fn a_provider_that_is_silent_or_gone_says_nothing_about_the_key() {
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", gone.local_addr().unwrap());
    drop(gone);
    let companion = Companion::start(&origin, "").await;
    let ann = companion.user("ann");
    let id = companion.add(&ann, "sk-good").await;
    let result = companion
        .api(&ann, "POST", &format!("/api/v1/api-keys/{id}/test"), None)
        .await;
    assert_eq!(result.json()["status"], "unknown", "{}", result.text());
    assert!(
        result.json()["statusDetail"]
            .as_str()
            .unwrap()
            .contains("no connection")
    );
}

#[tokio::test]
async fn the_demo_provider_takes_the_whole_path() {
    let upstream = Upstream::start().await;
    let companion = Companion::start(&upstream.origin(), "").await;
    let ann = companion.user("ann");
    let id = companion.add_for(&ann, "demo", "demo-0123456789wxyz").await;
    let tested = companion
        .api(&ann, "POST", &format!("/api/v1/api-keys/{id}/test"), None)
        .await;
    assert_eq!(tested.json()["status"], "valid", "{}", tested.text());

    let chat = json!({
        "model": "demo", "stream": true, "messages": [{ "role": "user", "content": "good evening" }],
    });
    let asked = request(&ann, "POST", "/forward/demo/v1/chat/completions")
        .body(Body::from(chat.to_string()))
        .unwrap();
    let mut body = begin(companion.address, asked).await.into_body();
    let (mut text, mut pieces) = (String::new(), 0);
    while let Some(next) = piece(&mut body).await {
        text.push_str(&next.unwrap());
        pieces += 1;
    }
    assert!(pieces > 10, "{pieces} pieces");
    let said: String = text
        .lines()
        .filter_map(|line| {
            serde_json::from_str::<serde_json::Value>(line.strip_prefix("data: ")?).ok()
        })
        .filter_map(|chunk| Some(chunk["choices"][0]["delta"]["content"].as_str()?.to_owned()))
        .collect();
    assert!(
        said.contains("good evening") && said.contains("wxyz"),
        "{said}"
    );
}
