//! Keys of the demo provider.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};

use super::Refusal;

/// `demo-` and at least 8 characters of `A-Z a-z 0-9 _ -`. Of an accepted one only the end is kept.
pub(super) struct DemoKey {
    /// The last four characters.
    pub ending: String,
}

/// As OpenAI answers: 401 for other keys. Keys that end in `-limited` are out of quota, so that
/// this can be seen too.
impl<S: Sync> FromRequestParts<S> for DemoKey {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let value = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        let Some(key) = value.and_then(|value| value.strip_prefix("Bearer ")) else {
            return Err(Refusal::new(
                StatusCode::UNAUTHORIZED,
                "You didn't provide an API key.",
            ));
        };
        let ending = ending(key);
        if !is_demo_key(key) {
            let message = format!(
                "Incorrect API key provided: ****{ending}. Keys of the demo provider look like demo-12345678."
            );
            return Err(Refusal::new(StatusCode::UNAUTHORIZED, message).code("invalid_api_key"));
        }
        if key.ends_with("-limited") {
            return Err(Refusal {
                kind: "insufficient_quota",
                ..Refusal::new(
                    StatusCode::TOO_MANY_REQUESTS,
                    "You exceeded your current quota.",
                )
            }
            .code("insufficient_quota"));
        }
        Ok(Self { ending })
    }
}

fn is_demo_key(key: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    key.strip_prefix("demo-")
        .is_some_and(|rest| rest.len() >= 8 && rest.bytes().all(known))
}

fn ending(key: &str) -> String {
    let count = key.chars().count();
    key.chars().skip(count.saturating_sub(4)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_demo_keys_are_demo_keys() {
        for key in ["demo-12345678", "demo-abc_DEF-123", "demo-12345678-limited"] {
            assert!(is_demo_key(key), "{key}");
        }
        for key in [
            "demo-1234567",
            "sk-12345678901234567890",
            "demo-",
            "demo-1234 5678",
            "xdemo-12345678",
        ] {
            assert!(!is_demo_key(key), "{key}");
        }
    }
}
