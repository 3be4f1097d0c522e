//! One kind of token: who signs it, with what, for whom.

use jsonwebtoken::{
    Algorithm, EncodingKey, Header, Validation, decode, decode_header, encode, errors::ErrorKind,
};
use serde::{Deserialize, Serialize};

use super::key::TokenKey;
use crate::http::{Code, Problem};

/// Tokens longer than this are not looked at.
const LONGEST: usize = 8_192;
/// By so much clocks may differ.
pub const LEEWAY_SECONDS: u64 = 60;

/// What tokens of one issuer for one audience must show, whoever signs them.
pub struct Rules {
    validation: Validation,
    issuer: String,
}

/// Checks tokens of one issuer under one key.
pub struct TokenCheck {
    key: TokenKey,
    rules: Rules,
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

impl Rules {
    /// For this issuer and audience.
    pub fn new(issuer: &str, audience: &str) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = LEEWAY_SECONDS;
        validation.validate_nbf = true;
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        Self {
            validation,
            issuer: issuer.to_owned(),
        }
    }

    /// The name of the key and the algorithm that a token asks for: no more than a wish.
    pub fn wish(token: &str) -> Result<(Option<String>, Algorithm), Problem> {
        if token.len() > LONGEST {
            return Err(not_accepted());
        }
        let header = decode_header(token).map_err(|_| not_accepted())?;
        Ok((header.kid, header.alg))
    }

    /// The token's claims, if it is good under this key. The key says the algorithm.
    pub fn verify(&self, token: &str, key: &TokenKey) -> Result<Claims, Problem> {
        if token.len() > LONGEST {
            return Err(not_accepted());
        }
        let mut validation = self.validation.clone();
        validation.algorithms = vec![key.algorithm()];
        let data =
            decode::<Claims>(token, key.decoding(), &validation).map_err(|error| {
                match error.kind() {
                    ErrorKind::ExpiredSignature => expired(),
                    _ => not_accepted(),
                }
            })?;
        // `crit` asks for what this program does not do (RFC 7515 section 4.1.11), and a list of
        // issuers is nobody's.
        let claims = data.claims;
        if data.header.crit.is_some() || claims.iss != self.issuer || !is_sub(&claims.sub) {
            return Err(not_accepted());
        }
        Ok(claims)
    }
}

impl TokenCheck {
    /// Tokens under this key.
    pub fn new(key: TokenKey, issuer: &str, audience: &str) -> Self {
        Self {
            key,
            rules: Rules::new(issuer, audience),
        }
    }

    /// The token's claims, if it is good.
    pub fn verify(&self, token: &str) -> Result<Claims, Problem> {
        self.rules.verify(token, &self.key)
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

/// No key, no signature, or no claims that count here; which of them is not said.
pub fn not_accepted() -> Problem {
    Problem::new(Code::Unauthorized, "The token is not accepted here.")
        .next("Sign in again; if that does not help, the app's issuer, audience or key differs from the companion's.")
}

fn expired() -> Problem {
    Problem::new(Code::Unauthorized, "The token has expired.").next("Sign in again.")
}
