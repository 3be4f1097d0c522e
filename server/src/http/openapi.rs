//! `/openapi.json`: what the companion answers, call by call, for people and for generators of
//! clients.
//!
//! The calls are written by hand in `openapi/*.json`, each file with the paths and the schemas of one
//! concern. What the code knows better is put in here: the codes of refusals with their statuses, the
//! version, the address. The tests walk the router both ways and hold the answers against it.

use std::sync::{Arc, LazyLock};

use axum::{
    Router,
    response::{IntoResponse, Response},
    routing::get,
};
use base64ct::{Base64UrlUnpadded, Encoding};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use keyseal::envelope::sha256;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Code;
use crate::{AppState, config::Config};

const ABOUT: &str = include_str!("openapi/about.json");
const PARTS: [&str; 5] = [
    include_str!("openapi/trust.json"),
    include_str!("openapi/account.json"),
    include_str!("openapi/entries.json"),
    include_str!("openapi/reports.json"),
    include_str!("openapi/use.json"),
];

/// The route.
pub fn routes(config: &Config) -> Router<AppState> {
    let address = config.public_url();
    // Few are ever asked, and to put it together takes some megabytes, which a process keeps.
    let served = Arc::new(LazyLock::new(move || Served::new(&document(&address))));
    let answer = async move |headers: HeaderMap| served.answer(&headers);
    Router::new().route("/openapi.json", get(answer))
}

/// The document as it is sent.
struct Served {
    text: Bytes,
    etag: HeaderValue,
}

impl Served {
    fn new(document: &Value) -> Self {
        let text = document.to_string();
        let digest = Base64UrlUnpadded::encode_string(&sha256(text.as_bytes()));
        let etag = HeaderValue::try_from(format!("\"{digest}\""));
        Self {
            text: text.into(),
            etag: etag.unwrap_or(HeaderValue::from_static("\"\"")),
        }
    }

    fn answer(&self, asked: &HeaderMap) -> Response {
        let cached = [
            (
                header::CACHE_CONTROL,
                HeaderValue::from_static("public, max-age=300"),
            ),
            (header::ETAG, self.etag.clone()),
        ];
        if asked.get(header::IF_NONE_MATCH) == Some(&self.etag) {
            return (StatusCode::NOT_MODIFIED, cached).into_response();
        }
        let form = [(header::CONTENT_TYPE, "application/json")];
        (cached, form, self.text.clone()).into_response()
    }
}

/// What a file holds.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    paths: Map<String, Value>,
    schemas: Map<String, Value>,
    #[serde(default)]
    responses: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct About {
    document: Value,
    /// Codes that stand together, by a name.
    refusals: Map<String, Value>,
}

/// The whole document, for the companion at this address.
pub fn document(public_url: &str) -> Value {
    let About {
        mut document,
        refusals,
    } = read(ABOUT);
    document["info"]["version"] = env!("CARGO_PKG_VERSION").into();
    document["servers"] = json!([{ "url": public_url }]);
    let mut paths = Map::new();
    for part in PARTS.map(read::<Part>) {
        paths.extend(part.paths);
        for (room, content) in [("schemas", part.schemas), ("responses", part.responses)] {
            if let Value::Object(known) = &mut document["components"][room] {
                known.extend(content);
            }
        }
    }
    document["components"]["schemas"]["Code"] = codes();
    let mut shared = document["components"]["responses"].take();
    shared
        .as_object_mut()
        .into_iter()
        .flat_map(Map::values_mut)
        .for_each(tell_id);
    paths
        .values_mut()
        .filter_map(Value::as_object_mut)
        .flat_map(Map::values_mut)
        .filter_map(Value::as_object_mut)
        .for_each(|operation| expand(operation, &refusals, &shared));
    document["components"]["responses"] = shared;
    document["paths"] = Value::Object(paths);
    document
}

/// They are compiled in: nothing starts where one cannot be read, and so no test passes.
fn read<T: for<'de> Deserialize<'de>>(text: &str) -> T {
    serde_json::from_str(text).expect("a part of the description")
}

fn codes() -> Value {
    let described = Code::ALL.iter().map(|code| {
        let (name, status) = (code.as_str(), code.status().as_u16());
        format!("- `{name}` ({status}): {}", code.title())
    });
    let described: Vec<_> = described.collect();
    json!({
        "type": "string",
        "description": described.join("\n"),
        "enum": Code::ALL.iter().map(|code| code.as_str()).collect::<Vec<_>>(),
    })
}

/// In the place of an operation's lists of codes: an answer for each status that they have.
fn expand(operation: &mut Map<String, Value>, sets: &Map<String, Value>, shared: &Value) {
    let lists = [("refusals", PROBLEM), ("refusalsAsOpenAi", OPENAI)]
        .map(|(member, shape)| (operation.remove(member).unwrap_or_default(), shape));
    let Some(Value::Object(responses)) = operation.get_mut("responses") else {
        return;
    };
    let passed = responses.get("default").map(|own| {
        let name = own["$ref"].as_str().and_then(|to| to.rsplit('/').next());
        let whole = name.map_or(own, |name| &shared[name]);
        whole["headers"].clone()
    });
    for (named, shape) in lists {
        for code in flat(&named, sets) {
            let status = code.status().as_str().to_owned();
            let response = responses.entry(status);
            let response = response.or_insert_with(|| refusal(passed.as_ref()));
            say(response, code, shape);
        }
    }
    responses.values_mut().for_each(tell_id);
}

