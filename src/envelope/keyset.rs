//! The companion's signed key set: which key to seal to, and how the browser knows that it is
//! still the same companion.
//!
//! A key set is a compact JWS (RFC 7515, PS256) by the companion's identity key. The identity is
//! pinned at first use, or named beforehand; from then on a set that is unsigned, expired, of
//! another issuer or identity, older, or different under the same number is refused.

use core::fmt;

use super::base64url::{decode, encode};
use super::digest;
use super::error::JwkError;
use super::json::{Object, ObjectWriter, Strict};
use super::jwk::{Jwk, PublicKey, Use, thumbprint};

/// `typ` of the key set.
pub const TYP_KEYSET: &str = "keyseal-keyset+jws";
/// `typ` of a change of identity.
pub const TYP_IDENTITY: &str = "keyseal-identity+jws";
/// The longest that a key set may be valid, in seconds.
pub const MAX_KEYSET_SECONDS: i64 = 90 * 24 * 3600;

const MAX_KEYS: usize = 16;
const MAX_JWS_BYTES: usize = 64 * 1024;

/// What `GET /.well-known/keyseal` publishes, as far as it concerns trust.
#[derive(Debug, Clone)]
pub struct Published {
    /// The identity key.
    pub identity: Jwk,
    /// The signed key set.
    pub keyset: String,
    /// A change of identity, signed by the identity before.
    pub identity_change: Option<String>,
}

/// The payload of a key set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keyset {
    /// The companion's `public_url`.
    pub issuer: String,
    /// Raised at every change.
    pub seq: i64,
    /// Signed at, seconds.
    pub iat: i64,
    /// Valid until, seconds.
    pub exp: i64,
    /// The first is current, and the only one to seal to.
    pub keys: Vec<Jwk>,
}

/// What the browser remembers of a companion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// The companion.
    pub issuer: String,
    /// Its identity key: kept whole, so that a change of identity can be checked.
    pub identity: Jwk,
    /// The highest number seen.
    pub seq: i64,
    /// base64url SHA-256 of the payload under that number.
    pub content: String,
    /// When the identity was first seen, seconds.
    pub first_seen: i64,
}

/// Why a key set is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeysetError {
    /// It is not of the profile.
    Malformed(&'static str),
    /// The signature is missing or not by the identity that is published.
    Unsigned,
    /// It is out of date, or not yet valid.
    Expired,
    /// It is of another companion.
    Issuer {
        /// Where it was asked for.
        expected: String,
        /// Whom it names.
        found: String,
    },
    /// The identity is not the one that is pinned or trusted.
    Identity {
        /// The thumbprint that is pinned or trusted.
        expected: String,
        /// The thumbprint that is published.
        found: String,
    },
    /// Its number is lower than one seen before.
    Downgrade {
        /// The highest number seen.
        seen: i64,
        /// The number it has.
        found: i64,
    },
    /// It has the number of one seen before, and another content.
    Forked(i64),
}

impl KeysetError {
    /// The stable code.
    ///
    /// ```
    /// use keyseal::envelope::keyset::KeysetError;
    ///
    /// assert_eq!(KeysetError::Expired.code(), "keyset_expired");
    /// ```
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "keyset_malformed",
            Self::Unsigned => "keyset_unsigned",
            Self::Expired => "keyset_expired",
            Self::Issuer { .. } => "keyset_issuer",
            Self::Identity { .. } => "keyset_identity",
            Self::Downgrade { .. } => "keyset_downgrade",
            Self::Forked(_) => "keyset_forked",
        }
    }
}

impl fmt::Display for KeysetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(which) => write!(f, "The companion's key set cannot be read: {which}."),
            Self::Unsigned => f.write_str("The companion's key set is not signed by its identity."),
            Self::Expired => f.write_str("The companion's key set is out of date."),
            Self::Issuer { expected, found } => {
                write!(f, "The key set is of {found}, but was asked of {expected}.")
            }
            Self::Identity { expected, found } => {
                write!(
                    f,
                    "The companion's identity is {found}, but {expected} is the trusted one."
                )
            }
            Self::Downgrade { seen, found } => {
                write!(
                    f,
                    "The companion offers key set {found}, but {seen} was seen before."
                )
            }
            Self::Forked(seq) => {
                write!(f, "The companion's key set {seq} has changed its content.")
            }
        }
    }
}

