//! Every answer that is the companion's own refusal: problem+json (RFC 9457) with a stable `code`.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::json;

/// Marks an answer as the companion's own; holds the code.
pub const KEYSEAL_ERROR: &str = "keyseal-error";

macro_rules! codes {
    ($($name:ident = $text:literal, $status:ident, $title:literal;)*) => {
        /// The stable codes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $(#[doc = $title] $name,)*
        }

        impl Code {
            /// Every code, in the order of the documentation.
            pub const ALL: &'static [Code] = &[$(Code::$name,)*];

            /// The code as it is sent.
            pub const fn as_str(self) -> &'static str {
                match self { $(Code::$name => $text,)* }
            }

            /// The status it is sent with.
            pub const fn status(self) -> StatusCode {
                match self { $(Code::$name => StatusCode::$status,)* }
            }

            /// One short sentence, the same for every occurrence.
            pub const fn title(self) -> &'static str {
                match self { $(Code::$name => $title,)* }
            }
        }
    };
}

codes! {
    Unauthorized = "unauthorized", UNAUTHORIZED, "A valid token is needed.";
    ProviderKeyAsToken = "provider_key_as_token", UNAUTHORIZED, "A provider's key stands where the token belongs.";
    Forbidden = "forbidden", FORBIDDEN, "This is not allowed here.";
    NotFound = "not_found", NOT_FOUND, "There is nothing here.";
    TooLarge = "too_large", PAYLOAD_TOO_LARGE, "The body is too large.";
    PlaintextRefused = "plaintext_refused", UNPROCESSABLE_ENTITY, "The request carries a plain key.";
    SealedKeyMalformed = "sealed_key_malformed", UNPROCESSABLE_ENTITY, "The sealed key does not have the accepted form.";
    UnknownKid = "unknown_kid", UNPROCESSABLE_ENTITY, "No key of this companion has that id.";
    SealedKeyRefused = "sealed_key_refused", UNPROCESSABLE_ENTITY, "The sealed key cannot be opened.";
    SealedKeyExpired = "sealed_key_expired", UNPROCESSABLE_ENTITY, "The sealed key is too old, or from the future.";
    SealedKeyMismatch = "sealed_key_mismatch", UNPROCESSABLE_ENTITY, "The sealed key was sealed for something else.";
    EnvelopeMalformed = "envelope_malformed", UNPROCESSABLE_ENTITY, "The envelope does not have the accepted form.";
    EnvelopeRefused = "envelope_refused", UNPROCESSABLE_ENTITY, "The envelope cannot be opened.";
    EnvelopeExpired = "envelope_expired", UNPROCESSABLE_ENTITY, "The envelope is too old, or from the future.";
    EnvelopeMismatch = "envelope_mismatch", UNPROCESSABLE_ENTITY, "The envelope was made for something else.";
    Replayed = "replayed", CONFLICT, "The envelope was used before.";
    Validation = "validation", UNPROCESSABLE_ENTITY, "A value is not accepted.";
    IdConflict = "id_conflict", CONFLICT, "Another entry has this id.";
    RevokedId = "revoked_id", CONFLICT, "This id was revoked and does not come back.";
    NeedsReentry = "needs_reentry", CONFLICT, "The key has to be entered again.";
    NoCredential = "no_credential", CONFLICT, "No key is usable for this provider.";
    ByokNotInTier = "byok_not_in_tier", FORBIDDEN, "Own keys are not part of this tier.";
    BudgetExhausted = "budget_exhausted", PAYMENT_REQUIRED, "The budget is used up.";
    RateLimited = "rate_limited", TOO_MANY_REQUESTS, "Too many requests.";
    ProviderUnknown = "provider_unknown", NOT_FOUND, "There is no such provider.";
    PathRefused = "path_refused", FORBIDDEN, "This path is not forwarded.";
    HostRefused = "host_refused", UNPROCESSABLE_ENTITY, "This host is not allowed.";
    UpgradeRequired = "upgrade_required", UPGRADE_REQUIRED, "This call is a WebSocket.";
    RelayRefused = "relay_refused", BAD_REQUEST, "This is not what is relayed.";
    UpstreamUnreachable = "upstream_unreachable", BAD_GATEWAY, "The provider cannot be reached.";
    UpstreamRedirect = "upstream_redirect", BAD_GATEWAY, "The provider answered with a redirect.";
    UpstreamTimeout = "upstream_timeout", GATEWAY_TIMEOUT, "The provider did not answer in time.";
    OauthNotAvailable = "oauth_not_available", NOT_IMPLEMENTED, "OAuth is not available here.";
    Unavailable = "unavailable", SERVICE_UNAVAILABLE, "The companion cannot do this right now.";
}

