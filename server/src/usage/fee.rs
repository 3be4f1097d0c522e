//! The operator's fee on requests under users' own keys.

use std::collections::BTreeMap;

use keyseal::usage::MicroUsd;

/// `[fees]`, in whole numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fees {
    /// Millionths of the cost.
    pub per_million: u64,
    /// By model, or the beginning of its name: the most for one request.
    pub caps: BTreeMap<String, MicroUsd>,
    /// The most for one user in a month (UTC), in millionths of a dollar.
    pub month_cap: Option<i64>,
}

impl Fees {
    /// The fee on one request, rounded down to a whole millionth of a dollar: the rounding is the
    /// user's. Unknown if the cost is, and a fee is taken at all.
    pub fn on(&self, cost: Option<MicroUsd>, model: Option<&str>) -> Option<MicroUsd> {
        if self.per_million == 0 {
            return Some(MicroUsd(0));
        }
        let fee = u128::from(cost?.0) * u128::from(self.per_million) / 1_000_000;
        let fee = MicroUsd(u64::try_from(fee).unwrap_or(u64::MAX));
        Some(
            model
                .and_then(|model| self.cap(model))
                .map_or(fee, |cap| fee.min(cap)),
        )
    }

    /// The cap of the longest name with which the model's begins.
    fn cap(&self, model: &str) -> Option<MicroUsd> {
        let fits = self
            .caps
            .iter()
            .filter(|(name, _)| model.starts_with(*name));
        fits.max_by_key(|(name, _)| name.len()).map(|(_, cap)| *cap)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fees() -> Fees {
        let caps = [("veo-3", 10_000), ("veo-3-fast", 2_000)];
        Fees {
            per_million: 50_000,
            caps: caps
                .map(|(name, cap)| (name.to_owned(), MicroUsd(cap)))
                .into(),
            month_cap: None,
        }
    }

    fn fee(cost: u64, model: &str) -> u64 {
        fees().on(Some(MicroUsd(cost)), Some(model)).unwrap().0
    }

    #[test]
    fn a_percentage_is_rounded_down() {
        assert_eq!(fee(1_000_000, "gpt-4o"), 50_000);
        assert_eq!(fee(19, "gpt-4o"), 0);
        assert_eq!(fee(20, "gpt-4o"), 1);
        assert_eq!(fee(39, "gpt-4o"), 1);
        assert_eq!(fee(0, "gpt-4o"), 0);
    }

    #[test]
    fn a_cap_holds_for_models_of_that_name_and_the_longest_name_counts() {
        assert_eq!(fee(3_200_000, "veo-3"), 10_000);
        assert_eq!(fee(3_200_000, "veo-3.0-generate-001"), 10_000);
        assert_eq!(fee(3_200_000, "veo-3-fast"), 2_000);
        assert_eq!(fee(100_000, "veo-3"), 5_000, "below the cap");
        assert_eq!(fee(3_200_000, "veo-2"), 160_000);
    }

    #[test]
    fn on_an_unknown_cost_the_fee_is_unknown_unless_none_is_taken() {
        assert_eq!(fees().on(None, Some("veo-3")), None);
        assert_eq!(Fees::default().on(None, None), Some(MicroUsd(0)));
    }

    #[test]
    fn the_largest_cost_has_a_fee() {
        assert_eq!(fee(u64::MAX, "x"), u64::MAX / 20);
    }
}
