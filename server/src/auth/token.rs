//! One kind of token: who signs it, with what, for whom.

use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode, errors::ErrorKind,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::http::{Code, Problem};

/// Tokens longer than this are not looked at.
const LONGEST: usize = 8_192;
const LEEWAY_SECONDS: u64 = 60;

/// Checks tokens of one issuer for one audience; `alg` is pinned by the kind of key.
pub struct TokenCheck {
    key: DecodingKey,
    validation: Validation,
    issuer: String,
}

/// The claims that every token has here.
#[derive(Serialize, Deserialize)]
pub struct Claims {
    /// Whom the token is of; never empty.
    pub sub: String,
    /// Exactly one issuer.
    pub iss: String,
    /// When it ends. A number, as RFC 7519 has it: not always a whole one.
    pub exp: f64,
    /// The claims beyond.
    #[serde(flatten)]
    pub more: serde_json::Map<String, serde_json::Value>,
}

impl Claims {
    /// A claim that is a string.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.more.get(name)?.as_str()
    }
}

impl TokenCheck {
    /// Tokens under a shared secret.
    pub fn hs256(secret: &[u8], issuer: &str, audience: &str) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = LEEWAY_SECONDS;
        validation.validate_nbf = true;
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        Self {
            key: DecodingKey::from_secret(secret),
            validation,
            issuer: issuer.to_owned(),
        }
    }

    /// The token's claims, if it is good.
    pub fn verify<T: DeserializeOwned + AsRef<Claims>>(&self, token: &str) -> Result<T, Problem> {
        if token.len() > LONGEST {
            return Err(not_accepted());
        }
        let data = decode::<T>(token, &self.key, &self.validation).map_err(|error| match error
            .kind()
        {
            ErrorKind::ExpiredSignature => expired(),
            _ => not_accepted(),
        })?;
        let claims = data.claims.as_ref();
        // `crit` asks for what this program does not do (RFC 7515 section 4.1.11), and a list of
        // issuers is nobody's.
        if data.header.crit.is_some() || claims.iss != self.issuer || !is_sub(&claims.sub) {
            return Err(not_accepted());
        }
        Ok(data.claims)
    }
}

impl AsRef<Claims> for Claims {
    fn as_ref(&self) -> &Claims {
        self
    }
}

/// Signs claims under a shared secret.
pub fn sign_hs256(
    secret: &[u8],
    claims: &impl Serialize,
) -> Result<String, jsonwebtoken::errors::Error> {
    encode(
        &Header::new(Algorithm::HS256),
        claims,
        &EncodingKey::from_secret(secret),
    )
}

/// Not empty, short enough for a sealed key, and storable.
fn is_sub(sub: &str) -> bool {
    (1..=255).contains(&sub.len()) && !sub.chars().any(char::is_control)
}

fn not_accepted() -> Problem {
    Problem::new(Code::Unauthorized, "The token is not accepted here.")
        .next("Sign in again; if that does not help, the app's issuer, audience or secret differs from the companion's.")
}

fn expired() -> Problem {
    Problem::new(Code::Unauthorized, "The token has expired.").next("Sign in again.")
}
