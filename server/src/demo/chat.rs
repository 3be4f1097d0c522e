//! Chat completions, plain and streamed, in OpenAI's shape.

use std::convert::Infallible;
use std::time::Duration;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, StreamExt};
use serde::Deserialize;
use serde_json::{Value, json};

use super::key::DemoKey;
use super::{MODELS, Refusal, no_model};

/// Echo no more of a message than this many characters.
const ECHO: usize = 400;

#[derive(Deserialize)]
struct Asked {
    model: String,
    messages: Vec<Message>,
    #[serde(default)]
    stream: bool,
    #[serde(default)]
    stream_options: StreamOptions,
}

#[derive(Deserialize)]
struct Message {
    role: String,
    #[serde(default)]
    content: Value,
}

#[derive(Deserialize, Default)]
struct StreamOptions {
    #[serde(default)]
    include_usage: bool,
}

/// An answer before it is put into one text or many.
struct Reply {
    id: String,
    model: String,
    text: String,
    usage: Value,
}

pub(super) async fn completions(key: DemoKey, body: Bytes) -> Result<Response, Refusal> {
    let asked: Asked = serde_json::from_slice(&body).map_err(|error| {
        let message = format!("The request is not a chat completion: {error}.");
        Refusal::new(StatusCode::BAD_REQUEST, message)
    })?;
    if !MODELS.contains(&asked.model.as_str()) {
        return Err(no_model());
    }
    let reply = Reply::to(&asked, &key);
    Ok(if asked.stream {
        reply.streamed(asked.stream_options.include_usage)
    } else {
        Json(reply.whole()).into_response()
    })
}

impl Reply {
    fn to(asked: &Asked, key: &DemoKey) -> Self {
        let last = asked
            .messages
            .iter()
            .rev()
            .find(|message| message.role == "user");
        let said = last
            .map(|message| text_of(&message.content))
            .unwrap_or_default();
        let echo: String = said.chars().take(ECHO).collect();
        let text = format!(
            "Hello! I am the demo provider of keyseal, and no model at all. You said: \u{201c}{}\u{201d}. Your request reached me with a key that ends in {}: the companion put it in.",
            echo.trim(),
            key.ending
        );
        let prompt: usize = asked
            .messages
            .iter()
            .map(|message| tokens(&text_of(&message.content)))
            .sum();
        let completion = tokens(&text);
        Self {
            id: format!("chatcmpl-demo-{}", uuid::Uuid::new_v4().simple()),
            model: asked.model.clone(),
            usage: json!({
                "prompt_tokens": prompt,
                "completion_tokens": completion,
                "total_tokens": prompt + completion,
                // It costs nothing, and says so.
                "cost": 0,
            }),
            text,
        }
    }

    fn whole(&self) -> Value {
        let message = json!({ "role": "assistant", "content": self.text, "refusal": null });
        json!({
            "id": self.id,
            "object": "chat.completion",
            "created": crate::clock::seconds(),
            "model": self.model,
            "choices": [{ "index": 0, "message": message, "logprobs": null, "finish_reason": "stop" }],
            "usage": self.usage,
        })
    }

    /// Word by word, with a pause before each, as a model would talk.
    fn streamed(self, include_usage: bool) -> Response {
        let pause = Duration::from_millis(if self.model.ends_with("-slow") {
            200
        } else {
            30
        });
        let created = crate::clock::seconds();
        let event = |choices: Value, usage: Value| {
            let mut chunk = json!({
                "id": self.id,
                "object": "chat.completion.chunk",
                "created": created,
                "model": self.model,
                "choices": choices,
            });
            if include_usage {
                chunk["usage"] = usage;
            }
            format!("data: {chunk}\n\n")
        };
        let delta = |delta: Value, finish: Value| {
            let choice =
                json!([{ "index": 0, "delta": delta, "logprobs": null, "finish_reason": finish }]);
            event(choice, Value::Null)
        };
        let mut events = vec![delta(
            json!({ "role": "assistant", "content": "" }),
            Value::Null,
        )];
        for word in self.text.split_inclusive(' ') {
            events.push(delta(json!({ "content": word }), Value::Null));
        }
        events.push(delta(json!({}), json!("stop")));
        if include_usage {
            events.push(event(json!([]), self.usage.clone()));
        }
        events.push("data: [DONE]\n\n".to_owned());

        let talking = stream::iter(events).then(move |event| async move {
            tokio::time::sleep(pause).await;
            Ok::<_, Infallible>(event)
        });
        let headers = [
            (header::CONTENT_TYPE, "text/event-stream"),
            (header::CACHE_CONTROL, "no-cache"),
        ];
        (headers, Body::from_stream(talking)).into_response()
    }
}

