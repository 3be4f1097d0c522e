//! `/v1/*`: one OpenAI-compatible endpoint for all providers that have such routes of their own.
//! Nothing is translated: the model's name says whose route it is, and the body goes there.

mod body;
mod models;
mod pick;

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use http::header::{self, HeaderName, HeaderValue};
use http::request::Parts;

use self::body::Asking;
pub use self::models::Lists;
use self::pick::Pick;
use super::forward::{Asked, serve};
use super::{Code, Problem, refused};
use crate::AppState;
use crate::auth::Caller;

/// Says which provider and model served, which `auto` leaves open.
const MODEL: HeaderName = HeaderName::from_static("keyseal-model");

/// The routes.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/v1/chat/completions", post(chat))
        .route("/v1/embeddings", post(embeddings))
        .route("/v1/models", get(models::list))
        .route("/v1/{*path}", any(nothing_else))
}

/// A refusal in OpenAI's shape, which is what callers of these routes read.
pub struct Refusal(Problem);

impl<P: Into<Problem>> From<P> for Refusal {
    fn from(problem: P) -> Self {
        Self(problem.into())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        self.0.into_openai()
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Chat,
    Embeddings,
}

async fn chat(
    State(state): State<AppState>,
    caller: Result<Caller, Problem>,
    request: Request,
) -> Result<Response, Refusal> {
    one(&state, &caller?, Kind::Chat, request).await
}

async fn embeddings(
    State(state): State<AppState>,
    caller: Result<Caller, Problem>,
    request: Request,
) -> Result<Response, Refusal> {
    one(&state, &caller?, Kind::Embeddings, request).await
}

async fn one(
    state: &AppState,
    caller: &Caller,
    kind: Kind,
    request: Request,
) -> Result<Response, Refusal> {
    let (head, body) = request.into_parts();
    let original = head.uri.path().to_owned();
    let limits = &state.config.limits;
    let pause = Duration::from_secs(limits.body_pause_seconds);
    let asking = Asking::read(body, limits.forward_body_bytes, pause).await?;
    let pick = Pick::of(state, caller, &head.headers, asking.model()).await?;
    let path = path(&pick, kind)?;
    let asked = Asked {
        provider: &pick.route,
        path_and_query: path,
        original: &original,
    };
    let whole = asking.under(&pick.model)?;
    let answer = serve(
        state,
        caller,
        asked,
        without_length(head),
        Body::from(whole),
    )
    .await;
    if let Err(problem) = &answer {
        refused::note(state, &caller.owner, problem).await;
    }
    let answer = answer?;
    let (mut head, body) = answer.into_parts();
    if let Ok(value) = HeaderValue::try_from(pick.name()) {
        head.headers.insert(MODEL, value);
    }
    Ok(Response::from_parts(head, body))
}

fn path(pick: &Pick, kind: Kind) -> Result<&'static str, Problem> {
    let wire = &pick.provider.wire;
    let path = match kind {
        Kind::Chat => wire.chat_path,
        Kind::Embeddings => wire.embeddings_path(pick.provider.base_path),
    };
    path.ok_or_else(|| {
        Problem::new(
            Code::PathRefused,
            format!(
                "{} has no OpenAI-compatible route for this that is known.",
                pick.provider.name
            ),
        )
        .next("Call the provider's own API below /forward.")
    })
}

/// The body is another one than what came in.
fn without_length(mut head: Parts) -> Parts {
    head.headers.remove(header::CONTENT_LENGTH);
    head
}

async fn nothing_else() -> Refusal {
    Problem::new(
        Code::PathRefused,
        "Here are chat/completions, embeddings and models.",
    )
    .next("Call other routes of a provider below /forward.")
    .into()
}