impl core::error::Error for KeysetError {}

impl From<JwkError> for KeysetError {
    fn from(error: JwkError) -> Self {
        Self::Malformed(error.0)
    }
}

impl Keyset {
    /// The payload as JSON: what the companion signs.
    ///
    /// ```
    /// # mod given { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/given.rs")); }
    /// # use given::*;
    /// let companion = companion();
    /// let keyset = Keyset { issuer: ISSUER.into(), seq: 1, iat: NOW, exp: NOW + 60, keys: vec![companion.jwk()] };
    /// let signed = companion.sign(TYP_KEYSET, &keyset.to_json());
    /// ```
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let keys: Vec<String> = self.keys.iter().map(jwk_json).collect();
        ObjectWriter::new(2048)
            .integer("v", 1)
            .text("issuer", &self.issuer)
            .integer("seq", self.seq)
            .integer("iat", self.iat)
            .integer("exp", self.exp)
            .raw("keys", &format!("[{}]", keys.join(",")))
            .end()
    }

    pub(super) fn parse(payload: &[u8]) -> Result<Self, KeysetError> {
        let mut object = Object::parse(payload).map_err(|error| KeysetError::Malformed(error.0))?;
        let keyset = (|| {
            Some(Self {
                issuer: object.text("issuer")?,
                seq: object.integer("seq")?,
                iat: object.integer("iat")?,
                exp: object.integer("exp")?,
                keys: object
                    .array("keys")?
                    .into_iter()
                    .map(|key| match key {
                        Strict::Object(key) => Jwk::from_object(key).ok(),
                        _ => None,
                    })
                    .collect::<Option<_>>()?,
            })
        })();
        let keyset = keyset.filter(|set| {
            object.integer("v") == Some(1)
                && object.end()
                && (1..=MAX_KEYS).contains(&set.keys.len())
        });
        keyset.ok_or(KeysetError::Malformed(
            "its members are not those of the profile",
        ))
    }

    /// The key to seal to.
    ///
    /// # Errors
    /// [`KeysetError::Malformed`] where it cannot be used.
    ///
    /// ```
    /// # mod given { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/given.rs")); }
    /// # use given::*;
    /// use keyseal::envelope::keyset::verify;
    ///
    /// let companion = companion();
    /// let (keyset, _) = verify(&published(&companion), ISSUER, None, None, NOW)?;
    /// assert_eq!(keyset.current()?.kid(), companion.public().kid());
    /// # Ok::<(), keyseal::envelope::keyset::KeysetError>(())
    /// ```
    pub fn current(&self) -> Result<PublicKey, KeysetError> {
        let first = self
            .keys
            .first()
            .ok_or(KeysetError::Malformed("it holds no key"))?;
        Ok(PublicKey::from_jwk(first)?)
    }
}

fn jwk_json(jwk: &Jwk) -> String {
    let mut json = ObjectWriter::new(1024)
        .text("kty", &jwk.kty)
        .text("n", &jwk.n)
        .text("e", &jwk.e);
    for (name, value) in [("kid", &jwk.kid), ("use", &jwk.key_use), ("alg", &jwk.alg)] {
        if let Some(value) = value {
            json = json.text(name, value);
        }
    }
    json.end_text()
}