/// The text of a message: a string, or the text parts of a list.
fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            let texts = parts
                .iter()
                .filter_map(|part| part.get("text").and_then(Value::as_str));
            texts.collect::<Vec<_>>().join(" ")
        }
        _ => String::new(),
    }
}

/// Words; near enough for a mock.
fn tokens(text: &str) -> usize {
    text.split_whitespace().count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    async fn call(key: &str, body: Value) -> (StatusCode, String, usize) {
        let request = Request::post("/v1/chat/completions")
            .header("authorization", format!("Bearer {key}"))
            .body(Body::from(body.to_string()))
            .expect("a request");
        let response = super::super::router()
            .oneshot(request)
            .await
            .expect("an answer");
        let status = response.status();
        let (mut body, mut text, mut frames) = (response.into_body(), String::new(), 0);
        while let Some(frame) = body.frame().await {
            let data = frame.expect("no error").into_data().expect("data");
            text.push_str(std::str::from_utf8(&data).expect("text"));
            frames += 1;
        }
        (status, text, frames)
    }

    fn hello(extra: &[(&str, Value)]) -> Value {
        let content = json!([{ "type": "text", "text": "good morning" }]);
        let mut body =
            json!({ "model": "demo", "messages": [{ "role": "user", "content": content }] });
        for (name, value) in extra {
            body[name] = value.clone();
        }
        body
    }

    #[tokio::test]
    async fn it_echoes_the_message_and_the_end_of_the_key() {
        let (status, text, _) = call("demo-12345678wxyz", hello(&[])).await;
        let answer: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(status, StatusCode::OK);
        let said = answer["choices"][0]["message"]["content"]
            .as_str()
            .expect("text");
        assert!(
            said.contains("good morning") && said.contains("wxyz"),
            "{said}"
        );
        assert!(
            !text.contains("12345678"),
            "no more of the key than its end"
        );
        assert_eq!(answer["usage"]["prompt_tokens"], 2);
    }

    #[tokio::test]
    async fn a_stream_comes_word_by_word_and_counts_only_if_asked() {
        let (_, text, frames) = call("demo-12345678wxyz", hello(&[("stream", json!(true))])).await;
        assert!(frames > 20, "{frames} frames");
        assert!(text.ends_with("data: [DONE]\n\n"));
        assert!(!text.contains("\"usage\""));
        let options = json!({ "include_usage": true });
        let asked = hello(&[("stream", json!(true)), ("stream_options", options)]);
        let (_, text, _) = call("demo-12345678wxyz", asked).await;
        assert!(text.contains("\"total_tokens\":"));
    }

    #[tokio::test]
    async fn other_keys_get_openais_401_and_limited_ones_its_429() {
        let (status, text, _) = call("sk-something-else-entirely", hello(&[])).await;
        let answer: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(
            (status, &answer["error"]["code"]),
            (StatusCode::UNAUTHORIZED, &json!("invalid_api_key"))
        );
        let (status, text, _) = call("demo-12345678-limited", hello(&[])).await;
        assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
        assert!(text.contains("insufficient_quota"));
    }

    #[tokio::test]
    async fn what_is_no_chat_is_refused_in_openais_shape() {
        let (status, text, _) = call("demo-12345678wxyz", json!({ "model": 7 })).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(text.contains("invalid_request_error"));
        let (status, ..) = call("demo-12345678wxyz", hello(&[("model", json!("gpt-9"))])).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
    }
}
