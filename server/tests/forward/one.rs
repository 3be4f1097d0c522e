//! `/v1`: one endpoint for the OpenAI-compatible routes of all providers.

use std::sync::{Arc, Mutex};

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::{Router, routing::any};
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};

use crate::caller::Answer;
use crate::companion::{Browser, Companion, User, claims, request};

struct Seen {
    line: String,
    headers: HeaderMap,
    body: String,
}

/// Every provider, each below its id. One whose key says so is ill.
#[derive(Clone)]
struct Everybody {
    seen: Arc<Mutex<Vec<Seen>>>,
    origin: String,
}

impl Everybody {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let everybody = Self {
            seen: Arc::default(),
            origin: format!("http://{}", listener.local_addr().unwrap()),
        };
        let app = Router::new()
            .fallback(any(answer))
            .with_state(everybody.clone());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        everybody
    }

    async fn companion(&self) -> Companion {
        let others = [
            "anthropic",
            "gemini",
            "groq",
            "perplexity",
            "elevenlabs",
            "voyage",
        ];
        let tables = others.map(|id| {
            let origin = &self.origin;
            format!("[providers.{id}]\norigin = \"{origin}/{id}\"\nallow_private = true\n")
        });
        Companion::start(&format!("{}/openai", self.origin), &tables.concat()).await
    }

    fn take(&self) -> Vec<Seen> {
        std::mem::take(&mut *self.seen.lock().unwrap())
    }
}

async fn answer(State(everybody): State<Everybody>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let body = String::from_utf8(body.to_vec()).unwrap();
    let path = head.uri.path().to_owned();
    let headers = head.headers.clone();
    let is_ill = format!("{headers:?}").contains("ill-key");
    let asked: Value = serde_json::from_str(&body).unwrap_or_default();
    everybody.seen.lock().unwrap().push(Seen {
        line: format!("{} {path}", head.method),
        headers,
        body,
    });
    if is_ill {
        return (StatusCode::INTERNAL_SERVER_ERROR, "<html>").into_response();
    }
    if path.ends_with("/models") {
        let data = [json!({ "id": "small" }), json!({ "id": "models/large" })];
        return axum::Json(json!({ "data": data })).into_response();
    }
    if asked["stream"] == true {
        let events = ["data: {\"n\":1}\n\n", "data: [DONE]\n\n"].map(Bytes::from);
        let events = events.map(Ok::<_, std::io::Error>);
        let body = Body::from_stream(futures_util::stream::iter(events));
        return ([("content-type", "text/event-stream")], body).into_response();
    }
    axum::Json(json!({ "object": "chat.completion", "model": asked["model"] })).into_response()
}

async fn post(companion: &Companion, user: &User, path: &str, body: &str) -> Answer {
    let asked = request(user, "POST", path)
        .header("content-type", "application/json")
        .body(Body::from(body.to_owned()))
        .unwrap();
    companion.call(asked).await
}

async fn chat(companion: &Companion, user: &User, model: &str) -> Answer {
    let body = json!({ "model": model, "messages": [] }).to_string();
    post(companion, user, "/v1/chat/completions", &body).await
}

/// What SDKs of OpenAI read.
#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!(
        (answer.status.as_u16(), answer.code()),
        (status, Some(code)),
        "{}",
        answer.text()
    );
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let body = answer.json();
    assert_eq!(body["error"]["code"], code);
    assert!(body["error"]["message"].is_string() && body["error"]["type"].is_string());
    assert_eq!(body.as_object().unwrap().len(), 1);
}

