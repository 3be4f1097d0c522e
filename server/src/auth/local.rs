//! Local mode: one user on this machine. A link that works once is exchanged for a token that the
//! tab keeps; there are no cookies, so another site's page has nothing to ride on.

use std::path::Path;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use serde_json::json;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{
    key::TokenKey,
    token::{TokenCheck, sign_hs256},
};
use crate::{
    config::{ConfigError, secret::SecretFile},
    files,
    http::{Code, Problem},
    store::{Owner, Realm, Store},
};

/// The one user's `sub`.
pub const SUB: &str = "local";
/// How long a link can be exchanged.
pub const LINK_SECONDS: i64 = 600;
const TOKEN_SECONDS: i64 = 24 * 3600;

const FILE: &str = "local.secret";
const WHAT: &str = "the secret of local mode";
const ISSUER: &str = "keyseal";
const LINK: &str = "keyseal-link";
const TOKEN: &str = "keyseal-local";

/// The secret of this machine's links and tokens.
pub struct Local {
    secret: SecretFile,
    links: TokenCheck,
    pub(super) tokens: TokenCheck,
}

impl Local {
    /// Reads the secret; made at first start.
    pub fn open(keys_dir: &Path) -> Result<Self, ConfigError> {
        let path = keys_dir.join(FILE);
        if !path.exists() {
            let failed = |error: std::io::Error| refused(&path, error.to_string());
            files::make_private_dir(keys_dir).map_err(failed)?;
            files::create_once(&path, random_hex().as_bytes()).map_err(failed)?;
        }
        Self::read(&path)
    }

    /// Reads the secret of a companion that has started before: with a new one, a link would be
    /// nobody's.
    pub fn open_kept(keys_dir: &Path) -> Result<Self, ConfigError> {
        let path = keys_dir.join(FILE);
        if !path.exists() {
            return Err(refused(
                &path,
                "no companion has started with this keys_dir: give the command where the companion runs, with the same configuration",
            ));
        }
        Self::read(&path)
    }

    fn read(path: &Path) -> Result<Self, ConfigError> {
        let secret = SecretFile::read(WHAT, path, 32)?;
        Ok(Self {
            links: TokenCheck::new(TokenKey::hs256(secret.expose()), ISSUER, LINK),
            tokens: TokenCheck::new(TokenKey::hs256(secret.expose()), ISSUER, TOKEN),
            secret,
        })
    }

    /// A code for the fragment of a link: good once, for ten minutes, also after a restart.
    pub fn link(&self, now: i64) -> Result<String, Problem> {
        self.sign(LINK, now, LINK_SECONDS)
    }

    /// Exchanges a link's code for a token, once.
    pub async fn exchange(
        &self,
        store: &Store,
        code: &str,
        now: i64,
    ) -> Result<(String, i64), Problem> {
        let used = || {
            Problem::new(
                Code::Unauthorized,
                "The link was used before, has expired, or was printed by another companion.",
            )
            .next("`keyseal-server token` prints a fresh one; so does a restart.")
        };
        let claims = self.links.verify(code).map_err(|_| used())?;
        let jti = claims.text("jti").ok_or_else(used)?;
        let owner = Owner::new(Realm::Local, SUB);
        // Kept longer than the link can be good, leeway included.
        let until = now + 2 * LINK_SECONDS;
        if !store
            .claim_jti(&owner, &format!("link:{jti}"), until)
            .await?
        {
            return Err(used());
        }
        Ok((self.sign(TOKEN, now, TOKEN_SECONDS)?, now + TOKEN_SECONDS))
    }

    fn sign(&self, audience: &str, now: i64, seconds: i64) -> Result<String, Problem> {
        let claims = json!({
            "iss": ISSUER, "aud": audience, "sub": SUB, "iat": now, "exp": now + seconds,
            "jti": Uuid::new_v4().to_string(),
        });
        sign_hs256(self.secret.expose(), &claims).map_err(|error| {
            tracing::error!(%error, "a token could not be signed");
            Code::Unavailable.into()
        })
    }
}

fn refused(path: &Path, reason: impl Into<String>) -> ConfigError {
    ConfigError::Secret {
        what: WHAT.into(),
        path: path.to_owned(),
        reason: reason.into(),
    }
}

fn random_hex() -> Zeroizing<String> {
    let mut bytes = Zeroizing::new([0_u8; 32]);
    SystemRandom::new()
        .fill(bytes.as_mut())
        .expect("the system gives random numbers");
    let mut hex = Zeroizing::new(String::with_capacity(64));
    for byte in bytes.iter() {
        for nibble in [byte >> 4, byte & 0xf] {
            hex.extend(char::from_digit(nibble.into(), 16));
        }
    }
    hex
}
