//! The built-in provider of `serve --demo`: an OpenAI-compatible mock, so that the whole path can
//! be tried with no account. It listens on a loopback port of its own and costs nothing.

mod chat;
mod key;

use std::net::{Ipv4Addr, SocketAddr};

use axum::extract::{DefaultBodyLimit, Path};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use key::DemoKey;

/// The models on offer; they differ in how fast they talk.
const MODELS: [&str; 2] = ["demo", "demo-slow"];

/// Starts it on a free port; it ends with the runtime.
pub async fn start() -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router()).await {
            tracing::error!(%error, "the demo provider ended");
        }
    });
    Ok(address)
}

/// Its routes.
pub fn router() -> Router {
    Router::new()
        .route("/v1/models", get(models))
        .route("/v1/models/{id}", get(model))
        .route("/v1/chat/completions", post(chat::completions))
        .layer(DefaultBodyLimit::max(8 * 1024 * 1024))
        .fallback(|| async { Refusal::new(StatusCode::NOT_FOUND, "Unknown request URL.") })
}

async fn models(_key: DemoKey) -> Json<Value> {
    let data: Vec<Value> = MODELS.iter().map(|id| describe(id)).collect();
    Json(json!({ "object": "list", "data": data }))
}

async fn model(_key: DemoKey, Path(id): Path<String>) -> Result<Json<Value>, Refusal> {
    let model = MODELS.iter().find(|model| **model == id);
    model.map(|id| Json(describe(id))).ok_or_else(no_model)
}

fn describe(id: &str) -> Value {
    json!({ "id": id, "object": "model", "created": 1_790_000_000, "owned_by": "keyseal" })
}

fn no_model() -> Refusal {
    let message = format!(
        "The model does not exist. There are: {}.",
        MODELS.join(", ")
    );
    Refusal::new(StatusCode::NOT_FOUND, message).code("model_not_found")
}

/// An error, answered in OpenAI's shape.
#[derive(Debug)]
struct Refusal {
    status: StatusCode,
    message: String,
    kind: &'static str,
    code: Option<&'static str>,
}

impl Refusal {
    fn new(status: StatusCode, message: impl Into<String>) -> Self {
        let kind = "invalid_request_error";
        Self {
            status,
            message: message.into(),
            kind,
            code: None,
        }
    }

    fn code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let error = json!({
            "message": self.message, "type": self.kind, "param": null, "code": self.code,
        });
        let mut response = (self.status, Json(json!({ "error": error }))).into_response();
        if self.status == StatusCode::TOO_MANY_REQUESTS {
            response.headers_mut().insert(header::RETRY_AFTER, 2.into());
        }
        response
    }
}
