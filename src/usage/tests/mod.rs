//! What is expected stands in the providers' public documentation; each test names the page. None
//! was recorded from a live call.

mod ask;
mod bad_input;
mod compatible;
mod hide;
mod money;
mod native;
mod routes;
mod split;

use super::{Reader, Route, Usage};

const JSON: &str = "application/json";
const SSE: &str = "text/event-stream; charset=utf-8";

/// Reads a whole answer to a POST.
fn read(provider: &str, path: &str, content_type: &str, body: &str) -> Usage {
    read_to(provider, path, content_type, body, true)
}

fn read_to(provider: &str, path: &str, content_type: &str, body: &str, whole: bool) -> Usage {
    let route = Route::of(provider, "POST", path);
    let mut reader = Reader::new(route, Some(content_type), None);
    reader.push(body.as_bytes());
    reader.finish(whole)
}

fn chat(provider: &str, content_type: &str, body: &str) -> Usage {
    read(provider, "/v1/chat/completions", content_type, body)
}

fn model(name: &str) -> Option<String> {
    Some(name.to_owned())
}
