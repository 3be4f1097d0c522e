// A companion's keys for tests: the private half by aws-lc-rs, as in the server.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{
    KeySize, OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, PrivateDecryptingKey,
};
use aws_lc_rs::signature::{KeyPair, RSA_PSS_SHA256, RsaKeyPair};
use keyseal::envelope::keyset::{Keyset, Published, TYP_KEYSET, signing_input};
use keyseal::envelope::{Jwk, PublicKey, Unwrap, encode_base64url};
use zeroize::Zeroizing;

pub struct CompanionKey {
    pair: RsaKeyPair,
    decrypting: OaepPrivateDecryptingKey,
    public: PublicKey,
}

impl CompanionKey {
    pub fn generate() -> Self {
        let key = PrivateDecryptingKey::generate(KeySize::Rsa2048).expect("a key");
        let der = AsDer::<aws_lc_rs::encoding::Pkcs8V1Der>::as_der(&key).expect("PKCS#8");
        Self::from_pkcs8(der.as_ref())
    }

    pub fn from_pkcs8(der: &[u8]) -> Self {
        let pair = RsaKeyPair::from_pkcs8(der).expect("PKCS#8");
        let decrypting = PrivateDecryptingKey::from_pkcs8(der).expect("PKCS#8");
        let public = PublicKey::from_jwk(&jwk(&pair)).expect("an RSA key");
        Self {
            pair,
            decrypting: OaepPrivateDecryptingKey::new(decrypting).expect("for OAEP"),
            public,
        }
    }

    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    pub fn jwk(&self) -> Jwk {
        jwk(&self.pair)
    }

    /// This key as an identity.
    pub fn identity(&self) -> Jwk {
        let Jwk { n, e, .. } = self.jwk();
        let bytes = |text: &str| keyseal::envelope::decode_base64url(text).expect("base64url");
        Jwk::signature(&bytes(&n), &bytes(&e))
    }

    pub fn sign(&self, typ: &str, payload: &[u8]) -> String {
        let input = signing_input(typ, self.public.kid(), payload);
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(
                &RSA_PSS_SHA256,
                &SystemRandom::new(),
                input.as_bytes(),
                &mut signature,
            )
            .expect("a signature");
        format!("{input}.{}", encode_base64url(&signature))
    }

    pub fn publish(&self, keyset: &Keyset) -> Published {
        Published {
            identity: self.identity(),
            keyset: self.sign(TYP_KEYSET, &keyset.to_json()),
            identity_change: None,
        }
    }
}

impl Unwrap for CompanionKey {
    fn knows(&self, kid: &str) -> bool {
        kid == self.public.kid()
    }

    fn unwrap_key(&self, _: &str, encrypted_key: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let mut output = Zeroizing::new(vec![0; self.decrypting.min_output_size()]);
        let length = self
            .decrypting
            .decrypt(&OAEP_SHA256_MGF1SHA256, encrypted_key, &mut output, None)
            .ok()?
            .len();
        output.truncate(length);
        Some(output)
    }
}

fn jwk(pair: &RsaKeyPair) -> Jwk {
    let public = pair.public_key();
    Jwk::encryption(
        public.modulus().big_endian_without_leading_zero(),
        public.exponent().big_endian_without_leading_zero(),
    )
}
