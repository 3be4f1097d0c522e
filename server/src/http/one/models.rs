//! `GET /v1/models`: what the caller's entries reach, asked of each provider and remembered.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use futures_util::future::join_all;
use http::Request;
use http::header::{self, HeaderValue};
use http_body_util::{BodyExt, Limited};
use keyseal::catalogue::{self, Provider};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::Problem;
use super::super::forward::{Asked, serve};
use super::Refusal;
use super::pick::is_usable;
use crate::AppState;
use crate::auth::Caller;
use crate::clock;
use crate::store::Owner;

/// A list is asked for again after this time.
const FRESH: Duration = Duration::from_secs(300);
/// A list that cannot be had anew counts so long.
const STALE: Duration = Duration::from_secs(3600);
/// Nobody waits longer for one provider.
const PATIENCE: Duration = Duration::from_secs(8);
/// Longer lists, by bytes and by models, are not read.
const MOST_BYTES: usize = 8 * 1024 * 1024;
const MOST_MODELS: usize = 2_000;
/// Above this many remembered lists the old ones are dropped, and then all.
const MANY: usize = 1_000;

/// The lists of models that were asked for lately, by user and provider.
#[derive(Default)]
pub struct Lists(Mutex<HashMap<(Owner, &'static str), Known>>);

#[derive(Clone)]
struct Known {
    at: Instant,
    ids: Arc<[String]>,
}

impl Lists {
    fn of(&self, owner: &Owner, provider: &'static str) -> Option<Known> {
        let lists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = lists.get(&(owner.clone(), provider))?;
        (known.at.elapsed() < STALE).then(|| known.clone())
    }

    fn keep(&self, owner: &Owner, provider: &'static str, ids: &Arc<[String]>) {
        let known = Known {
            at: Instant::now(),
            ids: Arc::clone(ids),
        };
        let mut lists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lists.len() >= MANY {
            lists.retain(|_, known| known.at.elapsed() < FRESH);
        }
        if lists.len() >= MANY {
            lists.clear();
        }
        lists.insert((owner.clone(), provider), known);
    }
}

/// Answers in OpenAI's shape, ids as `provider/model`. A provider that does not answer is left out
/// and named in `keyseal.unreachable`.
pub async fn list(
    State(state): State<AppState>,
    caller: Result<Caller, Problem>,
) -> Result<Json<Value>, Refusal> {
    let caller = caller?;
    let now = clock::micros();
    let entries = state.store.list(&caller.owner).await?;
    let usable = entries.iter().filter(|entry| is_usable(entry, now));
    let providers: BTreeMap<_, _> = usable
        .filter_map(|entry| catalogue::find(&entry.provider))
        .filter(|provider| provider.wire.chat_path.is_some())
        .map(|provider| (provider.id, provider))
        .collect();
    let asked = providers
        .values()
        .map(|provider| models(&state, &caller, provider));
    let answers = join_all(asked).await;

    let mut data = Vec::new();
    let mut unreachable = Vec::new();
    for (provider, ids) in providers.values().zip(answers) {
        let Some(ids) = ids else {
            unreachable.push(provider.id);
            continue;
        };
        data.extend(ids.iter().map(|id| {
            json!({
                "id": format!("{}/{id}", provider.id),
                "object": "model",
                "created": 0,
                "owned_by": provider.id,
            })
        }));
    }
    Ok(Json(json!({
        "object": "list",
        "data": data,
        "keyseal": { "unreachable": unreachable },
    })))
}

async fn models(
    state: &AppState,
    caller: &Caller,
    provider: &'static Provider,
) -> Option<Arc<[String]>> {
    let known = state.lists.of(&caller.owner, provider.id);
    if let Some(known) = known.as_ref().filter(|known| known.at.elapsed() < FRESH) {
        return Some(Arc::clone(&known.ids));
    }
    let ids = match provider.wire.models_path() {
        Some(path) => {
            let asked = ask(state, caller, provider, &path);
            tokio::time::timeout(PATIENCE, asked).await.ok().flatten()
        }
        // It has no list: what is known of it is one model.
        None => provider
            .wire
            .default_model
            .map(|model| vec![model.to_owned()]),
    };
    let Some(ids) = ids else {
        return known.map(|known| known.ids);
    };
    let ids = Arc::from(ids);
    state.lists.keep(&caller.owner, provider.id, &ids);
    Some(ids)
}

/// Asks under the caller's own keys, as any request: with none of the caller's headers, which are
/// for another call.
async fn ask(
    state: &AppState,
    caller: &Caller,
    provider: &'static Provider,
    path: &str,
) -> Option<Vec<String>> {
    let asked = Asked {
        provider: provider.id,
        path_and_query: path,
        original: "/v1/models",
    };
    let mut head = Request::get("/v1/models").body(()).ok()?.into_parts().0;
    head.headers
        .insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    head.headers
        .insert("keyseal-fallback", HeaderValue::from_static("keys"));
    let answer = serve(state, caller, asked, head, Body::empty())
        .await
        .ok()?;
    if !answer.status().is_success() {
        return None;
    }
    read(answer).await
}

async fn read(answer: Response) -> Option<Vec<String>> {
    let whole = Limited::new(answer.into_body(), MOST_BYTES)
        .collect()
        .await
        .ok()?;
    ids(&whole.to_bytes())
}

/// OpenAI's shape, or the bare list that some answer.
#[derive(Deserialize)]
#[serde(untagged)]
enum Answer {
    Wrapped { data: Vec<Model> },
    Bare(Vec<Model>),
}

#[derive(Deserialize)]
struct Model {
    id: String,
}

fn ids(text: &[u8]) -> Option<Vec<String>> {
    let models = match serde_json::from_slice(text).ok()? {
        Answer::Wrapped { data } => data,
        Answer::Bare(data) => data,
    };
    let ids = models.into_iter().take(MOST_MODELS).map(|model| {
        // Gemini's list has `models/gemini-…`, its chat route takes either.
        let id = model.id.strip_prefix("models/").map(str::to_owned);
        id.unwrap_or(model.id)
    });
    Some(ids.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_of_all_families_are_read() {
        for text in [
            r#"{"object":"list","data":[{"id":"a","object":"model"},{"id":"b"}]}"#,
            r#"[{"id":"a","type":"chat"},{"id":"b"}]"#,
            r#"{"data":[{"type":"model","id":"a"},{"id":"models/b"}],"has_more":false}"#,
        ] {
            let expected = ["a", "b"].map(str::to_owned).to_vec();
            assert_eq!(ids(text.as_bytes()), Some(expected), "{text}");
        }
        for text in ["", "{}", "<html>", r#"{"data":{}}"#, r#"{"data":[{}]}"#] {
            assert_eq!(ids(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn a_list_is_one_users() {
        let lists = Lists::default();
        let [ann, bob] = ["ann", "bob"].map(|sub| Owner::new(crate::store::Realm::Jwt, sub));
        lists.keep(&ann, "openai", &Arc::from(vec!["a".to_owned()]));
        assert!(lists.of(&ann, "openai").is_some());
        assert!(lists.of(&bob, "openai").is_none());
        assert!(lists.of(&ann, "groq").is_none());
    }
}
