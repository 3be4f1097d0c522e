//! The session: one RSA operation on either side, after which sealing a request is AES alone.

use zeroize::Zeroizing;

use super::cipher::{ContentKey, random};
use super::claims::{RequestClaims, SessionClaims};
use super::compact::{Alg, CompactJwe, Header};
use super::error::{MalformedJwe, OpenError, SealError};
use super::jwk::PublicKey;
use super::request;
use super::unwrap::{Unwrap, content_key};
use super::{TYP_SESSION, digest};

/// The most seconds that a session may last.
pub const MAX_SESSION_SECONDS: i64 = 3600;

/// A session that this side started: it seals request envelopes.
pub struct Session {
    jwe: String,
    /// The protected header of its request envelopes.
    protected: String,
    key: ContentKey,
    sub: String,
    exp: i64,
}

impl Session {
    /// Starts a session of `sub`, bound to `token`, from `iat` to `exp` (seconds), sealed to `to`.
    ///
    /// # Errors
    /// [`SealError`]: more than an hour, or no random numbers.
    ///
    /// ```
    /// # mod given { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/given.rs")); }
    /// # use given::*;
    /// use keyseal::envelope::Session;
    ///
    /// let session = Session::start("ada", "her token", NOW, NOW + 3600, companion().public())?;
    /// assert!(Session::start("ada", "her token", NOW, NOW, companion().public()).is_err());
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    pub fn start(
        sub: &str,
        token: &str,
        iat: i64,
        exp: i64,
        to: &PublicKey,
    ) -> Result<Self, SealError> {
        if !(1..=MAX_SESSION_SECONDS).contains(&exp.saturating_sub(iat)) {
            return Err(SealError::Claims("a session lasts at most one hour"));
        }
        let claims = SessionClaims {
            k: Zeroizing::new(random()?),
            sub: sub.to_owned(),
            ath: digest(token.as_bytes()),
            iat,
            exp,
        };
        let jwe = SessionJwe::seal(&claims, to)?;
        Ok(Self {
            protected: request::protected(&digest(jwe.as_bytes())),
            jwe,
            key: ContentKey::new(&claims.k),
            sub: claims.sub,
            exp,
        })
    }

    /// The value of the `Keyseal-Session` header.
    ///
    /// ```
    /// # mod given { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/given.rs")); }
    /// # use given::*;
    /// use keyseal::envelope::{Session, SessionJwe};
    ///
    /// let session = Session::start("ada", "token", NOW, NOW + 3600, companion().public())?;
    /// assert!(SessionJwe::parse(session.jwe()).is_ok()); // the header Keyseal-Session
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    #[must_use]
    pub fn jwe(&self) -> &str {
        &self.jwe
    }

    /// When it ends, in seconds since the epoch.
    ///
    /// ```
    /// # mod given { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/given.rs")); }
    /// # use given::*;
    /// use keyseal::envelope::Session;
    ///
    /// let session = Session::start("ada", "token", NOW, NOW + 3600, companion().public())?;
    /// assert_eq!(session.exp(), NOW + 3600);
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    #[must_use]
    pub fn exp(&self) -> i64 {
        self.exp
    }

    /// Seals the value of a `Keyseal-Key` header.
    ///
    /// # Errors
    /// [`SealError`]: claims of another user, or no random numbers.
    ///
    /// ```
    /// # mod given { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/given.rs")); }
    /// # use given::*;
    /// use keyseal::envelope::{RequestClaims, Session};
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
    /// assert_eq!(envelope.split('.').count(), 5); // the header Keyseal-Key
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    pub fn seal_request(&self, claims: &RequestClaims) -> Result<String, SealError> {
        if claims.sub != self.sub {
            return Err(SealError::Claims("the session is another user's"));
        }
        request::seal(claims, &self.protected, &self.key)
    }
}

/// A session as it arrives: compact JWE, `typ: keyseal-session+jwe`.
#[derive(Debug, Clone)]
pub struct SessionJwe(CompactJwe);

impl SessionJwe {
    /// Takes the header's value apart; nothing is decrypted.
    ///
    /// # Errors
    /// [`MalformedJwe`] says which rule of the profile is broken.
    ///
    /// ```
    /// # mod given { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/given.rs")); }
    /// # use given::*;
    /// use keyseal::envelope::{Session, SessionJwe};
    ///
    /// let session = Session::start("ada", "token", NOW, NOW + 3600, companion().public())?;
    /// assert!(SessionJwe::parse(session.jwe()).is_ok());
    /// assert!(SessionJwe::parse("").is_err());
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, MalformedJwe> {
        CompactJwe::parse(text, Alg::RsaOaep256, TYP_SESSION, false).map(Self)
    }

    /// The companion key that it is sealed to.
    ///
    /// ```
    /// # mod given { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/given.rs")); }
    /// # use given::*;
    /// use keyseal::envelope::{Session, SessionJwe};
    ///
    /// let companion = companion();
    /// let session = Session::start("ada", "token", NOW, NOW + 3600, companion.public())?;
    /// assert_eq!(SessionJwe::parse(session.jwe())?.kid(), companion.public().kid());
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.0.header.kid
    }

    /// Opens it.
    ///
    /// # Errors
    /// As [`SealedKey::open`](super::SealedKey::open).
    ///
    /// ```
    /// # mod given { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/given.rs")); }
    /// # use given::*;
    /// use keyseal::envelope::{Session, SessionJwe, digest};
    ///
    /// let companion = companion();
    /// let session = Session::start("ada", "token", NOW, NOW + 3600, companion.public())?;
    /// let claims = SessionJwe::parse(session.jwe())?.open(&companion)?;
    /// assert_eq!((claims.sub.as_str(), claims.ath), ("ada", digest(b"token")));
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    pub fn open(&self, unwrap: &dyn Unwrap) -> Result<SessionClaims, OpenError> {
        let key = content_key(unwrap, self.kid(), &self.0.encrypted_key)?;
        let plaintext = self.0.open(&key).ok_or(OpenError::Refused)?;
        SessionClaims::decode(&plaintext).ok_or(OpenError::Claims)
    }

    /// Seals `claims` to `to`. [`Session::start`] is what callers want.
    ///
    /// # Errors
    /// [`SealError`] where there are no random numbers.
    ///
    /// ```
    /// # mod given { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/given.rs")); }
    /// # use given::*;
    /// use keyseal::envelope::{SessionClaims, SessionJwe, digest, random};
    ///
    /// let claims = SessionClaims {
    ///     k: random()?.into(),
    ///     sub: "ada".into(),
    ///     ath: digest(b"token"),
    ///     iat: NOW,
    ///     exp: NOW + 3600,
    /// };
    /// let jwe = SessionJwe::seal(&claims, companion().public())?;
    /// assert_eq!(jwe.split('.').count(), 5);
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    pub fn seal(claims: &SessionClaims, to: &PublicKey) -> Result<String, SealError> {
        let content_key = Zeroizing::new(random::<32>()?);
        let header = Header {
            alg: Alg::RsaOaep256,
            typ: TYP_SESSION,
            kid: to.kid().into(),
            rid: None,
        };
        let encrypted_key = to.wrap(&content_key)?;
        CompactJwe::seal(
            &header,
            &encrypted_key,
            &ContentKey::new(&content_key),
            claims.encode(),
        )
    }
}
