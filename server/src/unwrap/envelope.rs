//! Browser-only keys: the session and the request envelope that come with a request, and every
//! check that stands between them and their use.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use keyseal::envelope::{
    MAX_SESSION_SECONDS, OpenError, RequestClaims, RequestJwe, Secret, SessionClaims, SessionJwe,
    encode_base64url, sha256,
};

use super::ring::KeyRing;
use super::short_lived::ShortLived;
use crate::auth::Caller;
use crate::config::Config;
use crate::http::{Problem, rate::Buckets};
use crate::store::{Owner, Store, StoreError};

/// At most so many sessions at once.
const MOST: usize = 10_000;
/// How long a request envelope is good for.
const REQUEST_SECONDS: i64 = 120;
/// How far a browser's clock may be ahead.
const LEEWAY_SECONDS: i64 = 60;
/// How long a used envelope is remembered; longer than it is good for on any clock.
const REMEMBER_SECONDS: i64 = 240;

/// What is wrong with an envelope.
#[derive(Debug, thiserror::Error)]
pub enum EnvelopeError {
    /// Not of the profile; nothing was decrypted.
    #[error("{0}")]
    Malformed(&'static str),
    /// The session is sealed to a key that the companion does not have.
    #[error("the session is sealed to a key that is not this companion's")]
    UnknownKid,
    /// Every failure of decryption.
    #[error("the envelope cannot be opened")]
    Refused,
    /// Too old, or from the future.
    #[error("{0}")]
    Expired(&'static str),
    /// Made for something else.
    #[error("{0}")]
    Mismatch(&'static str),
    /// Used before.
    #[error("the envelope was used before")]
    Replayed,
    /// Too many new sessions.
    #[error("too many new sessions in a minute")]
    TooMany(Box<Problem>),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The server is going down.
    #[error("the server is ending")]
    Ending,
}

/// The two headers, as they came.
#[derive(Clone, Copy)]
pub struct Presented<'a> {
    session: &'a str,
    request: &'a str,
}

impl<'a> Presented<'a> {
    /// Reads `Keyseal-Session` and `Keyseal-Key`; `None` if neither is there.
    pub fn read(headers: &'a HeaderMap) -> Result<Option<Self>, EnvelopeError> {
        let session = only(headers, "keyseal-session")?;
        let request = only(headers, "keyseal-key")?;
        match (session, request) {
            (None, None) => Ok(None),
            (Some(session), Some(request)) => Ok(Some(Self { session, request })),
            _ => Err(EnvelopeError::Malformed(
                "Keyseal-Session and Keyseal-Key belong together",
            )),
        }
    }
}

fn only<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<Option<&'a str>, EnvelopeError> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value
            .to_str()
            .map(Some)
            .map_err(|_| EnvelopeError::Malformed("an envelope's header is not ASCII")),
        (Some(_), Some(_)) => Err(EnvelopeError::Malformed(
            "an envelope's header stands there twice",
        )),
    }
}

/// The request that an envelope has to be for.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// The method, upper case.
    pub method: &'a str,
    /// The path at the companion, as it came, without query.
    pub path: &'a str,
    /// The provider that is called.
    pub provider: &'a str,
    /// Now, in seconds.
    pub now: i64,
}

/// An envelope that stood every check but one: it may have been used before.
pub struct Checked {
    claims: RequestClaims,
}

impl Checked {
    /// The host sealed in, where the user chose one.
    pub fn host(&self) -> Option<&str> {
        self.claims.host.as_deref()
    }

    /// Uses the envelope up, across replicas and restarts; only then is there a key to send.
    pub async fn claim(self, store: &Store, owner: &Owner) -> Result<Secret, EnvelopeError> {
        let until = self.claims.iat + REMEMBER_SECONDS;
        if store.claim_jti(owner, &self.claims.jti, until).await? {
            Ok(self.claims.key)
        } else {
            Err(EnvelopeError::Replayed)
        }
    }
}

/// Unwrapped sessions, found by the hash of what was presented, which is computed here.
pub struct Sessions {
    keeps: bool,
    /// Without `k` where nothing is kept: then only that the session is not new.
    known: ShortLived<[u8; 32], Option<Arc<SessionClaims>>>,
}

impl Sessions {
    /// An empty one.
    pub fn new(config: &Config) -> Self {
        let seconds = config.unwrap.cache_seconds;
        let keep = if seconds == 0 {
            MAX_SESSION_SECONDS.unsigned_abs()
        } else {
            seconds
        };
        Self {
            keeps: seconds > 0,
            known: ShortLived::new(Duration::from_secs(keep), MOST),
        }
    }

