//! From what was written to what can be used.

use std::{
    net::{IpAddr, SocketAddr},
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::Arc,
};

use keyseal::envelope::Secret;
use url::{Host, Url};

use super::{
    Auth, Config, ConfigError, Provider, auth, fees,
    file::{Raw, RawProvider},
    hosts::HostPattern,
    secret::SecretFile,
    tiers,
};

/// No provider's keys are shorter.
const PLATFORM_KEY_BYTES: usize = 8;

/// Checks the whole.
pub fn checked(raw: Raw, file: Option<&Path>) -> Result<Config, ConfigError> {
    let listen = address("listen", &raw.listen)?;
    let metrics_listen = raw.metrics_listen.as_deref();
    let metrics_listen = metrics_listen.map(|text| address("metrics_listen", text));
    let public_url = raw.public_url.as_deref().map(public_url).transpose()?;
    let auth = auth::checked(raw.auth)?;
    if matches!(auth, Auth::Local) {
        local_is_loopback(listen, public_url.as_ref())?;
    }
    let database_url = match raw.database_url {
        Some(url) => url,
        None => format!("sqlite://{}/keyseal.db", raw.data_dir.display()),
    };
    database(&database_url, file)?;
    patience("limits.head_seconds", raw.limits.head_seconds)?;
    patience("limits.body_pause_seconds", raw.limits.body_pause_seconds)?;
    let answer_pause = raw.limits.answer_pause_seconds;
    patience("limits.answer_pause_seconds", answer_pause)?;
    let mut providers = std::collections::BTreeMap::new();
    for (id, written) in raw.providers {
        let checked = provider(&id, written)?;
        providers.insert(id, checked);
    }
    Ok(Config {
        listen,
        metrics_listen: metrics_listen.transpose()?,
        public_url,
        data_dir: raw.data_dir,
        keys_dir: raw.keys_dir,
        database_url,
        page_dir: raw.page_dir,
        auth,
        cors_origins: origins("cors.origins", &raw.cors.origins)?,
        frame_origins: origins("frame.origins", &raw.frame.origins)?,
        providers,
        tiers: tiers::checked(raw.tiers, &raw.limits)?,
        unwrap: raw.unwrap,
        upstream: raw.upstream,
        limits: raw.limits,
        fees: fees::checked(&raw.fees)?,
        audit: raw.audit,
    })
}

fn address(key: &str, text: &str) -> Result<SocketAddr, ConfigError> {
    let reason = "must be an address and a port, as in 127.0.0.1:8787";
    text.parse().map_err(|_| ConfigError::value(key, reason))
}

/// Longer than a day is no limit, and times are added up.
fn patience(key: &str, seconds: u64) -> Result<(), ConfigError> {
    match seconds {
        1..=86_400 => Ok(()),
        _ => Err(ConfigError::value(
            key,
            "must be a second or more, and a day at most",
        )),
    }
}

