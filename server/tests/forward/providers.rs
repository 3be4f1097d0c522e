//! Every provider of the catalogue, through the whole companion, against what others say of its
//! wire: `src/catalogue/tests/expected.json`, whose lines name their sources.

use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::{Router, routing::any};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use crate::companion::{Companion, request};

const EXPECTED: &str = include_str!("../../../src/catalogue/tests/expected.json");

/// All providers at once, each below its id.
#[derive(Clone)]
struct Everybody {
    status: Arc<Mutex<StatusCode>>,
    seen: Arc<Mutex<Vec<(String, HeaderMap)>>>,
    origin: String,
}

impl Everybody {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let everybody = Self {
            status: Arc::new(Mutex::new(StatusCode::OK)),
            seen: Arc::default(),
            origin: format!("http://{}", listener.local_addr().unwrap()),
        };
        let app = Router::new()
            .fallback(any(answer))
            .with_state(everybody.clone());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        everybody
    }

    /// The configuration that puts it in everybody's place but `openai`'s, who has one already.
    fn in_everybodys_place(&self) -> String {
        let ids = expected().into_iter().filter(|said| said.id != "openai");
        let tables = ids.map(|said| {
            format!(
                "[providers.{}]\norigin = \"{}/{}\"\nallow_private = true\n",
                said.id, self.origin, said.id
            )
        });
        tables.collect()
    }

    /// A companion that takes it for every provider, and lets one user do as much as there are of them.
    async fn companion(&self) -> Companion {
        let more = format!(
            "{}[limits]\nuploads_per_minute = 1000\ntests_per_minute = 1000\n",
            self.in_everybodys_place()
        );
        Companion::start(&format!("{}/openai", self.origin), &more).await
    }

    fn take(&self) -> Vec<(String, HeaderMap)> {
        std::mem::take(&mut *self.seen.lock().unwrap())
    }
}

async fn answer(State(everybody): State<Everybody>, request: Request) -> Response {
    let line = format!("{} {}", request.method(), request.uri().path());
    let headers = request.headers().clone();
    everybody.seen.lock().unwrap().push((line, headers));
    let status = *everybody.status.lock().unwrap();
    (
        status,
        axum::Json(json!({ "data": [{ "id": "a-model" }], "ok": true })),
    )
        .into_response()
}

struct Said {
    id: String,
    header: (String, String),
    call: (String, String),
    test: (String, String),
    /// The test is made at another host than the calls.
    test_elsewhere: bool,
}

fn expected() -> Vec<Said> {
    let file: Value = serde_json::from_str(EXPECTED).unwrap();
    let text = |said: &Value, name: &str| said[name].as_str().unwrap().to_owned();
    let split = |line: &str| {
        let (method, url) = line.split_once(' ').unwrap();
        let url = url::Url::parse(url).unwrap();
        let host = url.host_str().unwrap().to_owned();
        (method.to_owned(), host, url.path().to_owned())
    };
    let all = file["providers"].as_array().unwrap().iter().map(|said| {
        let (call_method, call_host, call_path) = split(&text(said, "call"));
        let (test_method, test_host, test_path) = split(&text(said, "test"));
        let header = text(said, "header");
        let (name, value) = header.split_once(": ").unwrap();
        Said {
            id: text(said, "id"),
            header: (name.to_owned(), value.to_owned()),
            call: (call_method, call_path),
            test: (test_method, test_path),
            test_elsewhere: call_host != test_host,
        }
    });
    all.collect()
}

