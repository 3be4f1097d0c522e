//! RSA public keys as JWK (RFC 7517), named by their RFC 7638 thumbprint.

use rsa::traits::PublicKeyParts;
use rsa::{BoxedUint, Oaep, Pss, RsaPublicKey};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::base64url::{decode, encode};
use super::error::{JwkError, SealError};
use super::json::{Object, ObjectWriter};
use super::{digest, sha256};

/// An RSA public key, as it stands in a JWK set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Jwk {
    /// Always `RSA`.
    pub kty: String,
    /// Modulus, big-endian, base64url.
    pub n: String,
    /// Public exponent, big-endian, base64url.
    pub e: String,
    /// The RFC 7638 SHA-256 thumbprint, base64url.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kid: Option<String>,
    /// `enc` for a companion key, `sig` for an identity.
    #[serde(default, rename = "use", skip_serializing_if = "Option::is_none")]
    pub key_use: Option<String>,
    /// `RSA-OAEP-256` for a companion key, `PS256` for an identity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alg: Option<String>,
}

impl Jwk {
    /// A companion key: `use` is `enc`, `alg` is `RSA-OAEP-256`. Big-endian, no leading zeros.
    ///
    /// ```
    /// use keyseal::envelope::Jwk;
    ///
    /// let jwk = Jwk::encryption(&[0xc5; 256], &[1, 0, 1]);
    /// assert_eq!((jwk.e.as_str(), jwk.key_use.as_deref()), ("AQAB", Some("enc")));
    /// ```
    #[must_use]
    pub fn encryption(n: &[u8], e: &[u8]) -> Self {
        Self::rsa(n, e, "enc", "RSA-OAEP-256")
    }

    /// An identity key: `use` is `sig`, `alg` is `PS256`. Big-endian, no leading zeros.
    ///
    /// ```
    /// use keyseal::envelope::Jwk;
    ///
    /// let jwk = Jwk::signature(&[0xc5; 256], &[1, 0, 1]);
    /// assert_eq!(jwk.key_use.as_deref(), Some("sig"));
    /// ```
    #[must_use]
    pub fn signature(n: &[u8], e: &[u8]) -> Self {
        Self::rsa(n, e, "sig", "PS256")
    }

    fn rsa(n: &[u8], e: &[u8], key_use: &str, alg: &str) -> Self {
        let (n, e) = (encode(n), encode(e));
        Self {
            kid: Some(thumbprint(&n, &e)),
            kty: "RSA".into(),
            n,
            e,
            key_use: Some(key_use.into()),
            alg: Some(alg.into()),
        }
    }

    /// Reads a JWK out of a strictly parsed object; members that [`Jwk`] does not have are refused.
    pub(crate) fn from_object(mut object: Object) -> Result<Self, JwkError> {
        let jwk = Self {
            kty: object.text("kty").ok_or(JwkError("the JWK has no kty"))?,
            n: object.text("n").ok_or(JwkError("the JWK has no n"))?,
            e: object.text("e").ok_or(JwkError("the JWK has no e"))?,
            kid: object.text("kid"),
            key_use: object.text("use"),
            alg: object.text("alg"),
        };
        if object.end() {
            Ok(jwk)
        } else {
            Err(JwkError("the JWK has a member that is not known"))
        }
    }
}

/// RFC 7638 SHA-256 thumbprint of an RSA key, from its base64url `n` and `e`.
///
/// ```
/// use keyseal::envelope::{Jwk, thumbprint};
///
/// let jwk = Jwk::encryption(&[0xc5; 256], &[1, 0, 1]);
/// assert_eq!(jwk.kid, Some(thumbprint(&jwk.n, &jwk.e)));
/// ```
#[must_use]
pub fn thumbprint(n: &str, e: &str) -> String {
    let canonical = ObjectWriter::new(n.len() + e.len() + 32)
        .text("e", e)
        .text("kty", "RSA")
        .text("n", n);
    digest(&canonical.end())
}

/// What an RSA key may be used for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    Encryption,
    Signature,
}

/// An RSA public key of 2048 to 4096 bits that may be sealed to, or whose signatures are checked.
#[derive(Clone)]
pub struct PublicKey {
    rsa: RsaPublicKey,
    kid: String,
}

impl PublicKey {
    /// Reads a companion key.
    ///
    /// # Errors
    /// Not RSA, not for encryption, not 2048 to 4096 bits, an even modulus, or a `kid` that is not
    /// the thumbprint.
    ///
    /// ```
    /// # mod given { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/given.rs")); }
    /// # use given::*;
    /// use keyseal::envelope::PublicKey;
    ///
    /// let jwk = companion().jwk();
    /// assert!(PublicKey::from_jwk(&jwk).is_ok());
    /// let short = Jwk::encryption(&[0xc5; 128], &[1, 0, 1]); // 1024 bits
    /// assert!(PublicKey::from_jwk(&short).is_err());
    /// ```
    pub fn from_jwk(jwk: &Jwk) -> Result<Self, JwkError> {
        Self::for_use(jwk, Use::Encryption)
    }

