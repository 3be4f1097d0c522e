//! How callers' tokens are checked, and whether the clocks agree.

use super::Report;
use crate::{
    auth::Verifier,
    clock,
    config::{Auth, Config, JwtKey},
};

const ABOUT: &str = "tokens";
/// What tokens are allowed to be off, in seconds.
const LEEWAY: i64 = 60;

pub async fn examine(report: &mut Report, config: &Config) {
    let Auth::Jwt(jwt) = &config.auth else {
        return report.ok(ABOUT, "Local mode: one user, on this machine alone.");
    };
    match &jwt.key {
        JwtKey::Hs256(secret) => {
            let long = secret.expose().len();
            report.ok(
                ABOUT,
                format!(
                    "Tokens of {} are checked by a secret of {long} bytes (HS256).",
                    jwt.issuer
                ),
            );
        }
        JwtKey::Public(key) => {
            report.ok(
                ABOUT,
                format!(
                    "Tokens of {} are checked by a public key ({:?}).",
                    jwt.issuer,
                    key.algorithm()
                ),
            );
        }
        JwtKey::Jwks(at) => {
            let host = at.url.host_str().unwrap_or_default();
            if at.url.scheme() == "http" {
                report.warning(ABOUT, format!("The key set of {host} is fetched by plain http: who stands between is every user."), "Name its https address.");
            }
            by_url(report, config, host).await;
        }
    }
}

async fn by_url(report: &mut Report, config: &Config, host: &str) {
    let verifier = match Verifier::open(config) {
        Ok(verifier) => verifier,
        Err(error) => {
            return report.problem(
                ABOUT,
                format!("{error}."),
                "Name a PEM file with a certificate.",
            );
        }
    };
    match verifier.examine().await {
        None => {}
        Some(Ok(seen)) => {
            report.ok(ABOUT, format!("The key set of {host} has {} keys for tokens ({}).", seen.keys, seen.algorithms));
            if let Some(theirs) = seen.date {
                clock(report, host, theirs - clock::seconds());
            }
        }
        Some(Err(reason)) => report.problem(
            ABOUT,
            format!("The key set of {host} was not fetched: {reason}."),
            "Until it is, every call is refused: see `auth.jwks_url`, and that this machine reaches it.",
        ),
    }
}

/// How far somebody's clock is ahead of this one.
pub fn clock(report: &mut Report, whose: &str, ahead: i64) {
    let (apart, which) = (ahead.abs(), if ahead < 0 { "ahead of" } else { "behind" });
    let says = format!("This machine's clock is {apart} s {which} that of {whose}.");
    match apart {
        0..=5 => report.ok(
            "clock",
            format!("This machine's clock agrees with that of {whose}."),
        ),
        6..=LEEWAY => report.warning("clock", says, "Let both follow a time server."),
        _ => report.problem(
            "clock",
            says,
            "Tokens and envelopes are refused for it: let both follow a time server.",
        ),
    }
}
