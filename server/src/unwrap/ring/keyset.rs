//! The signed key set: which keys there are, said by the identity.

use keyseal::envelope::{
    Jwk, decode_base64url, encode_base64url,
    keyset::{self, Keyset, MAX_KEYSET_SECONDS, Published, TYP_KEYSET},
};

use serde::Deserialize;

use super::keys::IdentityKey;

/// Signed again when this much is left, so that a server that was off for a while still starts with
/// a good one.
const RENEW_SECONDS: i64 = 30 * 24 * 3600;

/// A key set that was signed and checked, as it is published.
#[derive(Clone, Debug)]
pub struct SignedKeyset {
    /// The identity's public half.
    pub identity: Jwk,
    /// The compact JWS.
    pub jws: String,
    content: Keyset,
}

impl SignedKeyset {
    /// Signs a new one.
    pub fn sign(
        identity: &IdentityKey,
        issuer: &str,
        seq: i64,
        keys: Vec<Jwk>,
        now: i64,
    ) -> Result<Self, &'static str> {
        let exp = now + MAX_KEYSET_SECONDS;
        let content = Keyset {
            issuer: issuer.to_owned(),
            seq,
            iat: now,
            exp,
            keys,
        };
        let kid = identity.jwk().kid.clone().unwrap_or_default();
        let input = keyset::signing_input(TYP_KEYSET, &kid, &content.to_json());
        let signature = encode_base64url(&identity.sign(input.as_bytes())?);
        let jws = format!("{input}.{signature}");
        Ok(Self {
            identity: identity.jwk().clone(),
            jws,
            content,
        })
    }

    /// The identity's thumbprint (RFC 7638), as an app names it.
    pub fn thumbprint(&self) -> &str {
        self.identity.kid.as_deref().unwrap_or_default()
    }

    /// The identity's thumbprint for people to compare: hex in groups of four, as pages show it.
    pub fn fingerprint(&self) -> String {
        let bytes = decode_base64url(self.thumbprint()).unwrap_or_default();
        let group = |pair: &[u8]| pair.iter().map(|byte| format!("{byte:02x}")).collect();
        bytes
            .chunks(2)
            .map(group)
            .collect::<Vec<String>>()
            .join(" ")
    }

    /// Reads one back, as a browser would check it, except that one out of date is still read: it is
    /// signed again then.
    pub fn read(identity: Jwk, jws: &str) -> Result<Self, String> {
        let unchecked = Unchecked::of(jws).ok_or("is not a compact JWS of a key set")?;
        let published = Published {
            identity: identity.clone(),
            keyset: jws.to_owned(),
            identity_change: None,
        };
        let (content, _) = keyset::verify(&published, &unchecked.issuer, None, None, unchecked.iat)
            .map_err(|error| error.to_string())?;
        Ok(Self {
            identity,
            jws: jws.to_owned(),
            content,
        })
    }

    /// Whom it is for.
    pub fn issuer(&self) -> &str {
        &self.content.issuer
    }

    /// Its number.
    pub fn seq(&self) -> i64 {
        self.content.seq
    }

    /// Valid until, seconds.
    pub fn exp(&self) -> i64 {
        self.content.exp
    }

    /// The keys; the first is current.
    pub fn keys(&self) -> &[Jwk] {
        &self.content.keys
    }

    /// Whether it should be signed again.
    pub fn is_due(&self, now: i64) -> bool {
        self.content.exp - now < RENEW_SECONDS
    }
}

/// What the check has to be told beforehand.
#[derive(Deserialize)]
struct Unchecked {
    issuer: String,
    iat: i64,
}

impl Unchecked {
    fn of(jws: &str) -> Option<Self> {
        let payload = decode_base64url(jws.split('.').nth(1)?)?;
        serde_json::from_slice(&payload).ok()
    }
}
