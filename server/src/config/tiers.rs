//! `[tiers]`: what users of a tier may do, and how much of the operator's keys is theirs.

use std::{collections::BTreeMap, time::Duration};

use super::{
    ConfigError,
    file::{Limits, RawTier, RawTiers},
};

/// What is held of a day's money for one request until its cost is known, where nothing else is
/// said: 5 cents.
const HELD: f64 = 0.05;

/// No relay is longer open, whatever is written: a month.
const LONGEST: u64 = 31 * 24 * 3600;

/// Tiers by name.
pub struct Tiers {
    /// Used without the claim, or with an unknown one.
    pub default: String,
    /// What each may do.
    pub by_name: BTreeMap<String, Tier>,
}

/// What a tier may do. The limits count use of the operator's keys only, but for those of relays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tier {
    /// Users may bring their own keys.
    pub byok: bool,
    /// The operator's keys may serve them.
    pub platform: bool,
    /// So many requests a minute.
    pub requests_per_minute: u32,
    /// So many requests a day, by UTC.
    pub requests_per_day: u32,
    /// So much money a day, by UTC, in millionths of a dollar.
    pub micro_usd_per_day: i64,
    /// So much of it is held for a request whose cost is not known yet, or never will be.
    pub micro_usd_per_request: i64,
    /// How much may be relayed.
    pub relay: Relay,
}

/// How much a user may relay. `[limits]` says it, a tier may say otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relay {
    /// Open at once.
    pub connections: u32,
    /// With nothing passing.
    pub idle: Duration,
    /// In all.
    pub total: Duration,
    /// In a second, over all of the user's relays; 0: no limit.
    pub bytes_per_second: u64,
}

impl Tiers {
    /// The tier a token's claim names: its own name and rights.
    pub fn resolve(&self, claim: Option<&str>) -> (&str, Tier) {
        let named = claim.and_then(|name| self.by_name.get_key_value(name));
        match named.or_else(|| self.by_name.get_key_value(&self.default)) {
            Some((name, tier)) => (name, *tier),
            // `default` was checked at start; without it nothing is lent.
            None => (&self.default, Tier::LEAST),
        }
    }
}

impl Tier {
    const LEAST: Self = Self {
        byok: true,
        platform: false,
        requests_per_minute: 0,
        requests_per_day: 0,
        micro_usd_per_day: 0,
        micro_usd_per_request: 0,
        relay: Relay {
            connections: 0,
            idle: Duration::ZERO,
            total: Duration::ZERO,
            bytes_per_second: 0,
        },
    };
}

/// Where the operator names no tier, these are there.
fn built_in() -> BTreeMap<String, RawTier> {
    let tier = |per_minute, per_day, usd_per_day| RawTier {
        platform: true,
        requests_per_minute: per_minute,
        requests_per_day: per_day,
        usd_per_day,
        ..RawTier::default()
    };
    let tiers = [
        ("community", tier(10, 100, 1.0)),
        ("subscriber", tier(30, 500, 2.5)),
        ("premium", tier(100, 2_000, 5.0)),
        ("lifetime", tier(100, 2_000, 5.0)),
    ];
    tiers.map(|(name, tier)| (name.to_owned(), tier)).into()
}

/// From what was written to what can be used.
pub fn checked(raw: RawTiers, limits: &Limits) -> Result<Tiers, ConfigError> {
    let by_name = match raw.by_name.is_empty() {
        true => built_in(),
        false => raw.by_name,
    };
    let Some(_) = by_name.get(&raw.default) else {
        return Err(ConfigError::value(
            "tiers.default",
            format!(
                "names `{}`, but there is no [tiers.{}]",
                raw.default, raw.default
            ),
        ));
    };
    let tiers = by_name
        .into_iter()
        .map(|(name, written)| Ok((name.clone(), tier(&name, &written, limits)?)));
    Ok(Tiers {
        default: raw.default,
        by_name: tiers.collect::<Result<_, ConfigError>>()?,
    })
}

fn tier(name: &str, written: &RawTier, limits: &Limits) -> Result<Tier, ConfigError> {
    let key = |of: &str| format!("tiers.{name}.{of}");
    let per_day = micro_usd(written.usd_per_day)
        .map_err(|reason| ConfigError::value(key("usd_per_day"), reason))?;
    let held = written
        .usd_per_request
        .unwrap_or(HELD.min(written.usd_per_day));
    let per_request =
        micro_usd(held).map_err(|reason| ConfigError::value(key("usd_per_request"), reason))?;
    if per_request > per_day {
        return Err(ConfigError::value(
            key("usd_per_request"),
            "is more than `usd_per_day`, so that no request would ever be served",
        ));
    }
    Ok(Tier {
        byok: written.byok,
        platform: written.platform,
        requests_per_minute: written.requests_per_minute,
        requests_per_day: written.requests_per_day,
        micro_usd_per_day: per_day,
        micro_usd_per_request: per_request,
        relay: relay(written, limits, key)?,
    })
}

