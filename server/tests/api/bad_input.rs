//! Nothing that is sent makes it fail: each nonsense is a refusal with a code.

use axum::body::Body;
use http::Request;
use serde_json::json;

use crate::support::{Answer, Companion, Setup, User, new_id};

async fn send(user: &User<'_>, method: &str, path: &str, body: Vec<u8>) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", format!("Bearer {}", user.token))
        .header("content-type", "application/json")
        .body(Body::from(body));
    user.companion.call(request.unwrap()).await
}

#[tokio::test]
async fn nonsense_gets_a_refusal_with_a_code() {
    let companion = Companion::start(&Setup::default()).await;
    let ann = companion.user("ann");
    let id = ann.add().await;
    let calls = [
        ("POST", "/api/v1/api-keys".to_owned()),
        ("PATCH", format!("/api/v1/api-keys/{id}")),
        ("POST", "/api/v1/api-keys/reorder".to_owned()),
        ("PATCH", "/api/v1/me".to_owned()),
        ("POST", "/api/v1/local/token".to_owned()),
    ];
    let deep = "[".repeat(5_000);
    let bodies: Vec<Vec<u8>> = [
        "",
        " ",
        "null",
        "true",
        "7",
        "1e999",
        "-",
        "\"",
        "[]",
        "[null]",
        "{",
        "{}}",
        "{\"a\"}",
        "{\"id\":null}",
        "{\"id\":{},\"provider\":[],\"sealedKey\":1}",
        "{\"label\":{}}",
        "{\"settings\":7}",
        "{\"settings\":[]}",
        "{\"ids\":{}}",
        "{\"provider\":\"demo\",\"ids\":[1]}",
        "{\"priority\":99999999999999999999}",
        "{\"priority\":-0.0}",
        "{\"isActive\":\"yes\"}",
        "{\"expiresAt\":\"9999999-01-01T00:00:00Z\"}",
        "{\"expiresAt\":\"\"}",
        "{\"label\":\"\\ud800\"}",
        "{\"label\":\"a\",\"label\":\"b\"}",
        deep.as_str(),
        "\u{feff}{}",
        "{\"sealedKey\":{}}",
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .chain([vec![0xff, 0xfe], vec![0], b"{\"label\":\"\xff\"}".to_vec()])
    .collect();
    for (method, path) in &calls {
        for body in &bodies {
            let answer = send(&ann, method, path, body.clone()).await;
            let text = String::from_utf8_lossy(body);
            assert!(
                answer.status.is_client_error(),
                "{method} {path} {text}: {}",
                answer.status
            );
            assert!(!answer.code().is_empty(), "{method} {path} {text}");
        }
    }
    for path in [
        "/api/v1/api-keys/%00",
        "/api/v1/api-keys/%ff",
        "/api/v1/api-keys/..",
        "/api/v1//",
        "/api/v1/api-keys/a/b/c",
        "/api/v1/audit?limit=-1&cursor=%00",
        "/api/v1/audit?limit=99999999999999999999",
        "/api/v1/audit?cursor=a&cursor=b",
    ] {
        let answer = send(&ann, "GET", path, Vec::new()).await;
        assert!(
            !answer.status.is_server_error(),
            "{path}: {}",
            answer.text()
        );
    }
    assert_eq!(ann.ids().await, [id]);
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let companion = Companion::start(&Setup::default()).await;
    let ann = companion.user("ann");
    let label = |bytes: usize| json!({ "settings": { "a": "x".repeat(bytes) } }).to_string();
    for bytes in [65_537, 1_000_000] {
        send(&ann, "PATCH", "/api/v1/me", label(bytes).into())
            .await
            .refused(413, "too_large");
    }
    send(&ann, "PATCH", "/api/v1/me", label(65_000).into())
        .await
        .refused(422, "validation");
    let mut body = ann.upload(&new_id());
    body["sealedKey"]["ciphertext"] = "A".repeat(30_000).into();
    ann.post("/api-keys", &body)
        .await
        .refused(422, "sealed_key_malformed");
}

#[tokio::test]
async fn only_plain_json_is_read() {
    let companion = Companion::start(&Setup::default()).await;
    let ann = companion.user("ann");
    for (name, value) in [
        ("content-type", "text/plain"),
        ("content-type", "application/x-www-form-urlencoded"),
        ("content-encoding", "gzip"),
    ] {
        let mut request = Request::patch("/api/v1/me")
            .header("authorization", format!("Bearer {}", ann.token))
            .body(Body::from("{\"settings\":{}}"))
            .unwrap();
        request
            .headers_mut()
            .insert("content-type", "application/json".parse().unwrap());
        request.headers_mut().insert(name, value.parse().unwrap());
        companion.call(request).await.refused(422, "validation");
    }
}
