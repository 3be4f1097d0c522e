//! Holds every answer that a test gets against what `/openapi.json` says of the call: its status, its
//! code, its form, and the headers of our own.

use std::{collections::HashSet, sync::LazyLock};

use http::{HeaderMap, Method, StatusCode};
use keyseal_server::http::openapi;
use serde_json::{Map, Value};

pub static DOCUMENT: LazyLock<Value> = LazyLock::new(|| openapi::document("http://any.test"));

pub fn paths() -> &'static Map<String, Value> {
    DOCUMENT["paths"].as_object().unwrap()
}

/// Where a reference leads.
pub fn resolved(value: &'static Value) -> &'static Value {
    match value["$ref"].as_str() {
        Some(to) => DOCUMENT.pointer(to.trim_start_matches('#')).expect(to),
        None => value,
    }
}

/// The described path that a request's path is of; one without a parameter first.
fn template(path: &str) -> Option<&'static str> {
    let fits = |template: &str| {
        let mut asked = path.split('/');
        for part in template.split('/') {
            if part == "{path}" {
                return asked.next().is_some();
            }
            match asked.next() {
                Some(given) if part == given || (part.starts_with('{') && !given.is_empty()) => {}
                _ => return false,
            }
        }
        asked.next().is_none()
    };
    let fitting = paths().keys().filter(|template| fits(template));
    fitting
        .map(String::as_str)
        .min_by_key(|template| template.matches('{').count())
}

/// What is described nowhere is asked for on purpose, and is no call: the walk over the router sees
/// to it that there is none.
#[track_caller]
pub fn check(method: &Method, path: &str, status: StatusCode, headers: &HeaderMap) {
    let asked = match *method {
        Method::HEAD => "get".to_owned(),
        _ => method.as_str().to_lowercase(),
    };
    let Some(operation) = template(path).and_then(|template| paths()[template].get(&asked)) else {
        return;
    };
    let text = |name| {
        headers
            .get(name)
            .map(|value: &http::HeaderValue| value.to_str().unwrap())
    };
    let code = text("keyseal-error");
    let said = format!("{method} {path} answers {status} {code:?}");
    // Of any call, as the description's first words say.
    if [StatusCode::REQUEST_TIMEOUT, StatusCode::METHOD_NOT_ALLOWED].contains(&status) {
        return;
    }
    let responses = &operation["responses"];
    let response = [status.as_str(), "default"]
        .into_iter()
        .find_map(|key| responses.get(key));
    let response = resolved(response.unwrap_or_else(|| panic!("{said}, which is not described")));
    let known = response["headers"].as_object().into_iter();
    let known: HashSet<_> = known
        .flat_map(Map::keys)
        .map(|name| name.to_lowercase())
        .collect();
    for name in headers.keys().map(http::HeaderName::as_str) {
        let ours = name.starts_with("keyseal-") || name.starts_with("ratelimit");
        assert!(!ours || known.contains(name), "{said} with {name}");
    }
    let form = text("content-type").and_then(|whole| whole.split(';').next());
    let Some(form) = form else { return };
    let content = &response["content"];
    let Some(code) = code else {
        assert!(
            content.get(form).or(content.get("*/*")).is_some(),
            "{said} as {form}"
        );
        return;
    };
    let properties = &content[form]["schema"]["properties"];
    let codes = properties
        .get("code")
        .unwrap_or(&properties["error"]["properties"]["code"]);
    let codes = codes["enum"]
        .as_array()
        .unwrap_or_else(|| panic!("{said} as {form}"));
    assert!(
        codes.iter().any(|known| known == code),
        "{said}, and described are {codes:?}"
    );
}