#[tokio::test]
async fn a_model_of_each_family_goes_to_its_own_route_under_its_own_header() {
    let everybody = Everybody::start().await;
    let companion = everybody.companion().await;
    let ann = companion.user("ann");
    let tools = r#""tools":[{"type":"function","function":{"name":"f","parameters":{"x":1.0}}}]"#;
    let image = r#""messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AA=="}}]}]"#;
    for (provider, path) in [
        ("openai", "/openai/v1/chat/completions"),
        ("anthropic", "/anthropic/v1/chat/completions"),
        ("gemini", "/gemini/v1beta/openai/chat/completions"),
        ("groq", "/groq/openai/v1/chat/completions"),
        ("perplexity", "/perplexity/chat/completions"),
    ] {
        let key = format!("key-of-{provider}");
        let id = companion.add_for(&ann, provider, &key).await;
        let body = format!(r#"{{{image},"model":"{provider}/org/name",{tools}}}"#);
        let answer = post(&companion, &ann, "/v1/chat/completions", &body).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.json()["model"], "org/name");
        let model = format!("{provider}/org/name");
        assert_eq!(answer.header("keyseal-model"), Some(model.as_str()));
        assert_eq!(
            answer.header("keyseal-served-by"),
            Some(&*format!("entry {id}"))
        );
        let seen = everybody.take();
        assert_eq!(seen.len(), 1);
        assert_eq!(seen[0].line, format!("POST {path}"));
        assert_eq!(seen[0].headers["authorization"], format!("Bearer {key}"));
        assert_eq!(
            seen[0].body,
            format!(r#"{{{image},"model":"org/name",{tools}}}"#)
        );
        assert_eq!(
            seen[0].headers["content-length"],
            seen[0].body.len().to_string()
        );
    }
}

#[tokio::test]
async fn a_stream_passes_and_a_key_in_the_browser_serves_by_its_envelope() {
    let everybody = Everybody::start().await;
    let companion = everybody.companion().await;
    let ann = companion.user("ann");
    let browser = Browser::new(&companion, &ann);
    let path = "/v1/chat/completions";
    let envelope = browser.envelope(&claims(&ann, "POST", path, "sk-in-the-browser"));
    let asked = |model: &str| {
        let body = json!({ "model": model, "stream": true }).to_string();
        request(&ann, "POST", path)
            .header("keyseal-session", browser.session.jwe())
            .header("keyseal-key", &envelope)
            .body(Body::from(body))
            .unwrap()
    };
    refused(&companion.call(asked("auto")).await, 422, "validation");
    refused(
        &companion.call(asked("groq/m")).await,
        422,
        "envelope_mismatch",
    );
    let answer = companion.call(asked("openai/m")).await;
    assert_eq!(answer.header("keyseal-served-by"), Some("envelope"));
    assert_eq!(answer.text(), "data: {\"n\":1}\n\ndata: [DONE]\n\n");
    let seen = everybody.take();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].headers["authorization"], "Bearer sk-in-the-browser");
}

#[tokio::test]
async fn auto_takes_the_first_active_entry_and_says_which_model_that_was() {
    let everybody = Everybody::start().await;
    let companion = everybody.companion().await;
    let ann = companion.user("ann");
    let none = chat(&companion, &ann, "auto").await;
    refused(&none, 409, "no_credential");

    // It has no route for chat, so it is passed over.
    companion.add_for(&ann, "elevenlabs", "eleven-key").await;
    refused(&chat(&companion, &ann, "auto").await, 409, "no_credential");
    let groq = companion.add_for(&ann, "groq", "groq-key").await;
    companion.add_for(&ann, "openai", "openai-key").await;
    let first = chat(&companion, &ann, "auto").await;
    assert_eq!(
        first.header("keyseal-model"),
        Some("groq/llama-3.1-8b-instant")
    );
    assert_eq!(first.json()["model"], "llama-3.1-8b-instant");

    let off = Some(json!({ "isActive": false }));
    let path = format!("/api/v1/api-keys/{groq}");
    companion.api(&ann, "PATCH", &path, off).await;
    let second = chat(&companion, &ann, "auto").await;
    assert_eq!(second.header("keyseal-model"), Some("openai/gpt-4.1-mini"));
    assert_eq!(everybody.take().len(), 2);
}

