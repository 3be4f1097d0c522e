//! The shape of the file: every key there is, with its default. Anything else is refused by name.

use std::{collections::BTreeMap, fmt, path::Path, path::PathBuf};

use config::{Config, Environment, File, FileFormat};
use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, SeqAccess, Visitor},
};

use super::ConfigError;

/// The file as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Raw {
    pub listen: String,
    pub metrics_listen: Option<String>,
    pub public_url: Option<String>,
    pub data_dir: PathBuf,
    pub keys_dir: PathBuf,
    pub database_url: Option<String>,
    pub page_dir: Option<PathBuf>,
    pub auth: RawAuth,
    pub cors: RawCors,
    pub frame: RawFrame,
    pub providers: BTreeMap<String, RawProvider>,
    pub tiers: RawTiers,
    pub unwrap: Unwrap,
    pub upstream: Upstream,
    pub limits: Limits,
    pub fees: RawFees,
    pub audit: Audit,
}

impl Default for Raw {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8787".into(),
            metrics_listen: None,
            public_url: None,
            data_dir: "keyseal-data".into(),
            keys_dir: "keyseal-keys".into(),
            database_url: None,
            page_dir: None,
            auth: RawAuth::default(),
            cors: RawCors::default(),
            frame: RawFrame::default(),
            providers: BTreeMap::new(),
            tiers: RawTiers::default(),
            unwrap: Unwrap::default(),
            upstream: Upstream::default(),
            limits: Limits::default(),
            fees: RawFees::default(),
            audit: Audit::default(),
        }
    }
}

/// `[auth]`
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawAuth {
    pub mode: String,
    pub issuer: Option<String>,
    pub audience: Option<String>,
    pub hs256_secret_file: Option<PathBuf>,
    pub public_key_file: Option<PathBuf>,
    pub jwks_url: Option<String>,
    pub jwks_allow_private: bool,
    pub jwks_ca_file: Option<PathBuf>,
    pub jwks_refresh_seconds: u64,
    pub jwks_cooldown_seconds: u64,
}

impl Default for RawAuth {
    fn default() -> Self {
        Self {
            mode: "local".into(),
            issuer: None,
            audience: None,
            hs256_secret_file: None,
            public_key_file: None,
            jwks_url: None,
            jwks_allow_private: false,
            jwks_ca_file: None,
            jwks_refresh_seconds: 300,
            jwks_cooldown_seconds: 10,
        }
    }
}

/// `[cors]`
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct RawCors {
    #[serde(deserialize_with = "list")]
    pub origins: Vec<String>,
}

/// `[frame]`
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct RawFrame {
    #[serde(deserialize_with = "list")]
    pub origins: Vec<String>,
}

/// `[providers.<id>]`
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct RawProvider {
    pub origin: Option<String>,
    pub allow_private: bool,
    pub ca_file: Option<PathBuf>,
    pub platform_key_file: Option<PathBuf>,
    #[serde(deserialize_with = "list")]
    pub custom_hosts: Vec<String>,
}

/// `[tiers]` as written: `default`, and one table for each tier.
pub struct RawTiers {
    pub default: String,
    pub by_name: BTreeMap<String, RawTier>,
}

impl Default for RawTiers {
    fn default() -> Self {
        Self {
            default: "community".into(),
            by_name: BTreeMap::new(),
        }
    }
}

/// `[tiers.<name>]` as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawTier {
    pub byok: bool,
    pub platform: bool,
    pub requests_per_minute: u32,
    pub requests_per_day: u32,
    pub usd_per_day: f64,
    pub usd_per_request: Option<f64>,
    pub relay_connections: Option<u32>,
    pub relay_idle_seconds: Option<u64>,
    pub relay_total_seconds: Option<u64>,
    pub relay_bytes_per_second: Option<u64>,
}

impl Default for RawTier {
    fn default() -> Self {
        Self {
            byok: true,
            platform: false,
            requests_per_minute: 10,
            requests_per_day: 100,
            usd_per_day: 1.0,
            usd_per_request: None,
            relay_connections: None,
            relay_idle_seconds: None,
            relay_total_seconds: None,
            relay_bytes_per_second: None,
        }
    }
}

/// `[fees]`
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawFees {
    pub percent: f64,
    pub credit_usd: f64,
    pub cap_credits: BTreeMap<String, f64>,
    pub cap_credits_per_month: Option<f64>,
}

impl Default for RawFees {
    fn default() -> Self {
        Self {
            percent: 0.0,
            credit_usd: 0.01,
            cap_credits: BTreeMap::new(),
            cap_credits_per_month: None,
        }
    }
}

/// `[audit]`
#[derive(Deserialize, Clone, Copy, Default)]
#[serde(deny_unknown_fields, default)]
pub struct Audit {
    /// Notes that are older are removed; 0: all are kept.
    pub keep_days: u32,
}