const CREDENTIALS: [&str; 9] = [
    "authorization",
    "api-key",
    "x-api-key",
    "xi-api-key",
    "x-goog-api-key",
    "x-key",
    "x-gladia-key",
    "x-hume-api-key",
    "x-subscription-token",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_provider_gets_its_own_header_at_its_own_path_and_nothing_of_the_callers() {
    let everybody = Everybody::start().await;
    let companion = everybody.companion().await;
    let ann = companion.user("ann");
    for said in expected() {
        let key = format!("KEY-of-{}", said.id);
        companion.add_for(&ann, &said.id, &key).await;
        let (method, path) = &said.call;
        let asked = request(&ann, method, &format!("/forward/{}{path}", said.id))
            .body(Body::empty())
            .unwrap();
        let answer = companion.call(asked).await;
        assert_eq!(answer.status, 200, "{}: {}", said.id, answer.text());
        let seen = everybody.take();
        let [(line, headers)] = &seen[..] else {
            panic!("{}: {} requests", said.id, seen.len());
        };
        assert_eq!(*line, format!("{method} /{}{path}", said.id));
        let (name, form) = &said.header;
        let sent: Vec<_> = headers.get_all(name).iter().collect();
        assert_eq!(sent, [&form.replace("KEY", &key)], "{}", said.id);
        for other in CREDENTIALS.iter().filter(|other| *other != name) {
            assert!(!headers.contains_key(*other), "{}: {other}", said.id);
        }
        let whole = format!("{headers:?}");
        assert!(!whole.contains(&ann.token), "{}: {whole}", said.id);
        for (id, name, value) in [
            ("anthropic", "anthropic-version", "2023-06-01"),
            ("runway", "x-runway-version", "2024-11-06"),
        ] {
            let sent = headers.get(name).map(|value| value.to_str().unwrap());
            assert_eq!(sent, (said.id == id).then_some(value), "{} {name}", said.id);
        }
        assert_eq!(
            headers.contains_key("cartesia-version"),
            said.id == "cartesia"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_provider_is_tested_as_others_test_it_and_gives_four_results() {
    let everybody = Everybody::start().await;
    let companion = everybody.companion().await;
    let ann = companion.user("ann");
    for said in expected() {
        let key = format!("KEY-of-{}", said.id);
        let id = companion.add_for(&ann, &said.id, &key).await;
        for (status, result) in [
            (200, "valid"),
            (401, "invalid"),
            (429, "limited"),
            (503, "unknown"),
        ] {
            *everybody.status.lock().unwrap() = StatusCode::from_u16(status).unwrap();
            let path = format!("/api/v1/api-keys/{id}/test");
            let answer = companion.api(&ann, "POST", &path, None).await.json();
            let seen = everybody.take();
            if said.test_elsewhere {
                // The operator's origin does not stand for that host: the key is not shown to it.
                assert_eq!(
                    (answer["status"].as_str(), seen.len()),
                    (Some("unknown"), 0)
                );
                continue;
            }
            assert_eq!(answer["status"], result, "{} {status}: {answer}", said.id);
            let [(line, headers)] = &seen[..] else {
                panic!("{}: {} requests", said.id, seen.len());
            };
            let (method, path) = &said.test;
            assert_eq!(*line, format!("{method} /{}{path}", said.id));
            let (name, form) = &said.header;
            assert_eq!(
                headers[name.as_str()],
                form.replace("KEY", &key),
                "{}",
                said.id
            );
            let cost = answer["cost"].as_str().unwrap();
            // A call that might be billed is never made without saying so.
            assert_eq!(
                cost == "free",
                method == "GET" && said.id != "brave" || said.id == "zai"
            );
        }
    }
}

#[tokio::test]
async fn tests_are_limited_by_rate_for_each_user() {
    let everybody = Everybody::start().await;
    let more = "[limits]\ntests_per_minute = 2\n";
    let companion = Companion::start(&everybody.origin, more).await;
    let (ann, bob) = (companion.user("ann"), companion.user("bob"));
    for (user, allowed) in [(&ann, 2), (&bob, 2)] {
        let id = companion.add(user, "sk-good").await;
        let path = format!("/api/v1/api-keys/{id}/test");
        for turn in 0..4 {
            let answer = companion.api(user, "POST", &path, None).await;
            let expected = if turn < allowed { 200 } else { 429 };
            assert_eq!(answer.status, expected, "{}", answer.text());
        }
    }
    assert_eq!(everybody.take().len(), 4, "a refused test calls nobody");
}

#[tokio::test]
async fn an_id_with_encoded_slashes_goes_through_where_ids_hold_them() {
    let everybody = Everybody::start().await;
    let more = format!(
        "[providers.groq]\norigin = \"{}\"\nallow_private = true\n",
        everybody.origin
    );
    let companion = Companion::start(&everybody.origin, &more).await;
    let ann = companion.user("ann");
    companion.add(&ann, "sk-stored").await;
    companion.add_for(&ann, "groq", "gsk-stored").await;
    let whole = "/openai/v1/models/meta-llama%2Fllama-4-scout";
    let answer = companion
        .forward(&ann, "GET", &format!("/forward/groq{whole}"))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(
        everybody.take()[0].0,
        format!("GET {whole}"),
        "byte for byte"
    );
    for path in [
        "/forward/groq/openai/v1/models/..%2F..%2Fv1%2Fkeys",
        "/forward/groq/openai/v1/chat%2Fcompletions",
        "/forward/openai/v1/models/a%2Fb",
    ] {
        let answer = companion.forward(&ann, "GET", path).await;
        assert_eq!(answer.code(), Some("path_refused"), "{path}");
    }
    assert!(everybody.take().is_empty());
}
