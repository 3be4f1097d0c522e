//! What the operator wrote: one TOML file, each scalar also by environment
//! (`KEYSEAL__DATABASE_URL`), checked once at start.

mod auth;
mod check;
mod error;
mod fees;
mod file;
pub mod hosts;
mod named;
pub mod secret;
mod tiers;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use keyseal::envelope::Secret;
use url::Url;

pub use self::{
    error::ConfigError,
    file::{Audit, Limits, Unwrap, Upstream},
    named::{NamedFile, named_files},
    tiers::{Relay, Tier, Tiers},
};
use self::{hosts::HostPattern, secret::SecretFile};
use crate::auth::key::TokenKey;
use crate::usage::fee::Fees;

/// The checked configuration.
pub struct Config {
    /// Where the API listens.
    pub listen: SocketAddr,
    /// Where the metrics are; none are counted where nothing is said.
    pub metrics_listen: Option<SocketAddr>,
    /// What browsers call it; `None` until the port is known, where the port was 0.
    public_url: Option<Url>,
    /// The database's folder on SQLite.
    pub data_dir: PathBuf,
    /// The private keys' folder.
    pub keys_dir: PathBuf,
    /// `sqlite://…` or `postgres://…`.
    pub database_url: String,
    /// The built page, served at `/`.
    pub page_dir: Option<PathBuf>,
    /// Who may call.
    pub auth: Auth,
    /// Other origins whose pages may call.
    pub cors_origins: Vec<String>,
    /// Origins whose pages may hold the isolated frame; none: there is no frame.
    pub frame_origins: Vec<String>,
    /// What differs from the catalogue, by provider.
    pub providers: BTreeMap<String, Provider>,
    /// What a tier may do.
    pub tiers: Tiers,
    /// How long unwrapped keys live.
    pub unwrap: Unwrap,
    /// Timeouts towards providers.
    pub upstream: Upstream,
    /// Sizes and rates.
    pub limits: Limits,
    /// What is taken for requests under users' own keys.
    pub fees: Fees,
    /// How long the audit keeps what it wrote down.
    pub audit: Audit,
}

/// How callers prove who they are.
pub enum Auth {
    /// One user, on loopback only.
    Local,
    /// Tokens of the app's own issuer.
    Jwt(Jwt),
}

/// What a token must show.
pub struct Jwt {
    /// `iss`.
    pub issuer: String,
    /// `aud`.
    pub audience: String,
    /// The key tokens are signed with; its kind pins `alg`.
    pub key: JwtKey,
}

/// The key that tokens are checked with.
pub enum JwtKey {
    /// A shared secret of at least 32 bytes.
    Hs256(SecretFile),
    /// The issuer's public key.
    Public(TokenKey),
    /// The keys that an identity provider publishes.
    Jwks(JwksAt),
}

/// Where an identity provider publishes its keys, and how often it is asked.
pub struct JwksAt {
    /// The JSON Web Key Set.
    pub url: Url,
    /// It may be at a private address.
    pub allow_private: bool,
    /// An extra root for it.
    pub ca_file: Option<PathBuf>,
    /// Asked this often.
    pub refresh_seconds: u64,
    /// Asked out of turn, for a token under an unknown key, at most this often.
    pub cooldown_seconds: u64,
}

/// What the operator changed for one provider.
#[derive(Default)]
pub struct Provider {
    /// Another origin, for instance a gateway; a path in it is put in front.
    pub origin: Option<Url>,
    /// The origin may be at a private address.
    pub allow_private: bool,
    /// An extra root for a private endpoint.
    pub ca_file: Option<PathBuf>,
    /// The operator's own key, lent to those who may use it.
    pub platform_key: Option<Arc<Secret>>,
    /// Hosts a user may seal into a key.
    pub custom_hosts: Vec<HostPattern>,
}

impl Config {
    /// Reads the file, if one is named, then the environment; refuses what it does not know.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        check::checked(file::read(file, None)?, file)
    }

    /// As [`Config::load`], with the given variables in the environment's place.
    pub fn from_pairs(file: Option<&Path>, pairs: &[(&str, &str)]) -> Result<Self, ConfigError> {
        check::checked(file::read(file, Some(pairs))?, file)
    }

    /// Whether this is the one-user mode.
    pub fn is_local(&self) -> bool {
        matches!(self.auth, Auth::Local)
    }

    /// Whether tokens would pass over a network in clear: only this machine is listened to, or
    /// something in front does TLS.
    pub fn is_plain_to_others(&self) -> bool {
        let scheme = self.public_url.as_ref().map_or("http", Url::scheme);
        !self.listen.ip().is_loopback() && scheme != "https"
    }

    /// What browsers call this server, without a trailing slash; the key set's issuer.
    pub fn public_url(&self) -> String {
        let url = match &self.public_url {
            Some(url) => url.to_string(),
            None => format!("http://{}", self.listen),
        };
        url.trim_end_matches('/').to_owned()
    }

    /// The origin and authority of [`Config::public_url`].
    pub fn public_origin(&self) -> (String, String) {
        let url = self.public_url();
        let authority = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
        let authority = authority.split('/').next().unwrap_or_default().to_owned();
        let scheme = url.split("://").next().unwrap_or_default();
        (format!("{scheme}://{authority}"), authority)
    }

    /// Whether a page of that origin may call: the companion's own, or one that is allowed.
    pub fn admits_origin(&self, value: &str) -> bool {
        value == self.public_origin().0 || self.cors_origins.iter().any(|allowed| allowed == value)
    }

    /// The database's file, on SQLite.
    pub fn database_file(&self) -> Option<PathBuf> {
        crate::store::sqlite_file(&self.database_url)
    }

    /// Fills in the port the system gave, where `listen` asked for any.
    pub fn bound_to(&mut self, address: SocketAddr) {
        self.listen = address;
    }
}
