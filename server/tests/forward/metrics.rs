//! What the operator's metrics say, and what they never say.

use axum::body::Body;

use crate::companion::{Companion, request};
use crate::upstream::Upstream;

const KEY: &str = "sk-metrics-7d20c4b1aa93";

#[tokio::test]
async fn requests_providers_and_unwraps_are_counted_and_no_user_entry_or_key_is_named() {
    let upstream = Upstream::start().await;
    let companion = Companion::start(&upstream.origin(), "").await;
    let ann = companion.user("ann-the-user");
    let id = companion.add(&ann, KEY).await;
    let label = serde_json::json!({ "label": "ann-the-label" });
    let entry = format!("/api/v1/api-keys/{id}");
    companion.api(&ann, "PATCH", &entry, Some(label)).await;
    for (path, status) in [
        ("/forward/openai/v1/models", 200),
        ("/forward/openai/v1/models?note=ann-the-query", 200),
        ("/forward/ann-the-provider/v1/models", 404),
        ("/ann-the-path", 404),
    ] {
        let answer = companion.forward(&ann, "GET", path).await;
        assert_eq!(answer.status, status, "{path}");
    }
    let odd = request(&ann, "ANN-THE-METHOD", "/healthz").body(Body::empty());
    companion.call(odd.unwrap()).await;

    let metrics = companion.metrics().await;
    let forward = r#"route="/forward/{provider}/{*path}",method="GET""#;
    for line in [
        format!(r#"keyseal_requests_total{{{forward},status="200",provider="openai"}} 2"#),
        format!(r#"keyseal_requests_total{{{forward},status="404",provider="unknown"}} 1"#),
        r#"keyseal_requests_total{route="-",method="GET",status="404",provider=""} 1"#.to_owned(),
        r#"keyseal_upstream_duration_seconds_count{provider="openai"} 2"#.to_owned(),
        // At the upload, and at the first use.
        "keyseal_unwraps_total 2".to_owned(),
        r#"keyseal_kept{what="keys"} 1"#.to_owned(),
    ] {
        assert!(
            metrics.lines().any(|known| known == line),
            "{line}\n{metrics}"
        );
    }
    assert!(
        metrics.contains(r#"route="/api/v1/api-keys/{id}""#),
        "{metrics}"
    );
    for said in ["ann-the", "ANN-THE", KEY, &ann.token, &id] {
        assert!(!metrics.contains(said), "{said}");
    }
    // They are nowhere else.
    let elsewhere = companion.forward(&ann, "GET", "/metrics").await;
    assert_eq!(elsewhere.status, 404);
}
