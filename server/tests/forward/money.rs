//! What requests use and cost, and budgets, against a provider that says what it used.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::caller::Answer;
use crate::companion::{Browser, Companion, User, claims, request};
use crate::credential::database;

const CHAT: &str = "/forward/openai/v1/chat/completions";
/// 1000 tokens in and 100 out of gpt-4o, in millionths of a dollar: $2.50 and $10.00 a million.
const COST: f64 = 0.0035;

/// A provider of chats that counts as OpenAI does. The model says how it behaves.
#[derive(Clone, Default)]
struct Provider {
    bodies: Arc<Mutex<Vec<Bytes>>>,
}

impl Provider {
    async fn start() -> (Self, String) {
        let provider = Self::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        let app = Router::new().fallback(answer).with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        (provider, format!("http://{address}"))
    }

    fn last(&self) -> String {
        let bodies = self.bodies.lock().unwrap();
        String::from_utf8(bodies.last().expect("a request").to_vec()).unwrap()
    }
}

async fn answer(State(provider): State<Provider>, uri: http::Uri, body: Bytes) -> Response {
    provider.bodies.lock().unwrap().push(body.clone());
    if uri.path().contains("/text-to-speech/") {
        let head = [("content-type", "audio/mpeg"), ("x-character-count", "11")];
        return (head, "ID3 and so on").into_response();
    }
    let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
    let model = asked["model"].as_str().unwrap_or_default();
    let usage = json!({ "prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100 });
    if model == "none" {
        return http::StatusCode::NOT_FOUND.into_response();
    }
    if asked["stream"] != true {
        let answer = json!({ "model": model, "choices": [{ "index": 0 }], "usage": usage });
        return axum::Json(answer).into_response();
    }
    let chunk = |choices: Value, usage: Value| {
        let chunk = json!({ "model": model, "choices": choices, "usage": usage });
        format!("data: {chunk}\n\n")
    };
    let mut chunks = vec![
        Ok(chunk(
            json!([{ "index": 0, "delta": { "content": "a" } }]),
            Value::Null,
        )),
        Ok(chunk(
            json!([{ "index": 0, "delta": { "content": "b" } }]),
            Value::Null,
        )),
    ];
    if model.ends_with("-broken") {
        chunks.push(Err(std::io::Error::other("gone")));
    }
    if asked["stream_options"]["include_usage"] == true {
        chunks.push(Ok(chunk(json!([]), usage)));
    }
    chunks.push(Ok("data: [DONE]\n\n".to_owned()));
    // What came before it breaks off has to have arrived.
    let chunks = stream::iter(chunks).then(async |chunk| {
        if chunk.is_err() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        chunk
    });
    let body = Body::from_stream(chunks);
    ([("content-type", "text/event-stream")], body).into_response()
}

async fn chat(companion: &Companion, user: &User, body: &Value) -> Answer {
    send(companion, request(user, "POST", CHAT), body).await
}

async fn send(companion: &Companion, asked: http::request::Builder, body: &Value) -> Answer {
    let asked = asked.header("content-type", "application/json");
    companion
        .call(asked.body(Body::from(body.to_string())).unwrap())
        .await
}

fn hello(model: &str) -> Value {
    json!({ "model": model, "messages": [{ "role": "user", "content": "Hello" }] })
}

fn streamed(model: &str) -> Value {
    json!({ "model": model, "stream": true, "messages": [] })
}

/// What was used so far, by these.
async fn usage(companion: &Companion, user: &User, by: &str) -> Value {
    companion.state.write_usage().await.unwrap();
    let path = format!("/api/v1/usage?by={by}");
    let answer = companion.api(user, "GET", &path, None).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

async fn entry(companion: &Companion, user: &User, id: &str) -> Value {
    companion.state.write_usage().await.unwrap();
    let path = format!("/api/v1/api-keys/{id}");
    companion.api(user, "GET", &path, None).await.json()
}

async fn budget(companion: &Companion, user: &User, id: &str, change: Value) {
    let path = format!("/api/v1/api-keys/{id}");
    let changed = companion.api(user, "PATCH", &path, Some(change)).await;
    assert_eq!(changed.status, 200, "{}", changed.text());
}

#[tokio::test]
async fn answers_and_streams_are_counted_and_a_stream_looks_as_it_was_asked_for() {
    let (provider, origin) = Provider::start().await;
    let more = "[fees]\npercent = 5.0\ncap_credits = { \"gpt-4o-mini\" = 0.001 }";
    let companion = Companion::start(&origin, more).await;
    let ann = companion.user("ann");
    let id = companion.add(&ann, "sk-test-0123456789").await;

    let body = hello("gpt-4o");
    assert_eq!(chat(&companion, &ann, &body).await.status, 200);
    assert_eq!(
        provider.last(),
        body.to_string(),
        "nothing streamed, nothing changed"
    );

    let unasked = chat(&companion, &ann, &streamed("gpt-4o")).await;
    assert!(provider.last().contains("\"include_usage\":true"));
    assert!(
        !unasked.text().contains("total_tokens"),
        "{}",
        unasked.text()
    );
    assert!(unasked.text().ends_with("data: [DONE]\n\n"));
    assert_eq!(unasked.text().matches("data: ").count(), 3);

    let mut asked = streamed("gpt-4o");
    asked["stream_options"] = json!({ "include_usage": true });
    let answer = chat(&companion, &ann, &asked).await;
    assert!(answer.text().contains("total_tokens"));
    assert_eq!(provider.last(), asked.to_string());

    chat(&companion, &ann, &hello("gpt-4o-mini")).await;
    let shown = entry(&companion, &ann, &id).await;
    assert_eq!(shown["totalRequests"], 4);
    assert_eq!(shown["totalTokens"], 4_400);
    // 150 + 60 for the small model.
    assert_eq!(shown["estimatedCostUsd"], 0.01071);
    assert_eq!(shown["unknownRequests"], 0);

    let used = usage(&companion, &ann, "model,entry").await;
    let rows = used["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!(
        (&rows[0]["model"], &rows[0]["entry"]),
        (&json!("gpt-4o"), &json!(id))
    );
    assert_eq!(rows[0]["requests"], 3);
    assert_eq!(
        (&rows[0]["inputTokens"], &rows[0]["outputTokens"]),
        (&json!(3000), &json!(300))
    );
    assert_eq!(
        (&rows[0]["estimatedCostUsd"], &rows[0]["feeUsd"]),
        (&json!(0.0105), &json!(0.000525))
    );
    assert_eq!(rows[1]["feeUsd"], 0.00001, "no more than the cap");
    assert_eq!(used["totals"]["requests"], 4);
    let others = usage(&companion, &companion.user("bob"), "model").await;
    assert_eq!(others["rows"], json!([]), "each sees their own");
}

#[tokio::test]
async fn what_is_unknown_is_null_and_errors_and_reading_cost_nothing() {
    let (_, origin) = Provider::start().await;
    let companion = Companion::start(&origin, "").await;
    let ann = companion.user("ann");
    let id = companion.add(&ann, "sk-test-0123456789").await;
    companion
        .forward(&ann, "GET", "/forward/openai/v1/models")
        .await;
    chat(&companion, &ann, &hello("none")).await;
    let shown = entry(&companion, &ann, &id).await;
    assert_eq!(
        (&shown["totalRequests"], &shown["unknownRequests"]),
        (&json!(2), &json!(0))
    );

    chat(&companion, &ann, &hello("a-model-nobody-has-priced")).await;
    let shown = entry(&companion, &ann, &id).await;
    assert_eq!(shown["estimatedCostUsd"], Value::Null);
    assert_eq!(
        (&shown["unknownRequests"], &shown["totalTokens"]),
        (&json!(1), &json!(1_100))
    );
    let rows = usage(&companion, &ann, "model").await["rows"].clone();
    let unpriced = rows
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["model"] == "a-model-nobody-has-priced")
        .unwrap()
        .clone();
    assert_eq!(
        (&unpriced["estimatedCostUsd"], &unpriced["feeUsd"]),
        (&Value::Null, &Value::Null)
    );

    chat(&companion, &ann, &hello("gpt-4o")).await;
    let shown = entry(&companion, &ann, &id).await;
    assert_eq!(shown["estimatedCostUsd"], COST, "the known sum");
    assert_eq!(
        shown["unknownRequests"], 1,
        "and of how many it is not known"
    );
}

#[tokio::test]
async fn speech_is_counted_in_characters_by_what_stands_before_the_sound() {
    let (_, origin) = Provider::start().await;
    let more = format!("[providers.elevenlabs]\norigin = \"{origin}\"\nallow_private = true");
    let companion = Companion::start(&origin, &more).await;
    let ann = companion.user("ann");
    let key = "sk_0123456789abcdef";
    companion.add_for(&ann, "elevenlabs", key).await;
    let path = "/forward/elevenlabs/v1/text-to-speech/21m00";
    let asked = request(&ann, "POST", path);
    let spoken = send(&companion, asked, &json!({ "text": "Hello there" })).await;
    assert_eq!(spoken.status, 200);
    let totals = usage(&companion, &ann, "day").await["totals"].clone();
    assert_eq!(
        (&totals["characters"], &totals["uncountedRequests"]),
        (&json!(11), &json!(0))
    );
}

#[tokio::test]
async fn a_stream_that_breaks_off_is_counted_as_unknown() {
    let (_, origin) = Provider::start().await;
    let companion = Companion::start(&origin, "").await;
    let ann = companion.user("ann");
    companion.add(&ann, "sk-test-0123456789").await;
    let body = streamed("gpt-4o-broken").to_string();
    let asked = request(&ann, "POST", CHAT).header("content-type", "application/json");
    let answer =
        crate::caller::begin(companion.address, asked.body(Body::from(body)).unwrap()).await;
    let mut stream = answer.into_body();
    while let Some(Ok(_)) = crate::caller::piece(&mut stream).await {}
    while companion.state.under_way.count() > 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let totals = usage(&companion, &ann, "day").await["totals"].clone();
    assert_eq!(
        (
            &totals["requests"],
            &totals["unknownRequests"],
            &totals["uncountedRequests"]
        ),
        (&json!(1), &json!(1), &json!(1))
    );
    assert_eq!(totals["estimatedCostUsd"], Value::Null);
}

#[tokio::test]
async fn a_spent_budget_stops_the_next_request_and_the_next_key_takes_over() {
    let (provider, origin) = Provider::start().await;
    let companion = Companion::start(&origin, "").await;
    let ann = companion.user("ann");
    let id = companion.add(&ann, "sk-test-0123456789").await;
    budget(
        &companion,
        &ann,
        &id,
        json!({ "budgetUsd": 0.004, "budgetPeriod": "total" }),
    )
    .await;

    for _ in 0..2 {
        assert_eq!(chat(&companion, &ann, &hello("gpt-4o")).await.status, 200);
    }
    let refused = chat(&companion, &ann, &hello("gpt-4o")).await;
    assert_eq!(
        (refused.status.as_u16(), refused.code()),
        (402, Some("budget_exhausted"))
    );
    assert!(
        refused.json()["next"]
            .as_str()
            .unwrap()
            .contains("Raise it")
    );
    assert_eq!(provider.bodies.lock().unwrap().len(), 2, "nothing was sent");
    let shown = entry(&companion, &ann, &id).await;
    assert_eq!(
        (&shown["budgetUsd"], &shown["budgetPeriod"]),
        (&json!(0.004), &json!("total"))
    );
    assert_eq!(
        (&shown["budgetSpentUsd"], &shown["budgetLeftUsd"]),
        (&json!(0.007), &json!(0.0))
    );
    let refused = chat(&companion, &ann, &hello("gpt-4o")).await;
    assert_eq!(
        refused.code(),
        Some("budget_exhausted"),
        "also by what the database says"
    );

    let other = companion.add(&ann, "sk-test-9876543210").await;
    let served = chat(&companion, &ann, &hello("gpt-4o")).await;
    assert_eq!(
        served.header("keyseal-served-by"),
        Some(format!("entry {other}").as_str())
    );
    let named = request(&ann, "POST", CHAT).header("keyseal-entry", &id);
    let named = send(&companion, named, &hello("gpt-4o")).await;
    assert_eq!(named.code(), Some("budget_exhausted"));

    budget(&companion, &ann, &id, json!({ "budgetUsd": 1 })).await;
    let served = chat(&companion, &ann, &hello("gpt-4o")).await;
    assert_eq!(
        served.header("keyseal-served-by"),
        Some(format!("entry {id}").as_str())
    );
    budget(&companion, &ann, &id, json!({ "budgetUsd": null })).await;
    assert_eq!(
        entry(&companion, &ann, &id).await["budgetLeftUsd"],
        Value::Null
    );
}

#[tokio::test]
async fn a_budget_that_was_spent_at_another_replica_holds_within_a_second() {
    let (_, origin) = Provider::start().await;
    let here = Companion::start(&origin, "").await;
    let there = here.replica(&origin).await;
    let ann = here.user("ann");
    let id = here.add(&ann, "sk-test-0123456789").await;
    budget(&here, &ann, &id, json!({ "budgetUsd": 0.0035 })).await;
    // Known there too, with all of its budget.
    assert_eq!(
        there
            .forward(&ann, "GET", "/forward/openai/v1/models")
            .await
            .status,
        200
    );
    assert_eq!(chat(&here, &ann, &hello("gpt-4o")).await.status, 200);
    let mut code = None;
    for _ in 0..20 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let asked = there
            .forward(&ann, "GET", "/forward/openai/v1/models")
            .await;
        code = asked.code().map(str::to_owned);
        if code.is_some() {
            break;
        }
    }
    assert_eq!(code.as_deref(), Some("budget_exhausted"));
}

#[tokio::test]
async fn an_orderly_end_loses_no_count() {
    let (_, origin) = Provider::start().await;
    let companion = Companion::start(&origin, "").await;
    let ann = companion.user("ann");
    companion.add(&ann, "sk-test-0123456789").await;
    assert_eq!(chat(&companion, &ann, &hello("gpt-4o")).await.status, 200);
    let companion = companion.restart(&origin, "").await;
    let answer = companion.api(&ann, "GET", "/api/v1/usage", None).await;
    assert_eq!(answer.json()["totals"]["requests"], 1);
    assert_eq!(answer.json()["totals"]["estimatedCostUsd"], COST);
}

#[tokio::test]
async fn an_end_in_the_middle_of_writing_counts_loses_none() {
    let (_, origin) = Provider::start().await;
    let companion = Companion::start(&origin, "").await;
    let ann = companion.user("ann");
    companion.add(&ann, "sk-test-0123456789").await;
    // Somebody else writes, and the counts have to wait.
    let database = database(&companion).await;
    let mut writer = database.acquire().await.unwrap();
    sqlx::query("BEGIN IMMEDIATE")
        .execute(&mut *writer)
        .await
        .unwrap();
    assert_eq!(chat(&companion, &ann, &hello("gpt-4o")).await.status, 200);
    // Long enough for the next write to have begun, and then for the end to come to it.
    tokio::time::sleep(Duration::from_millis(800)).await;
    let (companion, ()) = tokio::join!(companion.restart(&origin, ""), async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        sqlx::query("ROLLBACK").execute(&mut *writer).await.unwrap();
    });
    let answer = companion.api(&ann, "GET", "/api/v1/usage", None).await;
    assert_eq!(answer.json()["totals"]["requests"], 1);
}