#[tokio::test]
async fn refusals_have_the_shape_that_sdks_of_openai_read() {
    let everybody = Everybody::start().await;
    let companion = everybody.companion().await;
    let ann = companion.user("ann");
    let nobody = User {
        sub: "x".into(),
        token: "nonsense".into(),
    };
    refused(
        &chat(&companion, &nobody, "openai/m").await,
        401,
        "unauthorized",
    );
    for (model, status, code) in [
        ("gpt-4.1-mini", 422, "validation"),
        ("openai/", 422, "validation"),
        ("", 422, "validation"),
        ("nobody/m", 404, "provider_unknown"),
        ("openai:moon/m", 404, "provider_unknown"),
        ("elevenlabs/m", 403, "path_refused"),
        ("openai/m", 409, "no_credential"),
    ] {
        refused(&chat(&companion, &ann, model).await, status, code);
    }
    for body in ["", "[]", "{}", "{\"model\":7}", "\u{0}"] {
        let answer = post(&companion, &ann, "/v1/chat/completions", body).await;
        refused(&answer, 422, "validation");
    }
    let other = companion.forward(&ann, "GET", "/v1/files").await;
    refused(&other, 403, "path_refused");
    let listed = companion.forward(&nobody, "GET", "/v1/models").await;
    refused(&listed, 401, "unauthorized");
    assert!(everybody.take().is_empty());
}

#[tokio::test]
async fn embeddings_go_where_a_provider_has_them() {
    let everybody = Everybody::start().await;
    let companion = everybody.companion().await;
    let ann = companion.user("ann");
    for (provider, path) in [
        ("openai", "/openai/v1/embeddings"),
        ("gemini", "/gemini/v1beta/openai/embeddings"),
        ("voyage", "/voyage/v1/embeddings"),
    ] {
        companion.add_for(&ann, provider, "a-key").await;
        let body = json!({ "model": format!("{provider}/e"), "input": ["a"] }).to_string();
        let answer = post(&companion, &ann, "/v1/embeddings", &body).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(everybody.take()[0].line, format!("POST {path}"));
    }
    let body = json!({ "model": "anthropic/e", "input": "a" }).to_string();
    let answer = post(&companion, &ann, "/v1/embeddings", &body).await;
    refused(&answer, 403, "path_refused");
}

#[tokio::test]
async fn the_models_that_entries_reach_are_listed_once_and_one_that_fails_is_named() {
    let everybody = Everybody::start().await;
    let companion = everybody.companion().await;
    let (ann, bob) = (companion.user("ann"), companion.user("bob"));
    for (provider, key) in [
        ("openai", "sk-good"),
        ("groq", "ill-key"),
        ("perplexity", "pplx"),
        ("elevenlabs", "xi"),
    ] {
        companion.add_for(&ann, provider, key).await;
    }
    let list = async |user: &User| {
        let answer = companion.forward(user, "GET", "/v1/models").await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    };
    for turn in 0..2 {
        let answer = list(&ann).await;
        let ids: Vec<_> = answer["data"].as_array().unwrap().iter().collect();
        let ids: Vec<_> = ids
            .iter()
            .map(|model| model["id"].as_str().unwrap())
            .collect();
        assert_eq!(ids, ["openai/small", "openai/large", "perplexity/sonar"]);
        assert_eq!(answer["keyseal"]["unreachable"], json!(["groq"]));
        let asked: Vec<_> = everybody.take().into_iter().map(|seen| seen.line).collect();
        // What was answered is remembered; what failed is asked again.
        let openai = asked.iter().filter(|line| *line == "GET /openai/v1/models");
        assert_eq!(openai.count(), usize::from(turn == 0), "{asked:?}");
        assert!(
            asked
                .iter()
                .any(|line| line == "GET /groq/openai/v1/models")
        );
    }
    assert_eq!(list(&bob).await["data"], json!([]), "nobody else's list");
    assert!(everybody.take().is_empty());
}