    pub(crate) fn for_use(jwk: &Jwk, wanted: Use) -> Result<Self, JwkError> {
        let (key_use, alg) = match wanted {
            Use::Encryption => ("enc", "RSA-OAEP-256"),
            Use::Signature => ("sig", "PS256"),
        };
        if jwk.kty != "RSA" {
            return Err(JwkError("the JWK is not an RSA key"));
        }
        if jwk.key_use.as_deref().is_some_and(|value| value != key_use)
            || jwk.alg.as_deref().is_some_and(|value| value != alg)
        {
            return Err(JwkError("the JWK is meant for another use"));
        }
        let kid = thumbprint(&jwk.n, &jwk.e);
        if jwk.kid.as_ref().is_some_and(|value| *value != kid) {
            return Err(JwkError("the JWK's kid is not its thumbprint"));
        }
        let integer = |text: &str, most: usize| {
            decode(text)
                .filter(|bytes| bytes.len() <= most && bytes.first().is_some_and(|byte| *byte != 0))
                .map(|bytes| BoxedUint::from_be_slice_vartime(&bytes))
        };
        let n = integer(&jwk.n, 512).ok_or(JwkError("the JWK's n is not a canonical integer"))?;
        let e = integer(&jwk.e, 4).ok_or(JwkError("the JWK's e is not a canonical integer"))?;
        let rsa = RsaPublicKey::new_with_size_limits(n, e, 2048..=4096)
            .map_err(|_| JwkError("the JWK is not an RSA key of 2048 to 4096 bits"))?;
        Ok(Self { rsa, kid })
    }

    /// The key's name: its RFC 7638 thumbprint.
    ///
    /// ```
    /// # mod given { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/given.rs")); }
    /// # use given::*;
    /// let companion = companion();
    /// assert_eq!(Some(companion.public().kid()), companion.jwk().kid.as_deref());
    /// ```
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// Bytes of the modulus, and so of an encrypted key or a signature.
    ///
    /// ```
    /// # mod given { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/given.rs")); }
    /// # use given::*;
    /// assert_eq!(companion().public().size(), 256); // bytes: 2048 bits
    /// ```
    #[must_use]
    pub fn size(&self) -> usize {
        self.rsa.size()
    }

    /// RSA-OAEP-256 (RFC 7518 section 4.3): SHA-256 and MGF1 with SHA-256, empty label.
    pub(super) fn wrap(&self, content_key: &[u8; 32]) -> Result<Vec<u8>, SealError> {
        let mut rng = rsa::rand_core::UnwrapErr(getrandom::SysRng);
        self.rsa
            .encrypt(&mut rng, Oaep::<Sha256>::new(), content_key)
            .map_err(|_| SealError::Cipher)
    }

    /// PS256 (RFC 7518 section 3.5): RSASSA-PSS with SHA-256 and a salt of 32 bytes.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.rsa
            .verify(
                Pss::<Sha256>::new_with_salt(32),
                &sha256(message),
                signature,
            )
            .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7638 section 3.1: its own example key and thumbprint.
    #[test]
    fn the_thumbprint_is_that_of_rfc_7638() {
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
        assert_eq!(
            thumbprint(n, "AQAB"),
            "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
        );
        let jwk = Jwk {
            kty: "RSA".into(),
            n: n.into(),
            e: "AQAB".into(),
            kid: None,
            key_use: None,
            alg: None,
        };
        assert_eq!(PublicKey::from_jwk(&jwk).expect("2048 bits").size(), 256);
        for broken in [
            Jwk {
                kty: "EC".into(),
                ..jwk.clone()
            },
            Jwk {
                n: "AQAB".into(),
                ..jwk.clone()
            },
            Jwk {
                n: format!("AA{n}"),
                ..jwk.clone()
            },
            Jwk {
                e: "AQ".into(),
                ..jwk.clone()
            },
            Jwk {
                e: "Ag".into(),
                ..jwk.clone()
            },
            Jwk {
                kid: Some("other".into()),
                ..jwk.clone()
            },
            Jwk {
                key_use: Some("sig".into()),
                ..jwk.clone()
            },
            Jwk {
                alg: Some("RSA1_5".into()),
                ..jwk.clone()
            },
        ] {
            assert!(PublicKey::from_jwk(&broken).is_err(), "{broken:?}");
        }
    }
}
