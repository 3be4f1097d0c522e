//! A parameter in the path of an API call.

use axum::extract::{FromRequestParts, Path};
use http::request::Parts;

use super::{Code, Problem};

/// What stands in its place. What is no text names nothing.
pub struct Segment(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Segment {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let read = Path::<String>::from_request_parts(parts, state).await;
        read.map(|Path(text)| Self(text))
            .map_err(|_| Problem::new(Code::NotFound, "The path names nothing: it is no text."))
    }
}
