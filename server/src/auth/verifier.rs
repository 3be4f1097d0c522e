//! From a token to a caller.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use keyseal::{catalogue::looks_like_key, envelope::sha256};

use super::{
    Caller,
    local::Local,
    token::{Claims, TokenCheck},
};
use crate::{
    clock,
    config::{Auth, Config, ConfigError, JwtKey},
    http::{Code, Problem},
    store::{Owner, Realm},
};

/// Above this many remembered tokens the expired ones are dropped, and then all.
const MANY: usize = 10_000;

/// Checks tokens and remembers those it checked.
pub struct Verifier {
    mode: Mode,
    /// By SHA-256 of the whole token: a part of it would let one token pass for another
    /// (CVE-2026-35030).
    verified: Mutex<HashMap<[u8; 32], Arc<Caller>>>,
}

enum Mode {
    Local(Box<Local>),
    Jwt(Box<TokenCheck>),
}

impl Verifier {
    /// For the configured mode; in local mode its secret is made at first start.
    pub fn open(config: &Config) -> Result<Self, ConfigError> {
        let mode = match &config.auth {
            Auth::Local => Mode::Local(Box::new(Local::open(&config.keys_dir)?)),
            Auth::Jwt(jwt) => {
                let JwtKey::Hs256(secret) = &jwt.key;
                Mode::Jwt(Box::new(TokenCheck::hs256(
                    secret.expose(),
                    &jwt.issuer,
                    &jwt.audience,
                )))
            }
        };
        Ok(Self {
            mode,
            verified: Mutex::default(),
        })
    }

    /// Local mode's links and tokens.
    pub fn local(&self) -> Option<&Local> {
        match &self.mode {
            Mode::Local(local) => Some(local),
            Mode::Jwt(_) => None,
        }
    }

    /// The caller that a token stands for.
    pub fn verify(&self, token: &str, config: &Config) -> Result<Arc<Caller>, Problem> {
        let hash = sha256(token.as_bytes());
        if let Some(caller) = self.remembered(&hash) {
            return Ok(caller);
        }
        if looks_like_key(token).is_some() {
            return Err(Problem::new(
                Code::ProviderKeyAsToken,
                "A provider's key was sent where the companion's token belongs. It was not logged or stored.",
            )
            .next("Send the app's token; if this key was meant for someone else's eyes, revoke it at the provider."));
        }
        let (check, realm) = match &self.mode {
            Mode::Local(local) => (&local.tokens, Realm::Local),
            Mode::Jwt(check) => (&**check, Realm::Jwt),
        };
        let claims: Claims = check.verify(token)?;
        let caller = Arc::new(Caller {
            tier: config.tiers.resolve(claims.text("tier")).0.to_owned(),
            org: claims.text("org").map(str::to_owned),
            role: claims.text("role").map(str::to_owned),
            token_hash: hash,
            exp: claims.exp as i64,
            owner: Owner::new(realm, claims.sub),
        });
        self.remember(hash, &caller);
        Ok(caller)
    }

    /// Never past `exp`.
    fn remembered(&self, hash: &[u8; 32]) -> Option<Arc<Caller>> {
        let verified = self.verified.lock().unwrap_or_else(PoisonError::into_inner);
        verified
            .get(hash)
            .filter(|caller| clock::seconds() < caller.exp)
            .cloned()
    }

    fn remember(&self, hash: [u8; 32], caller: &Arc<Caller>) {
        let now = clock::seconds();
        if caller.exp <= now {
            return;
        }
        let mut verified = self.verified.lock().unwrap_or_else(PoisonError::into_inner);
        if verified.len() >= MANY {
            verified.retain(|_, caller| now < caller.exp);
        }
        if verified.len() >= MANY {
            verified.clear();
        }
        verified.insert(hash, Arc::clone(caller));
    }
}

#[cfg(test)]
mod tests;
