//! `/openapi.json`: no call without its description, no description without its call. What the calls
//! answer is held against it wherever a test calls: `support/described.rs`.

use std::collections::BTreeSet;

use axum::body::Body;
use http::Request;
use keyseal_server::http::service;
use serde_json::Value;

use crate::support::{
    Companion, Setup,
    described::{paths, resolved},
};

/// What the router has and the API has not: answered with refusals alone, or files.
const NO_CALLS: [&str; 6] = [
    "/",
    "/api/v1",
    "/v1/{*path}",
    "/frame",
    "/frame/",
    "/frame/{*path}",
];

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// The paths in the router's own table, as its debug form shows it.
fn routed(companion: &Companion) -> BTreeSet<String> {
    let shown = format!("{:?}", service(companion.state.clone()));
    let paths = shown.split('"').filter(|text| text.starts_with('/'));
    let paths = paths.filter(|path| !path.ends_with("{*__private__axum_fallback}"));
    paths.map(str::to_owned).collect()
}

/// A path with the examples of its parameters.
fn example(path: &str) -> String {
    let mut filled = path.to_owned();
    for parameter in parameters(&paths()[path]) {
        let name = format!("{{{}}}", parameter["name"].as_str().unwrap());
        let value = parameter["example"].as_str().unwrap_or("missing");
        filled = filled.replace(&name, value);
    }
    filled
}

fn parameters(of: &'static Value) -> impl Iterator<Item = &'static Value> {
    of["parameters"]
        .as_array()
        .into_iter()
        .flatten()
        .map(resolved)
}

/// Every call: method, path with examples, what is said of it.
fn calls() -> impl Iterator<Item = (String, String, &'static Value)> {
    paths().iter().flat_map(|(path, item)| {
        let described = METHODS
            .into_iter()
            .filter_map(|method| Some((method, item.get(method)?)));
        described.map(|(method, operation)| (method.to_uppercase(), example(path), operation))
    })
}

#[tokio::test]
async fn every_call_is_described_and_every_description_is_of_a_call() {
    let companion = Companion::start(&Setup::default()).await;
    let routed = routed(&companion);
    let described: BTreeSet<String> = paths()
        .keys()
        .map(|path| path.replace("{path}", "{*path}"))
        .collect();
    assert!(described.len() > 20);
    let other = routed.symmetric_difference(&described);
    let other: Vec<_> = other
        .filter(|path| !NO_CALLS.contains(&path.as_str()))
        .collect();
    assert!(
        other.is_empty(),
        "only in the router or only in the description: {other:?}"
    );

    for (path, item) in paths() {
        let request = Request::builder().method("TRACE").uri(example(path));
        let answer = companion.call(request.body(Body::empty()).unwrap()).await;
        let allowed = answer
            .expect(405)
            .header("allow")
            .unwrap_or_default()
            .to_lowercase();
        let mut allowed: BTreeSet<_> = allowed.split(',').map(str::to_owned).collect();
        // Wherever there is GET.
        allowed.remove("head");
        let named = METHODS.iter().filter(|method| item.get(**method).is_some());
        let named: BTreeSet<_> = named.map(|method| (*method).to_owned()).collect();
        assert_eq!(allowed, named, "{path}");
    }
}

#[tokio::test]
async fn what_is_described_as_public_is_and_nothing_else() {
    let companion = Companion::start(&Setup::default()).await;
    for (method, path, operation) in calls() {
        let request = Request::builder().method(method.as_str()).uri(&path);
        let answer = companion.call(request.body(Body::empty()).unwrap()).await;
        let open = operation["security"].as_array().is_some_and(|ways| {
            ways.is_empty() || ways.iter().any(|way| way.as_object().unwrap().is_empty())
        });
        let refused = (answer.status.as_u16(), answer.code()) == (401, "unauthorized");
        assert_eq!(refused, !open, "{method} {path}: {}", answer.text());
    }
}

#[tokio::test]
async fn the_examples_of_a_query_are_taken() {
    let companion = Companion::start(&Setup::default()).await;
    let ann = companion.user("ann");
    for call in ["/usage", "/audit"] {
        let described = parameters(&paths()[&format!("/api/v1{call}")]["get"]);
        let pairs = described.map(|parameter| {
            let value = match &parameter["example"] {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            format!("{}={value}", parameter["name"].as_str().unwrap())
        });
        let pairs: Vec<_> = pairs.collect();
        assert_eq!(pairs.len(), 6, "{call}");
        ann.get(&format!("{call}?{}", pairs.join("&")))
            .await
            .expect(200);
    }
}

#[tokio::test]
async fn it_is_for_everybody_and_sent_once() {
    let companion = Companion::start(&Setup::default()).await;
    let answer = companion.get("/openapi.json").await.expect(200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    let document = answer.json();
    assert_eq!(document["openapi"], "3.1.1");
    assert_eq!(
        document["servers"][0]["url"],
        companion.state.config.public_url()
    );
    assert_eq!(
        document["paths"],
        *crate::support::described::DOCUMENT.get("paths").unwrap()
    );

    let request = Request::get("/openapi.json")
        .header("if-none-match", answer.header("etag").unwrap())
        .body(Body::empty());
    let again = companion.call(request.unwrap()).await.expect(304);
    assert!(again.body.is_empty());
}
