//! Bodies of API calls. What is refused is said by name and place, never by value.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
};
use http::header::CONTENT_TYPE;
use serde::de::DeserializeOwned;

use super::Problem;

/// A JSON body with exactly the members the call knows.
pub struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let content_type = request
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok());
        let essence = content_type
            .unwrap_or_default()
            .split(';')
            .next()
            .unwrap_or_default();
        if !essence.trim().eq_ignore_ascii_case("application/json") {
            return Err(Problem::validation("The body must be JSON.")
                .next("Send `Content-Type: application/json`."));
        }
        // Collected before, by the layer that refuses plain keys.
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|_| Problem::validation("The body could not be read."))?;
        // serde would also take the members' values as an array, in their order.
        if bytes.trim_ascii_start().first() != Some(&b'{') {
            return Err(Problem::validation("The body must be a JSON object."));
        }
        serde_json::from_slice(&bytes)
            .map(Self)
            .map_err(|error| describe(&error))
    }
}

/// serde's own text may quote the value; only its sentences about names are passed on.
fn describe(error: &serde_json::Error) -> Problem {
    let text = error.to_string();
    let about_names = ["missing field", "unknown field", "duplicate field"];
    if about_names.iter().any(|start| text.starts_with(start)) {
        return Problem::validation(format!("The body has a wrong member: {text}."));
    }
    let what = if error.is_data() {
        "is not what this call takes"
    } else {
        "is not JSON"
    };
    Problem::validation(format!(
        "The body {what} (line {}, column {}).",
        error.line(),
        error.column()
    ))
}