const CANARY: &str = "sk-canary-money-5c1e88f0d7";
const CONTROL: &str = "planted-model-77b1";

/// The key of an entry and of an envelope goes through everything that counts; a strange endpoint
/// even names it as its model.
#[tokio::test]
async fn no_key_is_in_usage_csv_audit_or_the_database_while_the_planted_control_is() {
    let (_, origin) = Provider::start().await;
    let companion = Companion::start(&origin, "").await;
    let ann = companion.user("ann");
    let id = companion.add(&ann, CANARY).await;
    budget(&companion, &ann, &id, json!({ "budgetUsd": 1 })).await;
    chat(&companion, &ann, &hello(CONTROL)).await;
    chat(&companion, &ann, &streamed("gpt-4o")).await;
    let browser = Browser::new(&companion, &ann);
    let sealed = claims(&ann, "POST", CHAT, CANARY);
    let asked = request(&ann, "POST", CHAT)
        .header("keyseal-session", browser.session.jwe())
        .header("keyseal-key", browser.envelope(&sealed));
    send(&companion, asked, &hello("gpt-4o")).await;

    let echo = axum::Router::new().fallback(async |headers: http::HeaderMap| {
        let key = headers["authorization"]
            .to_str()
            .unwrap()
            .replace("Bearer ", "");
        let text = format!("data: {{\"model\":\"{key}\",\"usage\":{{\"prompt_tokens\":1}}}}\n\n");
        ([("content-type", "text/event-stream")], text)
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let strange = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, echo).await.unwrap() });
    let companion = companion.restart(&strange, "").await;
    let echoed = chat(&companion, &ann, &streamed("gpt-4o")).await;
    assert!(
        echoed.text().contains(CANARY),
        "the endpoint named it, or this proves nothing"
    );

    companion.state.write_usage().await.unwrap();
    let mut texts = Vec::new();
    for path in [
        "/api/v1/usage?by=day,provider,model,entry",
        "/api/v1/usage?by=model&format=csv",
        "/api/v1/audit",
        "/api/v1/api-keys",
    ] {
        let answer = companion.api(&ann, "GET", path, None).await;
        assert_eq!(answer.status, 200);
        texts.push((path.to_owned(), answer.text()));
    }
    assert!(texts[0].1.contains("\"envelope\"") && texts[0].1.contains(&id));
    assert!(texts[1].1.contains(CONTROL), "the CSV was searched in vain");
    assert!(
        texts[2].1.contains("usage.export"),
        "the audit was searched in vain"
    );
    let folder = companion.folder.path().join("data");
    let mut planted = false;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
        planted |= text.contains(CONTROL);
        texts.push((path.display().to_string(), text));
    }
    assert!(planted, "the files were searched in vain");
    for (name, text) in texts {
        assert!(!text.contains(CANARY), "in {name}");
    }
}
