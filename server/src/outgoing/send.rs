//! One request to a provider, under one key.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Response};
use hyper::body::Incoming;
use keyseal::envelope::Secret;
use zeroize::Zeroizing;

use super::answer::Answer;
use super::connect::{AddressRefused, ConnectTimeout};
use super::route::Target;
use super::upload::{CallerBroke, Stalled, TooLarge, Upload};
use super::{headers, redirect};
use crate::causes::{Cause, causes, timed_out};

/// What the caller wants to send; the path was checked by [`super::Route::check_path`].
pub struct Outbound<'a> {
    /// The method.
    pub method: Method,
    /// Path and query below the provider's origin.
    pub path_and_query: &'a str,
    /// The caller's headers, as they came.
    pub headers: HeaderMap,
    /// The caller's body.
    pub body: Body,
    /// The largest body that goes out.
    pub limit: u64,
    /// How long the caller may stop in the middle of it.
    pub pause: Duration,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The path or the key cannot stand in a request.
    #[error("the request cannot be put into HTTP")]
    Unsendable,
    /// The host has only addresses that are refused.
    #[error("the provider's host has no address that requests may be sent to")]
    AddressRefused,
    /// No connection.
    #[error("no connection to the provider could be made")]
    Unreachable,
    /// The provider's certificate is not accepted.
    #[error("the provider's certificate was not accepted")]
    Certificate,
    /// The connection ended, or what came was no HTTP.
    #[error("the provider ended the connection without an answer")]
    Broken,
    /// No connection in time.
    #[error("connecting to the provider took too long")]
    ConnectTimeout,
    /// No answer in time.
    #[error("the provider did not begin to answer in time")]
    FirstByteTimeout,
    /// A redirect that leads elsewhere.
    #[error("the provider's answer is a redirect to another place, which is not followed")]
    Redirect,
    /// The caller's body is over the limit.
    #[error("the body is larger than what is forwarded")]
    TooLarge,
    /// The caller's body broke off.
    #[error("the body broke off")]
    CallerBroke,
    /// The caller stopped in the middle of the body for too long.
    #[error("the body did not arrive in time")]
    CallerSlow,
}

impl SendError {
    /// Whether the provider, or the way to it, failed, and not the request.
    pub fn is_the_providers(self) -> bool {
        match self {
            Self::AddressRefused
            | Self::Unreachable
            | Self::Certificate
            | Self::Broken
            | Self::ConnectTimeout
            | Self::FirstByteTimeout
            | Self::Redirect => true,
            Self::Unsendable | Self::TooLarge | Self::CallerBroke | Self::CallerSlow => false,
        }
    }
}

impl From<Stalled> for SendError {
    fn from(stalled: Stalled) -> Self {
        match stalled {
            Stalled::AtProvider => Self::FirstByteTimeout,
            Stalled::AtCaller => Self::CallerSlow,
        }
    }
}

impl Target<'_> {
    /// Sends the request and waits for the head of the answer; its body then passes as it comes.
    /// Dropping the future, or the answer, cancels the request at the provider.
    pub async fn send(
        &self,
        request: Outbound<'_>,
        key: &Secret,
    ) -> Result<Response<Answer<Incoming>>, SendError> {
        let path = request.path_and_query.split('?').next().unwrap_or_default();
        let uri = self
            .origin
            .uri(request.path_and_query)
            .map_err(|_| SendError::Unsendable)?;
        let (upload, progress) = Upload::new(request.body, request.limit);
        let mut outgoing = Request::new(upload);
        *outgoing.method_mut() = request.method;
        *outgoing.uri_mut() = uri;
        *outgoing.headers_mut() = self.headers(request.headers, path, key)?;

        let answered = self.pool.client().request(outgoing);
        let response = tokio::select! {
            biased;
            answered = answered => answered.map_err(|error| reason(&error))?,
            by = progress.stalled(self.pool.first_byte, request.pause) => return Err(by.into()),
        };

        let (mut head, body) = response.into_parts();
        head.headers = headers::inward(head.headers);
        redirect::rewrite(
            head.status,
            &mut head.headers,
            &self.origin,
            &self.route.name(),
            path,
        )
        .map_err(|_| SendError::Redirect)?;
        // Connection facts of the other side.
        head.extensions.clear();
        let answer = Answer::new(&mut head, body, key.expose());
        Ok(Response::from_parts(head, answer))
    }

    fn headers(
        &self,
        inbound: HeaderMap,
        path: &str,
        key: &Secret,
    ) -> Result<HeaderMap, SendError> {
        let wire = &self.route.provider.wire;
        let mut out = headers::outward(inbound);
        for (name, value) in wire.extra_headers {
            out.entry(HeaderName::from_static(name))
                .or_insert(HeaderValue::from_static(value));
        }
        let auth = wire.auth_for(path);
        out.insert(
            HeaderName::from_static(auth.header),
            credential(auth.scheme, key)?,
        );
        Ok(out)
    }
}

/// The one header that holds the key; the allocator wipes its bytes when it is dropped.
fn credential(scheme: &str, key: &Secret) -> Result<HeaderValue, SendError> {
    let mut text = Zeroizing::new(Vec::with_capacity(scheme.len() + key.expose().len()));
    text.extend_from_slice(scheme.as_bytes());
    text.extend_from_slice(key.expose().as_bytes());
    let bytes = Bytes::from(std::mem::take(&mut *text));
    let mut value = HeaderValue::from_maybe_shared(bytes).map_err(|_| SendError::Unsendable)?;
    value.set_sensitive(true);
    Ok(value)
}

/// Why a request got no answer, out of a chain of causes.
pub(super) fn reason(error: &hyper_util::client::legacy::Error) -> SendError {
    if error.is_connect()
        && let Some(known) = no_connection(error)
    {
        return known;
    }
    for cause in causes(error) {
        if cause.is::<TooLarge>() {
            return SendError::TooLarge;
        }
        if cause.is::<CallerBroke>() {
            return SendError::CallerBroke;
        }
        if cause.is::<rustls::Error>() {
            return SendError::Certificate;
        }
    }
    if error.is_connect() {
        SendError::Unreachable
    } else {
        SendError::Broken
    }
}

/// Why no connection came about, where a cause is known: for forward and relay alike. TCP has a time
/// limit of its own beside that of the whole, and the system has one too: each may be the first.
pub(super) fn no_connection(error: &Cause) -> Option<SendError> {
    causes(error).find_map(|cause| match cause {
        _ if cause.is::<AddressRefused>() => Some(SendError::AddressRefused),
        _ if cause.is::<ConnectTimeout>() || timed_out(cause) => Some(SendError::ConnectTimeout),
        _ => None,
    })
}