impl Code {
    /// Whether the same request again can only end the same way.
    fn is_final(self) -> bool {
        matches!(
            self,
            Self::NoCredential
                | Self::NeedsReentry
                | Self::IdConflict
                | Self::RevokedId
                | Self::UpstreamRedirect
        )
    }
}

/// A refusal on its way out. `detail` says what happened, `next` what to do; neither ever holds a
/// value out of the request.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The stable code.
    pub code: Code,
    /// Another status than the code's own, where HTTP asks for one.
    pub status: Option<StatusCode>,
    /// What happened.
    pub detail: String,
    /// What to do next.
    pub next: Option<String>,
    /// Seconds to wait, for `Retry-After`.
    pub retry_after: Option<u64>,
    /// Further headers.
    pub headers: Option<Box<HeaderMap>>,
}

impl Problem {
    /// A refusal with its own sentence.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            code,
            status: None,
            detail: detail.into(),
            next: None,
            retry_after: None,
            headers: None,
        }
    }

    /// Adds what to do.
    pub fn next(mut self, step: impl Into<String>) -> Self {
        self.next = Some(step.into());
        self
    }

    /// Adds how long to wait.
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// Adds headers.
    pub fn headers(mut self, headers: HeaderMap) -> Self {
        self.headers = Some(Box::new(headers));
        self
    }

    /// Answers with another status than the code's.
    pub fn status(mut self, status: StatusCode) -> Self {
        self.status = Some(status);
        self
    }

    /// A value outside `sealedKey` that is not accepted.
    pub fn validation(detail: impl Into<String>) -> Self {
        Self::new(Code::Validation, detail)
    }

    /// The caller stopped in the middle of a body.
    pub fn too_slow() -> Self {
        Self::validation("The body did not arrive in time.")
            .status(StatusCode::REQUEST_TIMEOUT)
            .next("Send it without long pauses; `/.well-known/keyseal` tells how long one may be.")
    }

    /// What was sent ends before the body does, or is none.
    pub fn broke_off() -> Self {
        Self::validation("The body broke off.")
    }

    /// No such entry of this caller; the same answer as for another user's entry.
    pub fn no_entry() -> Self {
        Self::new(Code::NotFound, "You have no entry with this id.")
    }

    /// OpenAI's shape, for `/v1/*`.
    pub fn into_openai(self) -> Response {
        let body = json!({ "error": self.error_member() });
        self.respond("application/json", body.to_string())
    }

    /// What provider SDKs show.
    fn error_member(&self) -> serde_json::Value {
        let message = match &self.next {
            Some(next) => format!("{} {next}", self.detail),
            None => self.detail.clone(),
        };
        json!({ "message": message, "type": "keyseal_error", "code": self.code.as_str() })
    }

    fn respond(self, content_type: &'static str, body: String) -> Response {
        let status = self.status.unwrap_or(self.code.status());
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        if let Some(more) = &self.headers {
            headers.extend((**more).clone());
        }
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(KEYSEAL_ERROR, HeaderValue::from_static(self.code.as_str()));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        // SDKs try a 409 or a 5xx again, on their own.
        if self.code.is_final() {
            headers.insert("x-should-retry", HeaderValue::from_static("false"));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        Self::new(code, code.title())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = json!({
            "type": format!("urn:keyseal:error:{}", self.code.as_str()),
            "title": self.code.title(),
            "status": self.status.unwrap_or(self.code.status()).as_u16(),
            "detail": self.detail,
            "code": self.code.as_str(),
            "next": self.next,
            "error": self.error_member(),
        });
        self.respond("application/problem+json", body.to_string())
    }
}