impl Pin {
    /// As JSON, for the browser's storage.
    ///
    /// ```
    /// # mod given { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/given.rs")); }
    /// # use given::*;
    /// use keyseal::envelope::keyset::{Pin, verify};
    ///
    /// let (_, pin) = verify(&published(&companion()), ISSUER, None, None, NOW)?;
    /// assert_eq!(Pin::parse(&pin.to_json()), Some(pin));
    /// # Ok::<(), keyseal::envelope::keyset::KeysetError>(())
    /// ```
    #[must_use]
    pub fn to_json(&self) -> String {
        ObjectWriter::new(1024)
            .integer("v", 1)
            .text("issuer", &self.issuer)
            .raw("identity", &jwk_json(&self.identity))
            .integer("seq", self.seq)
            .text("content", &self.content)
            .integer("firstSeen", self.first_seen)
            .end_text()
    }

    /// The identity's RFC 7638 thumbprint, computed and not believed.
    ///
    /// ```
    /// # mod given { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/given.rs")); }
    /// # use given::*;
    /// use keyseal::envelope::keyset::verify;
    ///
    /// let companion = companion();
    /// let (_, pin) = verify(&published(&companion), ISSUER, None, None, NOW)?;
    /// assert_eq!(Some(pin.thumbprint()), companion.identity().kid);
    /// # Ok::<(), keyseal::envelope::keyset::KeysetError>(())
    /// ```
    #[must_use]
    pub fn thumbprint(&self) -> String {
        thumbprint(&self.identity.n, &self.identity.e)
    }

    /// Reads a stored pin; `None` where it was damaged.
    ///
    /// ```
    /// use keyseal::envelope::keyset::Pin;
    ///
    /// assert!(Pin::parse("{}").is_none());
    /// ```
    #[must_use]
    pub fn parse(json: &str) -> Option<Self> {
        let mut object = Object::parse(json.as_bytes()).ok()?;
        let pin = Self {
            issuer: object.text("issuer")?,
            identity: Jwk::from_object(object.object("identity")?).ok()?,
            seq: object.integer("seq")?,
            content: object.text("content")?,
            first_seen: object.integer("firstSeen")?,
        };
        (object.integer("v") == Some(1) && object.end()).then_some(pin)
    }
}

/// The bytes that a JWS by `identity` signs: encoded header and payload, joined by a dot
/// (RFC 7515 section 5.1).
///
/// ```
/// use keyseal::envelope::keyset::{TYP_KEYSET, signing_input};
///
/// let input = signing_input(TYP_KEYSET, "thumbprint of the identity", b"{}");
/// assert!(input.ends_with(".e30")); // base64url of the payload
/// ```
#[must_use]
pub fn signing_input(typ: &str, identity: &str, payload: &[u8]) -> String {
    let header = ObjectWriter::new(128)
        .text("alg", "PS256")
        .text("typ", typ)
        .text("kid", identity)
        .end();
    format!("{}.{}", encode(&header), encode(payload))
}

/// Checks a compact JWS of `typ` by `signer` and returns its payload.
fn verified(jws: &str, typ: &str, signer: &PublicKey) -> Result<Vec<u8>, KeysetError> {
    if jws.len() > MAX_JWS_BYTES {
        return Err(KeysetError::Malformed("it is too long"));
    }
    let (input, signature) = jws.rsplit_once('.').ok_or(KeysetError::Unsigned)?;
    let (header, payload) = input.split_once('.').ok_or(KeysetError::Unsigned)?;
    let header = decode(header).and_then(|bytes| Object::parse(&bytes).ok());
    let expected = header.is_some_and(|mut header| {
        header.text("alg").as_deref() == Some("PS256")
            && header.text("typ").as_deref() == Some(typ)
            && header.text("kid").as_deref() == Some(signer.kid())
            && header.end()
    });
    let signature = decode(signature).filter(|bytes| bytes.len() == signer.size());
    match signature {
        Some(signature) if expected && signer.verifies(input.as_bytes(), &signature) => {
            decode(payload).ok_or(KeysetError::Malformed("its payload is not base64url"))
        }
        _ => Err(KeysetError::Unsigned),
    }
}

