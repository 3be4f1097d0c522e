//! The catalogue's test call, made.

use std::time::Duration;

use axum::body::Body;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, Response};
use http_body_util::{BodyExt, Limited};
use keyseal::catalogue::{Provider, TestCall};
use keyseal::envelope::Secret;

use super::verdict::{Seen, Verdict};
use crate::outgoing::{Outbound, SendError, Target};

/// Nobody waits longer for a test.
const PATIENCE: Duration = Duration::from_secs(20);

/// More of an answer is not looked at.
const LOOK: usize = 64 * 1024;

/// Calls the provider with the key; an answer that says nothing about the key is a verdict too.
pub async fn test(provider: &Provider, target: Option<Target<'_>>, key: &Secret) -> Verdict {
    let Some(call) = provider.wire.test.as_ref().filter(|call| is_possible(call)) else {
        return Verdict::unknown(
            "This provider has no test that costs nothing; the first use will tell.",
        );
    };
    let Some(target) = target else {
        return Verdict::unknown("The provider's test belongs to a host that is not used here.");
    };
    let seen = tokio::time::timeout(PATIENCE, call_once(call, &target, key)).await;
    match seen {
        Err(_) => Verdict::unknown("The provider did not answer in time."),
        Ok(Err(error)) => Verdict::unknown(format!("The test could not be made: {error}.")),
        Ok(Ok(seen)) => Verdict::of(provider, call, &seen),
    }
}

/// A key goes into one header and nowhere else, so a test that wants it in the body is not made.
fn is_possible(call: &TestCall) -> bool {
    call.body.is_none_or(|body| !body.contains("{key}"))
}

async fn call_once(call: &TestCall, target: &Target<'_>, key: &Secret) -> Result<Seen, SendError> {
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert(header::USER_AGENT, HeaderValue::from_static("keyseal"));
    if let Some(content_type) = call.content_type {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    let outbound = Outbound {
        method: Method::from_bytes(call.method.as_bytes()).map_err(|_| SendError::Unsendable)?,
        path_and_query: call.path,
        headers,
        body: call.body.map_or_else(Body::empty, Body::from),
        limit: LOOK as u64,
        pause: PATIENCE,
    };
    let answer = target.send(outbound, key).await?;
    Ok(see(answer).await)
}

/// A body that is too long or breaks off counts as no text: the status still says something.
async fn see<B>(answer: Response<B>) -> Seen
where
    B: http_body::Body,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let (head, body) = answer.into_parts();
    let content_type = head
        .headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let content_type = content_type.unwrap_or_default().to_ascii_lowercase();
    let bytes = Limited::new(body, LOOK)
        .collect()
        .await
        .map(|body| body.to_bytes());
    let text = bytes
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .unwrap_or_default();
    Seen {
        status: head.status.as_u16(),
        content_type,
        text,
    }
}
