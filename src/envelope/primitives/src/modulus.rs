//! The RSA public operation (RFC 8017 sections 5.1.1 and 5.2.2): a power modulo an odd number, by
//! Montgomery multiplication.
//!
//! What is raised can be secret (the padded content key); modulus and exponent are public. The work
//! depends on the lengths and the exponent alone: no branch and no index depends on the base.

use alloc::vec;
use alloc::vec::Vec;

use subtle::{Choice, ConditionallySelectable};
use zeroize::Zeroizing;

/// Number of bits in a limb.
const LIMB: usize = 32;
/// The low limb of a double one.
const LOW: u64 = 0xffff_ffff;

/// A number, least significant limb first, as long as the modulus; wiped on drop.
type Number = Zeroizing<Vec<u32>>;

/// An odd modulus, prepared for powers.
#[derive(Clone)]
pub struct Modulus {
    limbs: Vec<u32>,
    /// `-limbs[0]⁻¹` modulo 2³².
    inverse: u32,
    /// `R²` modulo this, `R` being the first power of 2³² above it.
    square: Vec<u32>,
    bits: usize,
}

impl Modulus {
    /// Reads a big-endian number without leading zeros. Nothing where it is even or 1.
    #[must_use]
    #[inline(never)]
    pub fn new(bytes: &[u8]) -> Option<Self> {
        let (first, last) = (*bytes.first()?, *bytes.last()?);
        if first == 0 || last & 1 == 0 || bytes == [1] {
            return None;
        }
        let length = bytes.len().div_ceil(4);
        let limbs = read(bytes, length).to_vec();
        // Newton's iteration: each step doubles the number of bits that are right, from 5.
        let low = limbs[0];
        let mut inverse = low.wrapping_mul(3) ^ 2;
        for _ in 0..3 {
            inverse = inverse.wrapping_mul(2_u32.wrapping_sub(low.wrapping_mul(inverse)));
        }
        let bits = bytes.len() * 8 - first.leading_zeros() as usize;
        let mut modulus = Self {
            limbs,
            inverse: inverse.wrapping_neg(),
            square: Vec::new(),
            bits,
        };
        modulus.square = modulus.find_square().to_vec();
        Some(modulus)
    }

    /// Number of bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.bits.div_ceil(8)
    }

    /// `base` to the power of an odd `exponent`, both numbers big-endian and as long as the modulus.
    /// Nothing where the base is longer or not below the modulus, or the exponent is even.
    #[must_use]
    #[inline(never)]
    pub fn power(&self, base: &[u8], exponent: u32) -> Option<Zeroizing<Vec<u8>>> {
        if base.len() > self.size() || exponent & 1 == 0 {
            return None;
        }
        let base = read(base, self.limbs.len());
        let (_, below) = self.subtract(&base);
        if !bool::from(below) {
            return None;
        }
        let start = self.multiply(&base, &self.square);
        let mut power = start.clone();
        for bit in (1..exponent.ilog2()).rev() {
            power = self.multiply(&power, &power);
            if exponent >> bit & 1 == 1 {
                power = self.multiply(&power, &start);
            }
        }
        if exponent > 1 {
            power = self.multiply(&power, &power);
            // The exponent is odd: the last factor also takes the result out of Montgomery's form.
            power = self.multiply(&power, &base);
        } else {
            power = base;
        }
        Some(write(&power, self.size()))
    }

    /// `a · b · R⁻¹`, below the modulus where one of them is (FIOS: the product and its reduction in
    /// one pass for each limb of `b`).
    fn multiply(&self, a: &[u32], b: &[u32]) -> Number {
        let n = self.limbs.as_slice();
        let length = n.len();
        let a = &a[..length];
        let mut result = Zeroizing::new(vec![0_u32; length]);
        let r = &mut result[..length];
        let mut top = 0;
        for limb in b {
            let limb = u64::from(*limb);
            let product = u64::from(r[0]) + u64::from(a[0]) * limb;
            let factor = u64::from((product as u32).wrapping_mul(self.inverse));
            let mut carry = product >> LIMB;
            let mut reduced = ((product & LOW) + u64::from(n[0]) * factor) >> LIMB;
            for at in 1..length {
                let product = u64::from(r[at]) + u64::from(a[at]) * limb + carry;
                carry = product >> LIMB;
                let sum = (product & LOW) + u64::from(n[at]) * factor + reduced;
                reduced = sum >> LIMB;
                r[at - 1] = sum as u32;
            }
            let sum = carry + reduced + top;
            r[length - 1] = sum as u32;
            top = sum >> LIMB;
        }
        self.reduce(result, top as u8)
    }

    /// `number`, with the bit `top` above it, less the modulus once if it is not below it.
    fn reduce(&self, mut number: Number, top: u8) -> Number {
        let (less, below) = self.subtract(&number);
        let keep = below & Choice::from(1 - top);
        for (limb, less) in number.iter_mut().zip(less.iter()) {
            *limb = u32::conditional_select(less, limb, keep);
        }
        number
    }

    /// `number` less the modulus, and whether it was below it.
    fn subtract(&self, number: &[u32]) -> (Number, Choice) {
        let mut less = Zeroizing::new(vec![0; self.limbs.len()]);
        let mut borrow = 0;
        for ((limb, own), less) in number.iter().zip(&self.limbs).zip(less.iter_mut()) {
            let difference = u64::from(*limb)
                .wrapping_sub(u64::from(*own))
                .wrapping_sub(borrow);
            *less = difference as u32;
            borrow = difference >> 63;
        }
        (less, Choice::from(borrow as u8))
    }

    /// `R²` modulo this: `R` by doubling from the highest power of two below the modulus, 2ᵏ in
    /// Montgomery's form by doubling on, and the rest of the way by squaring.
    fn find_square(&self) -> Number {
        const SQUARINGS: usize = 4;
        let whole = self.limbs.len() * LIMB;
        let mut number = Zeroizing::new(vec![0; self.limbs.len()]);
        let highest = self.bits - 1;
        number[highest / LIMB] = 1 << (highest % LIMB);
        for _ in 0..whole - highest + (whole >> SQUARINGS) {
            number = self.double(number);
        }
        for _ in 0..SQUARINGS {
            number = self.multiply(&number, &number);
        }
        number
    }

    fn double(&self, mut number: Number) -> Number {
        let mut carry = 0;
        for limb in number.iter_mut() {
            (*limb, carry) = (*limb << 1 | carry, *limb >> (LIMB - 1));
        }
        self.reduce(number, carry as u8)
    }
}

