//! The wire formats: one frozen profile of JOSE, so that any JOSE library can open what we seal.
//!
//! Every message is an RFC 7516 JWE with `"enc":"A256GCM"` and either `"alg":"RSA-OAEP-256"`
//! ([`SealedKey`], [`SessionJwe`]) or `"alg":"dir"` ([`RequestJwe`], the vault's records). All else
//! is refused: other algorithms, `zip`, `crit`, `jku`, unknown or duplicate members at any level,
//! base64url that is not canonical, tags that are not 16 bytes and initialisation vectors that are
//! not 12. Sizes and recipient counts are checked before any RSA operation.
//!
//! The private half is not here: who opens a message gives the RSA operation through [`Unwrap`].

mod base64url;
mod cipher;
mod claims;
mod compact;
mod error;
mod json;
mod jwk;
pub mod keyset;
#[cfg(test)]
mod properties;
mod request;
mod sealed_key;
mod secret;
mod session;
mod unwrap;
#[cfg(test)]
mod vectors;

pub use base64url::{decode as decode_base64url, encode as encode_base64url};
#[cfg(all(target_arch = "wasm32", feature = "core"))]
pub(crate) use cipher::nonce;
pub use cipher::{ContentKey, random};
pub use claims::{KeyClaims, RequestClaims, SessionClaims};
pub use error::{JwkError, MalformedJwe, OpenError, SealError};
pub use jwk::{Jwk, PublicKey, thumbprint};
pub use request::RequestJwe;
pub use sealed_key::SealedKey;
pub use secret::Secret;
pub use session::{MAX_SESSION_SECONDS, Session, SessionJwe};
pub use unwrap::Unwrap;

pub(crate) use compact::{Alg, CompactJwe, Header};
pub(crate) use json::{Object, ObjectWriter, Strict};

/// `typ` of a sealed key.
pub const TYP_KEY: &str = "keyseal-key+jwe";
/// `typ` of a session.
pub const TYP_SESSION: &str = "keyseal-session+jwe";
/// `typ` of a request envelope.
pub const TYP_REQUEST: &str = "keyseal-request+jwe";

/// The longest key that can be sealed, in bytes.
pub const MAX_KEY_BYTES: usize = 4096;
/// The longest sealed key, session or request envelope that is looked at, in bytes.
pub const MAX_JWE_BYTES: usize = 16 * 1024;

/// SHA-256 of `bytes`.
///
/// ```
/// assert_eq!(keyseal::envelope::sha256(b"")[..4], [0xe3, 0xb0, 0xc4, 0x42]);
/// ```
#[must_use]
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    keyseal_primitives::sha256(bytes)
}

/// base64url SHA-256 of `bytes`: how tokens (`ath`) and sessions (`kid`) are named.
///
/// ```
/// assert_eq!(keyseal::envelope::digest(b"").len(), 43);
/// ```
#[must_use]
pub fn digest(bytes: &[u8]) -> String {
    encode_base64url(&sha256(bytes))
}
