//! RSA private keys by aws-lc-rs: constant-time, and the only implementation that ever holds one.

use aws_lc_rs::{
    encoding::AsDer,
    rand::SystemRandom,
    rsa::{
        KeyPair as SigningPair, KeySize, OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey,
        PrivateDecryptingKey,
    },
    signature::{KeyPair, RSA_PSS_SHA256},
};
use keyseal::envelope::Jwk;
use rustls_pki_types::{PrivatePkcs8KeyDer, pem::PemObject};
use zeroize::Zeroizing;

const SIZE: KeySize = KeySize::Rsa3072;

/// A key that opens what was sealed to it.
pub struct UnwrapKey {
    jwk: Jwk,
    oaep: OaepPrivateDecryptingKey,
}

/// The key that signs the key set.
pub struct IdentityKey {
    jwk: Jwk,
    pair: SigningPair,
}

/// Makes a new private key, as PEM.
pub fn generate() -> Result<Zeroizing<String>, &'static str> {
    let pair = SigningPair::generate(SIZE).map_err(|_| "no key could be made")?;
    let der = AsDer::as_der(&pair).map_err(|_| "no key could be made")?;
    Ok(to_pem(der.as_ref()))
}

impl UnwrapKey {
    /// Reads a PKCS#8 PEM.
    pub fn from_pem(pem: &[u8]) -> Result<Self, &'static str> {
        let der = to_der(pem)?;
        let (n, e) = public_parts(&signing_pair(&der)?);
        let key = PrivateDecryptingKey::from_pkcs8(&der).map_err(|_| NO_RSA)?;
        let oaep = OaepPrivateDecryptingKey::new(key).map_err(|_| NO_RSA)?;
        Ok(Self {
            jwk: Jwk::encryption(&n, &e),
            oaep,
        })
    }

    /// The public half.
    pub fn jwk(&self) -> &Jwk {
        &self.jwk
    }

    /// RSA-OAEP with SHA-256, MGF1 with SHA-256, empty label. Why it failed is not said: answers
    /// that differ would be an oracle.
    pub fn unwrap(&self, encrypted_key: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let mut plaintext = Zeroizing::new(vec![0; self.oaep.min_output_size()]);
        let length = self
            .oaep
            .decrypt(&OAEP_SHA256_MGF1SHA256, encrypted_key, &mut plaintext, None)
            .ok()?
            .len();
        plaintext.truncate(length);
        Some(plaintext)
    }
}

impl IdentityKey {
    /// Reads a PKCS#8 PEM.
    pub fn from_pem(pem: &[u8]) -> Result<Self, &'static str> {
        let pair = signing_pair(&to_der(pem)?)?;
        let (n, e) = public_parts(&pair);
        Ok(Self {
            jwk: Jwk::signature(&n, &e),
            pair,
        })
    }

    /// The public half.
    pub fn jwk(&self) -> &Jwk {
        &self.jwk
    }

    /// PS256 (RFC 7518 section 3.5).
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, &'static str> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(
                &RSA_PSS_SHA256,
                &SystemRandom::new(),
                message,
                &mut signature,
            )
            .map_err(|_| "the key set could not be signed")?;
        Ok(signature)
    }
}

const NO_RSA: &str = "is not an RSA private key of 2048 to 4096 bits";

fn signing_pair(der: &[u8]) -> Result<SigningPair, &'static str> {
    let pair = SigningPair::from_pkcs8(der).map_err(|_| NO_RSA)?;
    if (256..=512).contains(&pair.public_modulus_len()) {
        Ok(pair)
    } else {
        Err(NO_RSA)
    }
}

fn public_parts(pair: &SigningPair) -> (Vec<u8>, Vec<u8>) {
    let public = pair.public_key();
    let bytes = |part: &[u8]| {
        let zeros = part.iter().take_while(|byte| **byte == 0).count();
        part.iter().skip(zeros).copied().collect()
    };
    (
        bytes(public.modulus().big_endian_without_leading_zero()),
        bytes(public.exponent().big_endian_without_leading_zero()),
    )
}

fn to_der(pem: &[u8]) -> Result<Zeroizing<Vec<u8>>, &'static str> {
    let der = PrivatePkcs8KeyDer::from_pem_slice(pem).map_err(|_| "is not a PKCS#8 PEM file")?;
    Ok(Zeroizing::new(der.secret_pkcs8_der().to_vec()))
}

/// RFC 7468.
fn to_pem(der: &[u8]) -> Zeroizing<String> {
    use base64ct::{Base64, Encoding};
    let encoded = Zeroizing::new(Base64::encode_string(der));
    let mut pem = Zeroizing::new(String::with_capacity(
        encoded.len() + encoded.len() / 64 + 64,
    ));
    pem.push_str("-----BEGIN PRIVATE KEY-----\n");
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at(rest.len().min(64));
        pem.push_str(line);
        pem.push('\n');
        rest = more;
    }
    pem.push_str("-----END PRIVATE KEY-----\n");
    pem
}
