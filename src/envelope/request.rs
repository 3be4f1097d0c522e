//! The request envelope: a browser-only key for exactly one request.

use super::TYP_REQUEST;
use super::cipher::ContentKey;
use super::claims::RequestClaims;
use super::compact::{Alg, CompactJwe, Header};
use super::error::{MalformedJwe, OpenError, SealError};

/// A request envelope as it arrives: compact JWE, `alg: dir`, `typ: keyseal-request+jwe`.
#[derive(Debug, Clone)]
pub struct RequestJwe(CompactJwe);

impl RequestJwe {
    /// Takes the header's value apart; nothing is decrypted.
    ///
    /// # Errors
    /// [`MalformedJwe`] says which rule of the profile is broken.
    ///
    /// ```
    /// # mod given { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/given.rs")); }
    /// # use given::*;
    /// use keyseal::envelope::{RequestClaims, RequestJwe, Session};
    ///
    /// let session = Session::start("ada", "token", NOW, NOW + 3600, companion().public())?;
    /// let envelope = session.seal_request(&RequestClaims {
    ///     key: Secret::new("sk-proj-1234567890abcdef".into()),
    ///     provider: "openai".into(),
    ///     sub: "ada".into(),
    ///     m: "POST".into(),
    ///     p: "/forward/openai/v1/chat/completions".into(),
    ///     iat: NOW,
    ///     jti: "once".into(),
    ///     host: None,
    /// })?;
    /// assert!(RequestJwe::parse(&envelope).is_ok());
    /// assert!(RequestJwe::parse("not.a.jwe").is_err());
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, MalformedJwe> {
        CompactJwe::parse(text, Alg::Dir, TYP_REQUEST, false).map(Self)
    }

    /// The session that it is sealed under: base64url SHA-256 of the session JWE's bytes.
    ///
    /// ```
    /// # mod given { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/given.rs")); }
    /// # use given::*;
    /// use keyseal::envelope::{RequestClaims, RequestJwe, Session};
    ///
    /// let session = Session::start("ada", "token", NOW, NOW + 3600, companion().public())?;
    /// let envelope = session.seal_request(&RequestClaims {
    ///     key: Secret::new("sk-proj-1234567890abcdef".into()),
    ///     provider: "openai".into(),
    ///     sub: "ada".into(),
    ///     m: "POST".into(),
    ///     p: "/forward/openai/v1/chat/completions".into(),
    ///     iat: NOW,
    ///     jti: "once".into(),
    ///     host: None,
    /// })?;
    /// assert_eq!(RequestJwe::parse(&envelope)?.kid(), keyseal::envelope::digest(session.jwe().as_bytes()));
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.0.header.kid
    }

    /// Opens it under the session's `k`.
    ///
    /// # Errors
    /// [`OpenError::Refused`] or [`OpenError::Claims`].
    ///
    /// ```
    /// # mod given { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/given.rs")); }
    /// # use given::*;
    /// use keyseal::envelope::{RequestClaims, RequestJwe, Session, SessionJwe};
    ///
    /// let companion = companion();
    /// let session = Session::start("ada", "token", NOW, NOW + 3600, companion.public())?;
    /// let envelope = session.seal_request(&RequestClaims {
    ///     key: Secret::new("sk-proj-1234567890abcdef".into()),
    ///     provider: "openai".into(),
    ///     sub: "ada".into(),
    ///     m: "POST".into(),
    ///     p: "/forward/openai/v1/chat/completions".into(),
    ///     iat: NOW,
    ///     jti: "once".into(),
    ///     host: None,
    /// })?;
    /// // The companion, which opened the session before:
    /// let k = SessionJwe::parse(session.jwe())?.open(&companion)?.k;
    /// let claims = RequestJwe::parse(&envelope)?.open(&k)?;
    /// assert_eq!(claims.p, "/forward/openai/v1/chat/completions");
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    pub fn open(&self, k: &[u8; 32]) -> Result<RequestClaims, OpenError> {
        let plaintext = self.0.open(&ContentKey::new(k)).ok_or(OpenError::Refused)?;
        RequestClaims::decode(&plaintext).ok_or(OpenError::Claims)
    }
}

/// The protected header of every envelope under the session named `kid`, encoded.
pub(super) fn protected(kid: &str) -> String {
    let header = Header {
        alg: Alg::Dir,
        typ: TYP_REQUEST,
        kid: kid.into(),
        rid: None,
    };
    header.encode()
}

/// Seals `claims` under a session's key and its [`protected`] header.
pub(super) fn seal(
    claims: &RequestClaims,
    protected: &str,
    k: &ContentKey,
) -> Result<String, SealError> {
    CompactJwe::seal_under(protected, &[], k, claims.encode())
}
