//! From a token to a caller.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use keyseal::{catalogue::looks_like_key, envelope::sha256};

use super::{
    Caller,
    jwks::{Jwks, NoKey, Seen},
    key::TokenKey,
    local::Local,
    token::{Claims, Rules, TokenCheck, not_accepted},
};
use crate::{
    clock,
    config::{Auth, Config, ConfigError, Jwt, JwtKey},
    http::{Code, Problem},
    outgoing::Document,
    store::{Owner, Realm},
};

/// Above this many remembered tokens the expired ones are dropped, and then all.
const MANY: usize = 10_000;
/// The longest key set that is read.
const JWKS_BYTES: usize = 256 * 1024;

/// Checks tokens and remembers those it checked.
pub struct Verifier {
    mode: Mode,
    verified: Mutex<Verified>,
}

enum Mode {
    Local(Box<Local>),
    Jwt(Box<TokenCheck>),
    Jwks(Box<ByUrl>),
}

/// Tokens of an identity provider whose keys change.
struct ByUrl {
    jwks: Jwks,
    rules: Rules,
    refresh: Duration,
    cooldown: Duration,
}

/// Tokens that were found good.
#[derive(Default)]
struct Verified {
    /// By SHA-256 of the whole token: a part of it would let one token pass for another
    /// (CVE-2026-35030).
    by_hash: HashMap<[u8; 32], Arc<Caller>>,
    /// Of the key set under which they were: none outlives its key.
    generation: u64,
}

impl Verifier {
    /// For the configured mode; in local mode its secret is made at first start.
    pub fn open(config: &Config) -> Result<Self, ConfigError> {
        let mode = match &config.auth {
            Auth::Local => Mode::Local(Box::new(Local::open(&config.keys_dir)?)),
            Auth::Jwt(jwt) => by_tokens(jwt, config)?,
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
            Mode::Jwt(_) | Mode::Jwks(_) => None,
        }
    }

    /// Whether tokens can be checked: not before an identity provider's keys were fetched.
    pub fn is_ready(&self) -> bool {
        match &self.mode {
            Mode::Jwks(by_url) => by_url.jwks.is_ready(),
            Mode::Local(_) | Mode::Jwt(_) => true,
        }
    }

    /// Keeps an identity provider's keys fresh; ends at once where there is none to ask.
    pub async fn follow(&self) {
        let Mode::Jwks(by_url) = &self.mode else {
            return;
        };
        loop {
            let pause = match by_url.jwks.refresh().await {
                true => by_url.refresh,
                false => by_url.cooldown,
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// Asks an identity provider for its keys, to see whether it can be done; `None` where there is
    /// none to ask.
    pub async fn examine(&self) -> Option<Result<Seen, String>> {
        match &self.mode {
            Mode::Jwks(by_url) => Some(by_url.jwks.examine().await),
            Mode::Local(_) | Mode::Jwt(_) => None,
        }
    }

    /// The caller that a token stands for.
    pub async fn verify(&self, token: &str, config: &Config) -> Result<Arc<Caller>, Problem> {
        let hash = sha256(token.as_bytes());
        // Taken before the key is looked up: what is verified under a key that goes meanwhile is
        // not remembered.
        let generation = self.generation();
        if let Some(caller) = self.remembered(&hash, generation) {
            return Ok(caller);
        }
        if looks_like_key(token).is_some() {
            return Err(Problem::new(
                Code::ProviderKeyAsToken,
                "A provider's key was sent where the companion's token belongs. It was not logged or stored.",
            )
            .next("Send the app's token; if this key was meant for someone else's eyes, revoke it at the provider."));
        }
        let (claims, realm) = match &self.mode {
            Mode::Local(local) => (local.tokens.verify(token)?, Realm::Local),
            Mode::Jwt(check) => (check.verify(token)?, Realm::Jwt),
            Mode::Jwks(by_url) => (by_url.verify(token).await?, Realm::Jwt),
        };
        let caller = Arc::new(caller(claims, hash, realm, config));
        self.remember(hash, &caller, generation);
        Ok(caller)
    }

    /// Grows with every change of the keys that tokens are checked with.
    pub fn generation(&self) -> u64 {
        match &self.mode {
            Mode::Jwks(by_url) => by_url.jwks.generation(),
            Mode::Local(_) | Mode::Jwt(_) => 0,
        }
    }

    /// Never past `exp`.
    fn remembered(&self, hash: &[u8; 32], generation: u64) -> Option<Arc<Caller>> {
        let verified = self.verified.lock().unwrap_or_else(PoisonError::into_inner);
        let caller = verified.by_hash.get(hash)?;
        let holds = verified.generation == generation && clock::seconds() < caller.exp;
        holds.then(|| Arc::clone(caller))
    }

    fn remember(&self, hash: [u8; 32], caller: &Arc<Caller>, generation: u64) {
        let now = clock::seconds();
        if caller.exp <= now || self.generation() != generation {
            return;
        }
        let mut verified = self.verified.lock().unwrap_or_else(PoisonError::into_inner);
        if verified.generation != generation {
            verified.by_hash.clear();
            verified.generation = generation;
        }
        if verified.by_hash.len() >= MANY {
            verified.by_hash.retain(|_, caller| now < caller.exp);
        }
        if verified.by_hash.len() >= MANY {
            verified.by_hash.clear();
        }
        verified.by_hash.insert(hash, Arc::clone(caller));
    }
}

fn by_tokens(jwt: &Jwt, config: &Config) -> Result<Mode, ConfigError> {
    let check = |key| Mode::Jwt(Box::new(TokenCheck::new(key, &jwt.issuer, &jwt.audience)));
    Ok(match &jwt.key {
        JwtKey::Hs256(secret) => check(TokenKey::hs256(secret.expose())),
        JwtKey::Public(key) => check(key.clone()),
        JwtKey::Jwks(at) => {
            let ca_file = at.ca_file.as_deref();
            let document = Document::new(
                &at.url,
                at.allow_private,
                ca_file,
                &config.upstream,
                JWKS_BYTES,
            );
            let document =
                document.map_err(|reason| ConfigError::value("auth.jwks_ca_file", reason))?;
            let cooldown = Duration::from_secs(at.cooldown_seconds);
            Mode::Jwks(Box::new(ByUrl {
                jwks: Jwks::new(document, cooldown),
                rules: Rules::new(&jwt.issuer, &jwt.audience),
                refresh: Duration::from_secs(at.refresh_seconds),
                cooldown,
            }))
        }
    })
}

impl ByUrl {
    async fn verify(&self, token: &str) -> Result<Claims, Problem> {
        let (kid, algorithm) = Rules::wish(token)?;
        let key = self.jwks.key(kid.as_deref(), algorithm).await;
        let key = key.map_err(|none| match none {
            NoKey::Unknown => not_accepted(),
            NoKey::NotFetched => Problem::new(
                Code::Unavailable,
                "Tokens cannot be checked: the identity provider's keys could not be fetched.",
            )
            .next("Try again in a moment; the operator finds the reason in the log.")
            .retry_after(self.cooldown.as_secs().max(1)),
        })?;
        self.rules.verify(token, &key)
    }
}

fn caller(claims: Claims, token_hash: [u8; 32], realm: Realm, config: &Config) -> Caller {
    Caller {
        tier: config.tiers.resolve(claims.text("tier")).0.to_owned(),
        org: claims.text("org").map(str::to_owned),
        role: claims.text("role").map(str::to_owned),
        token_hash,
        exp: claims.exp as i64,
        owner: Owner::new(realm, claims.sub),
    }
}

#[cfg(test)]
mod tests;