/// Big-endian bytes as `length` limbs.
fn read(bytes: &[u8], length: usize) -> Number {
    let mut limbs = Zeroizing::new(vec![0; length]);
    for (limb, chunk) in limbs.iter_mut().zip(bytes.rchunks(4)) {
        *limb = chunk
            .iter()
            .fold(0, |limb, byte| limb << 8 | u32::from(*byte));
    }
    limbs
}

/// Limbs as `size` big-endian bytes.
fn write(limbs: &[u32], size: usize) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(vec![0; size]);
    for (chunk, limb) in bytes.rchunks_mut(4).zip(limbs) {
        let length = chunk.len();
        chunk.copy_from_slice(&limb.to_be_bytes()[4 - length..]);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn trimmed(number: u64) -> Vec<u8> {
        let bytes = number.to_be_bytes();
        bytes[number.leading_zeros() as usize / 8..].to_vec()
    }

    fn expected(base: u64, exponent: u32, modulus: u64) -> u64 {
        let mut power = 1_u128;
        for bit in (0..32).rev() {
            power = power * power % u128::from(modulus);
            if exponent >> bit & 1 == 1 {
                power = power * u128::from(base) % u128::from(modulus);
            }
        }
        power as u64
    }

    fn number(bytes: &[u8]) -> u64 {
        bytes.iter().fold(0, |n, byte| n << 8 | u64::from(*byte))
    }

    proptest! {
        #[test]
        fn powers_are_those_of_plain_arithmetic(
            modulus in 3_u64..,
            shift in 0..62_u32,
            base: u64,
            exponent: u32,
        ) {
            let (modulus, exponent) = ((modulus >> shift).max(3) | 1, exponent | 1);
            let base = base % modulus;
            let prepared = Modulus::new(&trimmed(modulus)).expect("odd");
            let power = prepared.power(&trimmed(base), exponent).expect("below");
            prop_assert_eq!(number(&power), expected(base, exponent, modulus));
            prop_assert_eq!(power.len(), prepared.size());
        }

        /// (n − 1)ᵉ is −1 for every odd e, and 2ᵉ is that power of two while it is below n: with
        /// numbers as long as those in use, where carries run through all limbs.
        #[test]
        fn known_powers_hold_at_every_length(
            mut modulus in proptest::collection::vec(any::<u8>(), 2..=513),
            exponent: u32,
        ) {
            modulus[0] |= 1;
            *modulus.last_mut().expect("not empty") |= 1;
            let prepared = Modulus::new(&modulus).expect("odd");
            let mut below = modulus.clone();
            *below.last_mut().expect("not empty") -= 1;
            let power = prepared.power(&below, exponent | 1).expect("below");
            prop_assert_eq!(power.as_slice(), below.as_slice());

            let small = (exponent as usize % (prepared.bits - 1)) | 1;
            if small < prepared.bits - 1 {
                let mut wanted = vec![0; modulus.len()];
                wanted[modulus.len() - 1 - small / 8] = 1 << (small % 8);
                let power = prepared.power(&[2], small as u32).expect("below");
                prop_assert_eq!(power.as_slice(), wanted.as_slice());
            }
        }
    }

    #[test]
    fn what_is_no_modulus_or_not_below_it_is_refused() {
        for bad in [&[][..], &[0], &[1], &[2], &[0, 3], &[1, 0]] {
            assert!(Modulus::new(bad).is_none(), "{bad:?}");
        }
        let modulus = Modulus::new(&[0xff; 256]).expect("odd");
        assert_eq!((modulus.bits, modulus.size()), (2048, 256));
        assert!(modulus.power(&[0xff; 256], 3).is_none(), "not below");
        assert!(modulus.power(&[0; 257], 3).is_none(), "longer");
        assert!(modulus.power(&[2], 2).is_none(), "an even exponent");
        assert_eq!(modulus.power(&[0], 3).expect("below").as_slice(), [0; 256]);
        assert_eq!(modulus.power(&[7], 1).expect("below")[255], 7);
    }
}