fn public_url(text: &str) -> Result<Url, ConfigError> {
    let refuse = |reason: &str| ConfigError::value("public_url", reason);
    let url = Url::parse(text).map_err(|_| refuse("must be a URL"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(refuse("must be an http or https URL with a host"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(refuse("must have no query or fragment"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refuse("must not hold a user name or password"));
    }
    Ok(url)
}

fn origins(what: &str, written: &[String]) -> Result<Vec<String>, ConfigError> {
    written.iter().map(|text| page_origin(what, text)).collect()
}

fn page_origin(what: &str, text: &str) -> Result<String, ConfigError> {
    let refuse = || {
        ConfigError::value(
            what,
            format!(
                "`{text}` must be an origin, as in https://app.example.com; neither `*` nor `null`"
            ),
        )
    };
    let url = Url::parse(text).map_err(|_| refuse())?;
    let origin = url.origin();
    // A host may hold a star; in a policy it would stand for any name.
    if !origin.is_tuple() || !matches!(url.scheme(), "http" | "https") || text.contains('*') {
        return Err(refuse());
    }
    let written = text.trim_end_matches('/');
    let canonical = origin.ascii_serialization();
    if written != canonical {
        Err(refuse())
    } else {
        Ok(canonical)
    }
}

/// One user without a password: only this machine may reach it.
fn local_is_loopback(listen: SocketAddr, public_url: Option<&Url>) -> Result<(), ConfigError> {
    if !listen.ip().is_loopback() {
        return Err(ConfigError::value(
            "listen",
            "local mode listens on loopback only (127.0.0.1 or [::1]); other machines need `auth.mode = \"jwt\"`",
        ));
    }
    let loopback = match public_url.and_then(Url::host) {
        None => true,
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => IpAddr::V4(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::V6(ip).is_loopback(),
    };
    if loopback {
        return Ok(());
    }
    Err(ConfigError::value(
        "public_url",
        "must name this machine's loopback in local mode",
    ))
}

/// A password in a file that anyone may read is no secret.
fn database(url: &str, file: Option<&Path>) -> Result<(), ConfigError> {
    if url.starts_with("sqlite:") {
        return Ok(());
    }
    if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
        return Err(ConfigError::value(
            "database_url",
            "must begin with sqlite:// or postgres://",
        ));
    }
    let password = Url::parse(url)
        .ok()
        .and_then(|url| url.password().map(str::to_owned));
    let (Some(password), Some(path)) = (password, file) else {
        return Ok(());
    };
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let mode = std::fs::metadata(path).map_or(0, |meta| meta.permissions().mode());
    if !password.is_empty() && text.contains(url) && mode & 0o007 != 0 {
        return Err(ConfigError::Secret {
            what: "database_url in".into(),
            path: path.to_owned(),
            reason: "holds a password and the file is open to other users: chmod 600 it, or set KEYSEAL__DATABASE_URL".into(),
        });
    }
    Ok(())
}

fn provider(id: &str, raw: RawProvider) -> Result<Provider, ConfigError> {
    let key = |name: &str| format!("providers.{id}.{name}");
    if keyseal::catalogue::find(id).is_none() {
        return Err(ConfigError::value(
            format!("providers.{id}"),
            "is no provider of the catalogue",
        ));
    }
    let origin = match raw.origin {
        None => None,
        Some(text) => Some(
            origin(&text, raw.allow_private)
                .map_err(|reason| ConfigError::value(key("origin"), reason))?,
        ),
    };
    let patterns = raw.custom_hosts.iter().map(|text| {
        HostPattern::parse(text).ok_or_else(|| {
            ConfigError::value(
                key("custom_hosts"),
                format!("`{text}` must be a host name, optionally with a port; `*` stands for one label; no IP addresses"),
            )
        })
    });
    if raw.allow_private && origin.is_none() {
        return Err(ConfigError::value(
            key("allow_private"),
            "lifts the guard for `origin` alone; name one",
        ));
    }
    let platform_key = match &raw.platform_key_file {
        None => None,
        Some(path) => Some(platform_key(key("platform_key_file"), path)?),
    };
    Ok(Provider {
        platform_key,
        allow_private: raw.allow_private,
        ca_file: raw.ca_file,
        custom_hosts: patterns.collect::<Result<_, _>>()?,
        origin,
    })
}

/// The operator's own key: its file is a secret like any other, and it must fit into a header.
pub(super) fn platform_key(what: String, path: &Path) -> Result<Arc<Secret>, ConfigError> {
    let file = SecretFile::read(what.clone(), path, PLATFORM_KEY_BYTES)?;
    let text = std::str::from_utf8(file.expose()).ok();
    let visible = |text: &&str| text.bytes().all(|byte| byte.is_ascii_graphic());
    let key = text.filter(visible).ok_or_else(|| ConfigError::Secret {
        what,
        path: path.to_owned(),
        reason: "must hold one key and nothing else, in visible ASCII".into(),
    })?;
    Ok(Arc::new(Secret::new(key.to_owned())))
}

fn origin(text: &str, allow_private: bool) -> Result<Url, &'static str> {
    let url = https_url(text, allow_private)?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err("must have no query or fragment");
    }
    Ok(url)
}

/// An https URL, or with `allow_private` an http one.
pub fn https_url(text: &str, allow_private: bool) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "must be a URL")?;
    match url.scheme() {
        "https" => {}
        "http" if allow_private => {}
        "http" => {
            return Err(
                "must be https (plain http only at a private address, with `allow_private = true`)",
            );
        }
        _ => return Err("must be an https URL"),
    }
    if url.host().is_none() {
        return Err("must name a host");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not hold a user name or password");
    }
    Ok(url)
}