/// Whether the pinned identity itself names `to` as its successor.
fn handed_over(change: &str, pin: &Pin, issuer: &str, to: &str) -> Result<bool, KeysetError> {
    let before = PublicKey::for_use(&pin.identity, Use::Signature)?;
    let Ok(payload) = verified(change, TYP_IDENTITY, &before) else {
        return Ok(false);
    };
    let mut object = Object::parse(&payload).map_err(|error| KeysetError::Malformed(error.0))?;
    Ok(object.integer("v") == Some(1)
        && object.text("issuer").as_deref() == Some(issuer)
        && object.text("from").as_deref() == Some(before.kid())
        && object.text("to").as_deref() == Some(to)
        && object.integer("iat").is_some()
        && object.end())
}

/// Checks what a companion publishes against what is remembered of it.
///
/// `issuer` is the companion that was asked, `trusted` the thumbprint that the app named
/// (`trustedIdentity`), `now` the browser's own clock: the companion's must not decide whether its
/// key set has expired. Returns the key set and the pin to remember from now on.
///
/// # Errors
/// [`KeysetError`] says what is wrong, with both thumbprints or numbers.
///
/// ```
/// # mod given { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/given.rs")); }
/// # use given::*;
/// use keyseal::envelope::keyset::{KeysetError, verify};
///
/// let published = published(&companion());
/// // At first use whoever is there is pinned, unless the app names whom to expect.
/// let (_, pin) = verify(&published, ISSUER, None, None, NOW)?;
/// assert!(verify(&published, ISSUER, Some(&pin), None, NOW).is_ok());
/// // Another identity is refused from then on.
/// let other = given::published(&companion());
/// let refused = verify(&other, ISSUER, Some(&pin), None, NOW);
/// assert!(matches!(refused, Err(KeysetError::Identity { .. })));
/// # Ok::<(), KeysetError>(())
/// ```
pub fn verify(
    published: &Published,
    issuer: &str,
    pin: Option<&Pin>,
    trusted: Option<&str>,
    now: i64,
) -> Result<(Keyset, Pin), KeysetError> {
    let identity = PublicKey::for_use(&published.identity, Use::Signature)?;
    let payload = verified(&published.keyset, TYP_KEYSET, &identity)?;
    let keyset = Keyset::parse(&payload)?;
    if keyset.issuer != issuer {
        return Err(KeysetError::Issuer {
            expected: issuer.into(),
            found: keyset.issuer,
        });
    }
    let lasts = keyset.exp.checked_sub(keyset.iat);
    if now >= keyset.exp || lasts.is_none_or(|seconds| !(1..=MAX_KEYSET_SECONDS).contains(&seconds))
    {
        return Err(KeysetError::Expired);
    }
    keyset.current()?;

    let found = identity.kid();
    // A pin stands for the identity that it was made with, or that this one handed over to.
    let standing = match pin {
        Some(pin) if pin.thumbprint() == found => Some(pin),
        Some(pin) => match &published.identity_change {
            Some(change) if handed_over(change, pin, issuer, found)? => Some(pin),
            _ => None,
        },
        None => None,
    };
    match (trusted, pin, standing) {
        (Some(trusted), ..) if trusted != found => {
            return Err(KeysetError::Identity {
                expected: trusted.into(),
                found: found.into(),
            });
        }
        (None, Some(pin), None) => {
            return Err(KeysetError::Identity {
                expected: pin.thumbprint(),
                found: found.into(),
            });
        }
        _ => {}
    }

    let content = digest(&payload);
    if let Some(pin) = standing {
        if keyset.seq < pin.seq {
            return Err(KeysetError::Downgrade {
                seen: pin.seq,
                found: keyset.seq,
            });
        }
        if keyset.seq == pin.seq && content != pin.content {
            return Err(KeysetError::Forked(keyset.seq));
        }
    }
    let first_seen = standing
        .filter(|pin| pin.identity == published.identity)
        .map_or(now, |pin| pin.first_seen);
    let pin = Pin {
        issuer: issuer.into(),
        identity: published.identity.clone(),
        seq: keyset.seq,
        content,
        first_seen,
    };
    Ok((keyset, pin))
}
