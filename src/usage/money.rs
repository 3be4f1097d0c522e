//! Millionths of a dollar.

/// An amount of money in whole millionths of a US dollar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MicroUsd(pub u64);

/// More digits than any amount has.
const DIGITS: usize = 40;

impl MicroUsd {
    /// Reads a decimal amount of dollars as JSON writes numbers, `0.00014` or `1.4e-4`, without a
    /// detour over floating point. Rounded to billionths, because other people's floating-point
    /// noise is not money, and then up to a whole millionth, so that a small amount is never 0.
    #[must_use]
    pub fn from_dollars(text: &str) -> Option<Self> {
        Self::scaled(text, 0)
    }

    /// As [`MicroUsd::from_dollars`], of amounts counted in `10^exponent` dollars.
    #[must_use]
    pub fn scaled(text: &str, exponent: i32) -> Option<Self> {
        let (mantissa, power) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let power: i32 = power.strip_prefix('+').unwrap_or(power).parse().ok()?;
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !is_digits(whole) || !is_digits(fraction) {
            return None;
        }
        let digits = format!("{whole}{fraction}");
        let digits = digits.trim_start_matches('0');
        if digits.len() > DIGITS || power.unsigned_abs() > 100 {
            return None;
        }
        let fraction = i32::try_from(fraction.len()).ok()?;
        let nano = to_nano(digits, power + exponent - fraction + 9)?;
        Self::from_nano(nano)
    }

    /// Of billionths of a dollar, rounded up.
    #[must_use]
    pub fn from_nano(nano: u128) -> Option<Self> {
        u64::try_from(nano.div_ceil(1_000)).ok().map(Self)
    }
}

/// `digits × 10^power`, rounded to a whole number.
fn to_nano(digits: &str, power: i32) -> Option<u128> {
    if digits.is_empty() {
        return Some(0);
    }
    if let Ok(power) = u32::try_from(power) {
        let number: u128 = digits.parse().ok()?;
        return number.checked_mul(10_u128.checked_pow(power)?);
    }
    let cut = usize::try_from(power.unsigned_abs()).ok()?;
    let Some(kept) = digits.len().checked_sub(cut) else {
        return Some(0);
    };
    let (kept, dropped) = digits.split_at(kept);
    let number: u128 = if kept.is_empty() {
        0
    } else {
        kept.parse().ok()?
    };
    Some(number + u128::from(dropped.as_bytes()[0] >= b'5'))
}