    /// Opens session and envelope and checks all they say, on every request.
    pub async fn open(
        &self,
        presented: Presented<'_>,
        caller: &Caller,
        asked: Asked<'_>,
        ring: &Arc<KeyRing>,
        new_sessions: &Buckets,
    ) -> Result<Checked, EnvelopeError> {
        let request = RequestJwe::parse(presented.request)
            .map_err(|error| EnvelopeError::Malformed(error.0))?;
        let digest = sha256(presented.session.as_bytes());
        // Under another session's key it could not be opened.
        if request.kid() != encode_base64url(&digest) {
            return Err(EnvelopeError::Refused);
        }
        let session = match self.known.get(&digest) {
            Some(Some(session)) => session,
            known => {
                if known.is_none() {
                    let taken = new_sessions.take(&caller.owner);
                    taken.map_err(|wait| EnvelopeError::TooMany(Box::new(wait)))?;
                }
                self.unwrap(presented.session, digest, ring, asked.now)
                    .await?
            }
        };
        check_session(&session, caller, asked.now)?;
        let claims = request.open(&session.k).map_err(of_open)?;
        check_request(&claims, caller, asked)?;
        Ok(Checked { claims })
    }

    async fn unwrap(
        &self,
        session: &str,
        digest: [u8; 32],
        ring: &Arc<KeyRing>,
        now: i64,
    ) -> Result<Arc<SessionClaims>, EnvelopeError> {
        let jwe = SessionJwe::parse(session).map_err(|error| EnvelopeError::Malformed(error.0))?;
        if !ring.takes(jwe.kid()).await {
            return Err(EnvelopeError::UnknownKid);
        }
        let ring = Arc::clone(ring);
        let opening = tokio::task::spawn_blocking(move || jwe.open(&*ring));
        let opened = opening.await.map_err(|_| EnvelopeError::Ending)?;
        let claims = Arc::new(opened.map_err(of_open)?);
        let left = claims.exp.saturating_sub(now).clamp(0, MAX_SESSION_SECONDS);
        let kept = self.keeps.then(|| Arc::clone(&claims));
        self.known
            .put(digest, kept, Duration::from_secs(left.unsigned_abs()));
        Ok(claims)
    }

    /// Drops what has ended.
    pub fn sweep(&self) {
        self.known.sweep();
    }

    /// How many sessions are kept.
    pub fn count(&self) -> usize {
        self.known.len()
    }
}

fn of_open(error: OpenError) -> EnvelopeError {
    match error {
        OpenError::UnknownKid => EnvelopeError::UnknownKid,
        OpenError::Claims => {
            EnvelopeError::Mismatch("the envelope holds claims that are not of the profile")
        }
        _ => EnvelopeError::Refused,
    }
}

fn check_session(claims: &SessionClaims, caller: &Caller, now: i64) -> Result<(), EnvelopeError> {
    if claims.sub != caller.owner.sub() {
        return Err(EnvelopeError::Mismatch("the session is another user's"));
    }
    if claims.ath != encode_base64url(&caller.token_hash) {
        return Err(EnvelopeError::Mismatch(
            "the session belongs to another token",
        ));
    }
    if !(1..=MAX_SESSION_SECONDS).contains(&claims.exp.saturating_sub(claims.iat)) {
        return Err(EnvelopeError::Mismatch(
            "the session is to last longer than an hour, or no time",
        ));
    }
    if claims.iat > now + LEEWAY_SECONDS {
        return Err(EnvelopeError::Expired("the session is from the future"));
    }
    if claims.exp <= now {
        return Err(EnvelopeError::Expired("the session has ended"));
    }
    Ok(())
}

fn check_request(
    claims: &RequestClaims,
    caller: &Caller,
    asked: Asked<'_>,
) -> Result<(), EnvelopeError> {
    if claims.sub != caller.owner.sub() {
        return Err(EnvelopeError::Mismatch("the envelope is another user's"));
    }
    if claims.provider != asked.provider {
        return Err(EnvelopeError::Mismatch(
            "the envelope is for another provider",
        ));
    }
    if claims.m != asked.method || claims.p != asked.path {
        return Err(EnvelopeError::Mismatch(
            "the envelope is for another method or path",
        ));
    }
    if claims.iat > asked.now + LEEWAY_SECONDS {
        return Err(EnvelopeError::Expired("the envelope is from the future"));
    }
    if asked.now >= claims.iat.saturating_add(REQUEST_SECONDS) {
        return Err(EnvelopeError::Expired(
            "the envelope is older than two minutes",
        ));
    }
    Ok(())
}
