//! `[auth]`: one mode, and in jwt mode exactly one kind of key.

use std::{os::unix::fs::PermissionsExt, path::Path};

use url::Url;

use super::{Auth, ConfigError, JwksAt, Jwt, JwtKey, check, file::RawAuth, secret::SecretFile};
use crate::auth::key::TokenKey;

/// Checks the table.
pub fn checked(raw: RawAuth) -> Result<Auth, ConfigError> {
    match raw.mode.as_str() {
        "local" => local(&raw),
        "jwt" => jwt(raw).map(Auth::Jwt),
        _ => Err(ConfigError::value("auth.mode", "must be `local` or `jwt`")),
    }
}

fn local(raw: &RawAuth) -> Result<Auth, ConfigError> {
    let set = [
        ("auth.issuer", raw.issuer.is_some()),
        ("auth.audience", raw.audience.is_some()),
        ("auth.hs256_secret_file", raw.hs256_secret_file.is_some()),
        ("auth.public_key_file", raw.public_key_file.is_some()),
        ("auth.jwks_url", raw.jwks_url.is_some()),
        ("auth.jwks_ca_file", raw.jwks_ca_file.is_some()),
    ];
    match set.iter().find(|(_, set)| *set) {
        Some((key, _)) => Err(ConfigError::value(
            *key,
            "has no effect in local mode; say `auth.mode = \"jwt\"` or remove it",
        )),
        None => Ok(Auth::Local),
    }
}

fn jwt(raw: RawAuth) -> Result<Jwt, ConfigError> {
    let named = |key: &str, value: &Option<String>| match value {
        Some(value) if !value.trim().is_empty() => Ok(value.clone()),
        _ => Err(ConfigError::value(
            key,
            "is needed in jwt mode and must not be empty",
        )),
    };
    Ok(Jwt {
        issuer: named("auth.issuer", &raw.issuer)?,
        audience: named("auth.audience", &raw.audience)?,
        key: key(raw)?,
    })
}

fn key(raw: RawAuth) -> Result<JwtKey, ConfigError> {
    if raw.jwks_url.is_none() && (raw.jwks_allow_private || raw.jwks_ca_file.is_some()) {
        return Err(ConfigError::value(
            "auth.jwks_url",
            "is missing: `jwks_allow_private` and `jwks_ca_file` are for it alone",
        ));
    }
    match (raw.hs256_secret_file, raw.public_key_file, raw.jwks_url) {
        (Some(path), None, None) => {
            SecretFile::read("auth.hs256_secret_file", &path, 32).map(JwtKey::Hs256)
        }
        (None, Some(path), None) => public_key(&path).map(JwtKey::Public),
        (None, None, Some(url)) => Ok(JwtKey::Jwks(JwksAt {
            url: jwks_url(&url, raw.jwks_allow_private)?,
            allow_private: raw.jwks_allow_private,
            ca_file: raw.jwks_ca_file,
            refresh_seconds: at_least_one("auth.jwks_refresh_seconds", raw.jwks_refresh_seconds)?,
            cooldown_seconds: at_least_one(
                "auth.jwks_cooldown_seconds",
                raw.jwks_cooldown_seconds,
            )?,
        })),
        (None, None, None) => Err(ConfigError::value(
            "auth.hs256_secret_file",
            "is needed in jwt mode: a file of at least 32 random bytes, mode 0600; or `public_key_file`, or `jwks_url`",
        )),
        _ => Err(ConfigError::value(
            "auth",
            "names more than one of `hs256_secret_file`, `public_key_file` and `jwks_url`: which keys count must be plain",
        )),
    }
}

/// It is no secret, but whoever can change it is every user.
pub(super) fn public_key(path: &Path) -> Result<TokenKey, ConfigError> {
    let refuse = |reason: String| ConfigError::Secret {
        what: "auth.public_key_file".into(),
        path: path.to_owned(),
        reason,
    };
    let read = std::fs::read(path).and_then(|pem| Ok((pem, std::fs::metadata(path)?)));
    let (pem, meta) = read.map_err(|error| refuse(format!("cannot be read: {error}")))?;
    let mode = meta.permissions().mode() & 0o777;
    if mode & 0o002 != 0 {
        return Err(refuse(format!(
            "can be changed by every user (mode {mode:04o}): chmod 644 it"
        )));
    }
    TokenKey::from_pem(&pem).map_err(|reason| refuse(reason.to_owned()))
}

fn jwks_url(text: &str, allow_private: bool) -> Result<Url, ConfigError> {
    let refuse = |reason: &str| ConfigError::value("auth.jwks_url", reason);
    let url = check::https_url(text, allow_private)
        .map_err(|reason| refuse(&reason.replace("allow_private", "jwks_allow_private")))?;
    match url.fragment() {
        None => Ok(url),
        Some(_) => Err(refuse("must have no fragment")),
    }
}

fn at_least_one(key: &str, seconds: u64) -> Result<u64, ConfigError> {
    if seconds == 0 {
        return Err(ConfigError::value(key, "must be at least 1"));
    }
    Ok(seconds)
}
