//! A key that tokens are checked with. Its type decides the one algorithm that it is good for, so
//! that a token cannot choose (RFC 8725 section 3.1).

use aws_lc_rs::rsa;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
};
use base64ct::{Base64UrlUnpadded, Encoding};
use jsonwebtoken::{Algorithm, DecodingKey};
use rustls_pki_types::{SubjectPublicKeyInfoDer, pem::PemObject};
use serde::Deserialize;

/// RSA keys of fewer bytes are not used.
const RSA_LEAST: usize = 2048 / 8;
const RSA_MOST: usize = 8192 / 8;

/// A key and its algorithm.
#[derive(Clone)]
pub struct TokenKey {
    algorithm: Algorithm,
    key: DecodingKey,
}

/// What of a JWK (RFC 7517) matters here.
#[derive(Deserialize)]
pub struct TokenJwk {
    kty: String,
    /// The name by which tokens ask for it.
    pub kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    key_use: Option<String>,
    key_ops: Option<Vec<String>>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl TokenKey {
    /// A shared secret: HS256.
    pub fn hs256(secret: &[u8]) -> Self {
        Self {
            algorithm: Algorithm::HS256,
            key: DecodingKey::from_secret(secret),
        }
    }

    /// A public key as PEM (`BEGIN PUBLIC KEY`): RSA is RS256, P-256 is ES256, Ed25519 is EdDSA.
    pub fn from_pem(pem: &[u8]) -> Result<Self, &'static str> {
        if pem.windows(11).any(|word| word == b"PRIVATE KEY") {
            return Err("holds a private key: only the public half belongs here");
        }
        let der = SubjectPublicKeyInfoDer::from_pem_slice(pem)
            .map_err(|_| "holds no PEM that begins with BEGIN PUBLIC KEY")?;
        if let Ok(public) = rsa::PublicKey::from_der(&der) {
            let (n, e) = (public.modulus(), public.exponent());
            return Self::rsa(
                n.big_endian_without_leading_zero(),
                e.big_endian_without_leading_zero(),
            )
            .ok_or("holds an RSA key that is not of 2048 to 8192 bits");
        }
        let (algorithm, key) = if ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &der).is_ok() {
            (Algorithm::ES256, DecodingKey::from_ec_der(&der))
        } else if ParsedPublicKey::new(&ED25519, &der).is_ok() {
            (Algorithm::EdDSA, DecodingKey::from_ed_der(&der))
        } else {
            return Err("is neither an RSA, a P-256 nor an Ed25519 key");
        };
        Ok(Self { algorithm, key })
    }

    /// A public key out of a set; `None` for one that is not for checking tokens here. Shared
    /// secrets have no place in a public document.
    pub fn from_jwk(jwk: &TokenJwk) -> Option<Self> {
        let is_for_signatures = jwk.key_use.as_deref().is_none_or(|used| used == "sig")
            && jwk
                .key_ops
                .as_ref()
                .is_none_or(|ops| ops.iter().any(|op| op == "verify"));
        if !is_for_signatures {
            return None;
        }
        let key = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
            ("RSA", _) => Self::rsa(&bytes(&jwk.n)?, &bytes(&jwk.e)?)?,
            ("EC", Some("P-256")) => Self::p256(&bytes(&jwk.x)?, &bytes(&jwk.y)?)?,
            ("OKP", Some("Ed25519")) => Self::ed25519(&bytes(&jwk.x)?)?,
            _ => return None,
        };
        let named = jwk.alg.as_deref().is_none_or(|alg| alg == key.name());
        named.then_some(key)
    }

    /// The algorithm that tokens under it must name.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub(super) fn decoding(&self) -> &DecodingKey {
        &self.key
    }

    fn name(&self) -> &'static str {
        match self.algorithm {
            Algorithm::RS256 => "RS256",
            Algorithm::ES256 => "ES256",
            Algorithm::EdDSA => "EdDSA",
            _ => "HS256",
        }
    }

    fn rsa(n: &[u8], e: &[u8]) -> Option<Self> {
        let public = rsa::PublicKeyComponents { n, e };
        let parsed = public.to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256);
        let sound = parsed.is_ok() && (RSA_LEAST..=RSA_MOST).contains(&n.len());
        sound.then(|| Self {
            algorithm: Algorithm::RS256,
            key: DecodingKey::from_rsa_raw_components(n, e),
        })
    }

    fn p256(x: &[u8], y: &[u8]) -> Option<Self> {
        let point = [&[4][..], x, y].concat();
        let on_curve = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &point).is_ok();
        (x.len() == 32 && y.len() == 32 && on_curve).then(|| Self {
            algorithm: Algorithm::ES256,
            key: DecodingKey::from_ec_der(&point),
        })
    }

    fn ed25519(x: &[u8]) -> Option<Self> {
        let sound = x.len() == 32 && ParsedPublicKey::new(&ED25519, x).is_ok();
        sound.then(|| Self {
            algorithm: Algorithm::EdDSA,
            key: DecodingKey::from_ed_der(x),
        })
    }
}

fn bytes(text: &Option<String>) -> Option<Vec<u8>> {
    Base64UrlUnpadded::decode_vec(text.as_deref()?).ok()
}

#[cfg(test)]
mod tests;