/// Every answer has it.
fn tell_id(response: &mut Value) {
    if response.get("$ref").is_none() {
        response["headers"]["Keyseal-Request-Id"] = reference("headers/RequestId");
    }
}

/// The codes that are named, those of a set for its name.
fn flat(named: &Value, sets: &Map<String, Value>) -> Vec<Code> {
    let names = named
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str);
    let mut codes = Vec::new();
    for name in names {
        match sets.get(name) {
            Some(set) => codes.extend(flat(set, sets)),
            None => codes.extend(Code::ALL.iter().find(|code| code.as_str() == name)),
        }
    }
    codes
}

type Shape = (&'static str, &'static str);
const PROBLEM: Shape = ("application/problem+json", "schemas/Problem");
const OPENAI: Shape = ("application/json", "schemas/OpenAiError");

/// A refusal of no code yet. Where the provider's answers pass, it may have answered so itself, with
/// these headers of ours beside.
fn refusal(passed: Option<&Value>) -> Value {
    let mut headers = json!({
        "Keyseal-Error": reference("headers/Error"),
        "Retry-After": reference("headers/RetryAfter"),
        "X-Should-Retry": reference("headers/ShouldRetry"),
    });
    let Some(passed) = passed else {
        return json!({ "description": "", "headers": headers, "content": {} });
    };
    if let (Value::Object(all), Value::Object(passed)) = (&mut headers, passed) {
        all.extend(passed.clone());
    }
    let description = "The provider's own answer where it has no `Keyseal-Error`; else:";
    json!({ "description": description, "headers": headers, "content": { "*/*": {} } })
}

fn say(response: &mut Value, code: Code, (media, schema): Shape) {
    let line = format!("`{}`: {}", code.as_str(), code.title());
    let said = response["description"].as_str().unwrap_or_default();
    if !said.contains(&line) {
        response["description"] = format!("{said}\n\n{line}").trim().into();
    }
    if matches!(code, Code::RateLimited | Code::BudgetExhausted) {
        response["headers"]["RateLimit"] = reference("headers/RateLimit");
        response["headers"]["RateLimit-Policy"] = reference("headers/RateLimitPolicy");
    }
    let content = &mut response["content"][media];
    let codes = match schema {
        "schemas/Problem" => "/schema/properties/code/enum",
        _ => "/schema/properties/error/properties/code/enum",
    };
    if content.is_null() {
        let listed = json!({ "code": { "enum": [] } });
        let properties = match schema {
            "schemas/Problem" => listed,
            _ => json!({ "error": { "properties": listed } }),
        };
        *content = json!({ "schema": { "allOf": [reference(schema)], "properties": properties } });
    }
    if let Some(Value::Array(listed)) = content.pointer_mut(codes) {
        let name = Value::from(code.as_str());
        if !listed.contains(&name) {
            listed.push(name);
        }
    }
}

fn reference(to: &str) -> Value {
    json!({ "$ref": format!("#/components/{to}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every name in the lists of refusals, as written.
    fn named() -> Vec<String> {
        let about: About = read(ABOUT);
        let mut names: Vec<Value> = about.refusals.values().cloned().collect();
        for part in PARTS.map(read::<Part>) {
            let operations = part.paths.values().filter_map(Value::as_object);
            let operations = operations
                .flat_map(Map::values)
                .filter_map(Value::as_object);
            for operation in operations {
                let lists = ["refusals", "refusalsAsOpenAi"].map(|list| operation.get(list));
                names.extend(lists.into_iter().flatten().cloned());
            }
        }
        let lists = names.iter().filter_map(Value::as_array).flatten();
        lists
            .map(|name| name.as_str().expect("a name").to_owned())
            .collect()
    }

    #[test]
    fn every_code_is_described_at_some_call_and_no_other() {
        let about: About = read(ABOUT);
        let named = named();
        for name in &named {
            let known = Code::ALL.iter().any(|code| code.as_str() == name);
            assert!(known || about.refusals.contains_key(name), "{name}");
        }
        // It ends an open WebSocket, and is only written down.
        for code in Code::ALL.iter().filter(|code| **code != Code::RelayRefused) {
            assert!(named.iter().any(|name| name == code.as_str()), "{code:?}");
        }
    }

    #[test]
    fn a_refusal_stands_at_its_status_with_its_code() {
        let document = document("https://keys.example.com/below");
        assert_eq!(
            document["servers"][0]["url"],
            "https://keys.example.com/below"
        );
        let add = &document["paths"]["/api/v1/api-keys"]["post"];
        let conflict = &add["responses"]["409"]["content"]["application/problem+json"]["schema"];
        assert_eq!(
            conflict["properties"]["code"]["enum"],
            json!(["id_conflict", "revoked_id"])
        );
        let chat =
            &document["paths"]["/v1/chat/completions"]["post"]["responses"]["503"]["content"];
        for media in ["application/json", "application/problem+json", "*/*"] {
            assert!(chat.get(media).is_some(), "{media}: {chat}");
        }
        let text = document.to_string();
        assert!(
            !text.contains("\"refusals"),
            "nothing of our own lists is sent"
        );
    }
}