/// `[unwrap]`
#[derive(Deserialize, Clone, Copy)]
#[serde(deny_unknown_fields, default)]
pub struct Unwrap {
    /// How long an unwrapped key is kept; 0: unwrapped at every request.
    pub cache_seconds: u64,
}

impl Default for Unwrap {
    fn default() -> Self {
        Self { cache_seconds: 60 }
    }
}

/// `[upstream]`
#[derive(Deserialize, Clone, Copy)]
#[serde(deny_unknown_fields, default)]
pub struct Upstream {
    /// How long an idle connection is kept.
    pub pool_idle_seconds: u64,
    /// Until connected, TLS included.
    pub connect_timeout_seconds: u64,
    /// Until the provider's first byte.
    pub first_byte_timeout_seconds: u64,
}

impl Default for Upstream {
    fn default() -> Self {
        Self {
            pool_idle_seconds: 60,
            connect_timeout_seconds: 10,
            first_byte_timeout_seconds: 120,
        }
    }
}

/// `[limits]`; published in `/.well-known/keyseal` under these names in camelCase.
#[derive(Deserialize, serde::Serialize, Clone, Copy)]
#[serde(deny_unknown_fields, default, rename_all(serialize = "camelCase"))]
pub struct Limits {
    /// The largest body of an API call.
    pub api_body_bytes: usize,
    /// The largest body to forward.
    pub forward_body_bytes: usize,
    /// The largest body kept for another attempt.
    pub retry_body_bytes: usize,
    /// How long a caller may take to send a request's head.
    pub head_seconds: u64,
    /// How long a caller may stop in the middle of a request's body; one of an API call has to be
    /// there within that time.
    pub body_pause_seconds: u64,
    /// How long a caller may take nothing of an answer that is sent.
    pub answer_pause_seconds: u64,
    /// Sealed keys a user may upload in a minute.
    pub uploads_per_minute: u32,
    /// Sessions a user may open in a minute.
    pub sessions_per_minute: u32,
    /// Keys a user may test in a minute.
    pub tests_per_minute: u32,
    /// Relays a user may have open at once, on each replica; 0: nothing is relayed. A tier may say
    /// otherwise, as for the next three.
    pub relay_connections: u32,
    /// A relay ends when nothing has passed for so long.
    pub relay_idle_seconds: u64,
    /// And after so long in any case.
    pub relay_total_seconds: u64,
    /// What all relays of a user pass in a second, both ways together; 0: no limit.
    pub relay_bytes_per_second: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            api_body_bytes: 65_536,
            forward_body_bytes: 104_857_600,
            retry_body_bytes: 1_048_576,
            head_seconds: 30,
            body_pause_seconds: 30,
            answer_pause_seconds: 120,
            uploads_per_minute: 30,
            sessions_per_minute: 30,
            tests_per_minute: 30,
            relay_connections: 16,
            relay_idle_seconds: 120,
            relay_total_seconds: 3600,
            relay_bytes_per_second: 0,
        }
    }
}

/// Reads file and environment; `pairs` stand for the environment in tests.
pub fn read(file: Option<&Path>, pairs: Option<&[(&str, &str)]>) -> Result<Raw, ConfigError> {
    let mut builder = Config::builder();
    if let Some(path) = file {
        builder = builder.add_source(File::from(path).format(FileFormat::Toml));
    }
    let pairs = pairs.map(|pairs| {
        let owned = pairs
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()));
        owned.collect()
    });
    let environment = Environment::with_prefix("KEYSEAL")
        .prefix_separator("__")
        .separator("__")
        .source(pairs);
    Ok(builder.add_source(environment).build()?.try_deserialize()?)
}

/// A list in the file; in the environment one string, by commas.
fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    struct List;
    impl<'de> Visitor<'de> for List {
        type Value = Vec<String>;

        fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
            to.write_str("a list of strings")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
            let items = text
                .split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty());
            Ok(items.map(str::to_owned).collect())
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            let mut items = Vec::new();
            while let Some(item) = seq.next_element()? {
                items.push(item);
            }
            Ok(items)
        }
    }
    deserializer.deserialize_any(List)
}

/// By hand, because `flatten` would lose the names of unknown keys and the environment's numbers.
impl<'de> Deserialize<'de> for RawTiers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Table;
        impl<'de> Visitor<'de> for Table {
            type Value = RawTiers;

            fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
                to.write_str("`default` and a table for each tier")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawTiers, A::Error> {
                let mut tiers = RawTiers::default();
                while let Some(name) = map.next_key::<String>()? {
                    if name == "default" {
                        tiers.default = map.next_value()?;
                    } else {
                        tiers.by_name.insert(name, map.next_value()?);
                    }
                }
                Ok(tiers)
            }
        }
        deserializer.deserialize_map(Table)
    }
}