fn relay(
    written: &RawTier,
    limits: &Limits,
    key: impl Fn(&str) -> String,
) -> Result<Relay, ConfigError> {
    let seconds = |own: Option<u64>, of_all: u64, name: &str| match own.unwrap_or(of_all) {
        0 => {
            let at = own.map_or_else(|| format!("limits.{name}"), |_| key(name));
            Err(ConfigError::value(at, "must be a second or more"))
        }
        seconds => Ok(Duration::from_secs(seconds.min(LONGEST))),
    };
    let (idle, total) = (written.relay_idle_seconds, written.relay_total_seconds);
    Ok(Relay {
        connections: written
            .relay_connections
            .unwrap_or(limits.relay_connections),
        idle: seconds(idle, limits.relay_idle_seconds, "relay_idle_seconds")?,
        total: seconds(total, limits.relay_total_seconds, "relay_total_seconds")?,
        bytes_per_second: written
            .relay_bytes_per_second
            .unwrap_or(limits.relay_bytes_per_second),
    })
}

fn micro_usd(usd: f64) -> Result<i64, &'static str> {
    if !(0.0..=1e9).contains(&usd) {
        return Err("must be an amount of dollars, 0 or more");
    }
    Ok((usd * 1e6).round() as i64)
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    fn tiers(pairs: &[(&str, &str)]) -> super::Tiers {
        Config::from_pairs(None, pairs)
            .expect("a configuration")
            .tiers
    }

    #[test]
    fn without_a_table_the_four_built_in_tiers_are_there() {
        let tiers = tiers(&[]);
        for (name, per_minute, per_day) in [
            ("community", 10, 100),
            ("subscriber", 30, 500),
            ("premium", 100, 2_000),
            ("lifetime", 100, 2_000),
        ] {
            let (resolved, tier) = tiers.resolve(Some(name));
            assert_eq!(resolved, name);
            assert!(tier.byok && tier.platform, "{name}");
            let limits = (tier.requests_per_minute, tier.requests_per_day);
            assert_eq!(limits, (per_minute, per_day), "{name}");
        }
        for claim in [None, Some("gold"), Some("")] {
            assert_eq!(tiers.resolve(claim).0, "community", "{claim:?}");
        }
    }

    #[test]
    fn a_table_of_ones_own_takes_the_place_of_all_four_and_lends_nothing_by_itself() {
        let tiers = tiers(&[
            ("KEYSEAL__TIERS__DEFAULT", "free"),
            ("KEYSEAL__TIERS__FREE__USD_PER_DAY", "0.02"),
        ]);
        let (name, tier) = tiers.resolve(Some("premium"));
        assert_eq!(name, "free");
        assert!(tier.byok && !tier.platform);
        assert_eq!(tier.micro_usd_per_day, 20_000);
        assert_eq!(
            tier.micro_usd_per_request, 20_000,
            "never more than a day's"
        );
    }

    #[test]
    fn relays_go_by_the_limits_and_a_tier_may_say_otherwise() {
        let tiers = tiers(&[
            ("KEYSEAL__LIMITS__RELAY_IDLE_SECONDS", "5"),
            ("KEYSEAL__TIERS__COMMUNITY__BYOK", "true"),
            ("KEYSEAL__TIERS__PREMIUM__RELAY_CONNECTIONS", "64"),
        ]);
        let relay = |name| tiers.resolve(Some(name)).1.relay;
        assert_eq!(
            (relay("community").connections, relay("premium").connections),
            (16, 64)
        );
        assert_eq!(relay("premium").idle.as_secs(), 5);
        assert_eq!(relay("premium").total.as_secs(), 3600);
        for of in ["RELAY_IDLE_SECONDS", "RELAY_TOTAL_SECONDS"] {
            for table in ["LIMITS", "TIERS__COMMUNITY"] {
                let variable = format!("KEYSEAL__{table}__{of}");
                let refused = Config::from_pairs(None, &[(&variable, "0")]);
                let said = refused.err().expect("a refusal").to_string();
                let named = format!(
                    "{}.{}",
                    table.to_lowercase().replace("__", "."),
                    of.to_lowercase()
                );
                assert!(said.contains(&named), "{variable}: {said}");
            }
        }
    }

    #[test]
    fn amounts_that_cannot_be_are_refused_by_name() {
        for (name, value) in [
            ("USD_PER_DAY", "-1"),
            ("USD_PER_DAY", "nan"),
            ("USD_PER_DAY", "1e12"),
            ("USD_PER_REQUEST", "2.0"),
            ("USD_PER_REQUEST", "-0.1"),
        ] {
            let variable = format!("KEYSEAL__TIERS__COMMUNITY__{name}");
            let refused = Config::from_pairs(None, &[(&variable, value)]);
            let said = refused.err().expect("a refusal").to_string();
            assert!(said.contains(&name.to_lowercase()), "{value}: {said}");
        }
    }
}
