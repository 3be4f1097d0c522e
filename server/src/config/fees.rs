//! `[fees]`: amounts of money, from what was written to whole numbers.

use keyseal::usage::MicroUsd;

use super::{ConfigError, file::RawFees};
use crate::usage::fee::Fees;

/// Checks the table.
pub fn checked(raw: &RawFees) -> Result<Fees, ConfigError> {
    let percent = amount("fees.percent", raw.percent)?;
    // A millionth of a percent is written down, a ten thousandth is counted.
    if percent > 100_000_000 || percent % 100 != 0 {
        return Err(ConfigError::value(
            "fees.percent",
            "must be between 0 and 100, with at most 4 decimals",
        ));
    }
    let credit = amount("fees.credit_usd", raw.credit_usd)?;
    let dollars = |key: &str, credits: f64| {
        let cap = u128::from(amount(key, credits)?) * u128::from(credit) / 1_000_000;
        Ok::<_, ConfigError>(u64::try_from(cap).unwrap_or(u64::MAX))
    };
    let cap = |(model, credits): (&String, &f64)| {
        let cap = dollars(&format!("fees.cap_credits.{model}"), *credits)?;
        Ok((model.clone(), MicroUsd(cap)))
    };
    let month_cap = raw
        .cap_credits_per_month
        .map(|credits| dollars("fees.cap_credits_per_month", credits))
        .transpose()?
        .map(|cap| i64::try_from(cap).unwrap_or(i64::MAX));
    Ok(Fees {
        per_million: percent / 100,
        caps: raw
            .cap_credits
            .iter()
            .map(cap)
            .collect::<Result<_, ConfigError>>()?,
        month_cap,
    })
}

/// A number as it was written, in millionths: its shortest decimal form is what was meant.
fn amount(key: &str, number: f64) -> Result<u64, ConfigError> {
    let refuse = || {
        ConfigError::value(
            key,
            "must be an amount of at most 1000000, and not negative",
        )
    };
    let amount = MicroUsd::from_dollars(&number.to_string()).ok_or_else(refuse)?;
    (amount.0 <= 1_000_000_000_000)
        .then_some(amount.0)
        .ok_or_else(refuse)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(percent: f64, credit_usd: f64, cap: f64) -> Option<Fees> {
        let raw = RawFees {
            percent,
            credit_usd,
            cap_credits: [("veo-3".to_owned(), cap)].into(),
            cap_credits_per_month: Some(cap * 10.0),
        };
        checked(&raw).ok()
    }

    #[test]
    fn amounts_are_taken_as_they_are_written() {
        let fees = read(5.0, 0.01, 1.0).expect("good");
        assert_eq!(fees.per_million, 50_000);
        assert_eq!(fees.caps["veo-3"], MicroUsd(10_000));
        assert_eq!(fees.month_cap, Some(100_000));
        let fees = read(0.0001, 0.1, 2.5).expect("good");
        assert_eq!((fees.per_million, fees.caps["veo-3"].0), (1, 250_000));
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for (percent, credit, cap) in [
            (-1.0, 0.01, 1.0),
            (100.1, 0.01, 1.0),
            (0.00001, 0.01, 1.0),
            (f64::NAN, 0.01, 1.0),
            (5.0, -0.01, 1.0),
            (5.0, f64::INFINITY, 1.0),
            (5.0, 0.01, -1.0),
            (5.0, 0.01, 1e9),
        ] {
            assert_eq!(read(percent, credit, cap), None, "{percent} {credit} {cap}");
        }
    }
}
