//! A plain key in any place of any call is refused, and stands nowhere afterwards.

use axum::body::Body;
use http::Request;
use serde_json::{Value, json};

use crate::support::{
    Answer, Process, Setup,
    caller::call,
    companion::{KEY, token},
    new_id,
};

/// Bodies of every call, with `KEY` in each place that one can think of.
fn bodies(sealed: &Value) -> Vec<(&'static str, String, Value)> {
    let id = new_id();
    let entry = format!("/api/v1/api-keys/{id}");
    let good = json!({ "id": id, "provider": "demo", "sealedKey": sealed });
    let with = |name: &str, value: Value| {
        let mut body = good.clone();
        body[name] = value;
        body
    };
    let mut all: Vec<(&'static str, String, Value)> = Vec::new();
    for body in [
        with("id", KEY.into()),
        with("provider", KEY.into()),
        with("sealedKey", KEY.into()),
        with("sealedKey", json!({ "protected": KEY })),
        with("sealedKey", json!({ "key": "anything" })),
        with("label", KEY.into()),
        with("label", format!(" {KEY}\n").into()),
        with("label", format!("Bearer {KEY}").into()),
        with("priority", KEY.into()),
        with("expiresAt", KEY.into()),
        with("apiKey", KEY.into()),
        with("api_key", "sk-anything".into()),
        with(KEY, true.into()),
        json!([KEY]),
        json!(KEY),
    ] {
        all.push(("POST", "/api/v1/api-keys".into(), body));
    }
    for body in [
        json!({ "label": KEY }),
        json!({ "isActive": KEY }),
        json!({ "priority": KEY }),
        json!({ "expiresAt": KEY }),
        json!({ "sealedKey": KEY }),
        json!({ "sealedKey": { "iv": KEY } }),
        json!({ "API-KEY": null }),
    ] {
        all.push(("PATCH", entry.clone(), body));
    }
    for body in [
        json!({ "provider": KEY, "ids": [] }),
        json!({ "provider": "demo", "ids": [KEY] }),
        json!({ "provider": "demo", "ids": { "a": [KEY] } }),
    ] {
        all.push(("POST", "/api/v1/api-keys/reorder".into(), body));
    }
    for body in [
        json!({ "settings": { "note": KEY } }),
        json!({ "settings": { "deep": [{ "er": KEY }] } }),
        json!({ "settings": { KEY: 1 } }),
        json!({ "settings": { "openaiApiKey": "x" } }),
    ] {
        all.push(("PATCH", "/api/v1/me".into(), body));
    }
    all.push(("POST", "/api/v1/local/token".into(), json!({ "link": KEY })));
    for path in [
        format!("{entry}/test"),
        "/api/v1/test/demo".into(),
        "/api/v1/nothing".into(),
    ] {
        all.push(("POST", path, json!({ "note": KEY })));
    }
    for path in [
        "/api/v1/me",
        "/api/v1/providers",
        "/api/v1/api-keys",
        "/api/v1/audit",
    ] {
        all.push(("GET", format!("{path}?note={KEY}"), Value::Null));
        all.push(("GET", format!("{path}?api_key=x"), Value::Null));
    }
    for method in ["GET", "PATCH", "DELETE"] {
        all.push((method, format!("/api/v1/api-keys/{KEY}"), Value::Null));
    }
    all
}

#[tokio::test]
async fn a_plain_key_is_refused_everywhere_and_stands_nowhere_afterwards() {
    let process = Process::start(&Setup::default());
    let ann = token(&json!({ "sub": "ann" }));
    let (_, sealed) = process.add("ann").await;
    for (method, path, body) in bodies(&sealed) {
        let bytes = if body.is_null() {
            Vec::new()
        } else {
            body.to_string().into_bytes()
        };
        let answer = process.send(&ann, method, &path, bytes).await;
        let answer = answer.refused(422, "plaintext_refused");
        assert!(!answer.text().contains(KEY), "{method} {path} {body}");
    }
    for (content_type, body) in [
        ("text/plain", KEY.to_owned()),
        ("application/x-www-form-urlencoded", format!("label={KEY}")),
        ("application/json", format!("{{\"label\":\"{KEY}\"")),
        (
            "application/json",
            format!("{{\"label\":\"a\",\"label\":\"{KEY}\",\"label\":\"b\"}}"),
        ),
        (
            "application/json",
            format!("\u{feff}{{\"label\":\"{KEY}\"}}"),
        ),
        (
            "multipart/form-data; boundary=b",
            format!("--b\r\n\r\n{KEY}\r\n--b--"),
        ),
    ] {
        let answer = raw(&process, Some(&ann), content_type, &body).await;
        assert!(
            !answer
                .refused(422, "plaintext_refused")
                .text()
                .contains(KEY),
            "{body}"
        );
    }
    // Without a token too.
    let body = json!({ "label": KEY }).to_string();
    raw(&process, None, "application/json", &body)
        .await
        .refused(422, "plaintext_refused");
    // In the token's place.
    process
        .send(KEY, "GET", "/api/v1/me", Vec::new())
        .await
        .refused(401, "provider_key_as_token");
    // As parts of paths that lead nowhere.
    process
        .send(&ann, "GET", &format!("/{KEY}"), Vec::new())
        .await
        .refused(404, "not_found");

    // What is searched with the same eyes: a label that is stored, and a line that is logged.
    let planted = "planted-control-0123456789";
    let path = "/api/v1/me";
    let body = json!({ "settings": { "note": planted } }).to_string();
    let answer = process
        .send(&ann, "PATCH", path, body.into())
        .await
        .expect(200);
    let request_id = answer.header("keyseal-request-id").unwrap().to_owned();
    assert!(
        !process.files_with(planted).is_empty(),
        "the search finds what is in the database"
    );
    assert!(
        process.output().contains(&request_id),
        "the search finds what is in the log"
    );
    assert!(!process.files_with(&request_id).is_empty());

    assert_eq!(process.files_with(KEY), Vec::<std::path::PathBuf>::new());
    assert!(!process.output().contains(KEY));
    // Nor a part of it long enough to matter, nor the token.
    assert_eq!(
        process.files_with(&KEY[..18]),
        Vec::<std::path::PathBuf>::new()
    );
    assert_eq!(process.files_with(&ann), Vec::<std::path::PathBuf>::new());
}

async fn raw(process: &Process, token: Option<&str>, content_type: &str, body: &str) -> Answer {
    let mut request = Request::post("/api/v1/api-keys").header("content-type", content_type);
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    call(
        process.address,
        request.body(Body::from(body.to_owned())).unwrap(),
    )
    .await
}

#[tokio::test]
async fn every_distinctive_key_shape_of_the_catalogue_is_refused() {
    let companion = crate::support::Companion::start(&Setup::default()).await;
    let ann = companion.user("ann");
    let word = "aB3".repeat(60);
    for key in [
        format!("sk-proj-{}", &word[..156]),
        format!("sk-ant-api03-{}AA", &word[..93]),
        format!("AIza{}", &word[..35]),
        format!("gsk_{}", &word[..52]),
        format!("hf_{}", "abcdefghijklmnopqrstuvwxyzABCDEFGH"),
        format!("r8_{}", &word[..37]),
        format!("xai-{}", &word[..80]),
    ] {
        let answer = ann
            .patch("/me", &json!({ "settings": { "note": key } }))
            .await;
        assert_eq!(answer.code(), "plaintext_refused", "{key}");
    }
}
