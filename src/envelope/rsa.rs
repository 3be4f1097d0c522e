//! The paddings of RFC 8017 over SHA-256, for public keys: RSAES-OAEP encryption (section 7.1.1)
//! and RSASSA-PSS verification (section 8.1.2). Private operations are the companion's, which does
//! them with another library.

use keyseal_primitives::Modulus;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::cipher::random;
use super::error::SealError;
use super::sha256;

const HASH: usize = 32;

/// An RSA public key of 2048 to 4096 bits, in whole bytes.
#[derive(Clone)]
pub(super) struct RsaKey {
    modulus: Modulus,
    exponent: u32,
}

impl RsaKey {
    /// Reads two big-endian numbers without leading zeros. Nothing where the modulus is even or has
    /// another size, or the exponent is even, 1 or longer than 32 bits.
    pub(super) fn new(n: &[u8], e: &[u8]) -> Option<Self> {
        if e.len() > 4 || !(256..=512).contains(&n.len()) || n[0] < 0x80 || e.first() == Some(&0) {
            return None;
        }
        let exponent = e.iter().fold(0, |e, byte| e << 8 | u32::from(*byte));
        let modulus = Modulus::new(n)?;
        (exponent >= 3 && exponent & 1 == 1).then_some(Self { modulus, exponent })
    }

    /// Bytes of the modulus.
    pub(super) fn size(&self) -> usize {
        self.modulus.size()
    }

    /// RSAES-OAEP with SHA-256, MGF1 with SHA-256 and an empty label.
    pub(super) fn encrypt(&self, message: &[u8; 32]) -> Result<Vec<u8>, SealError> {
        let mut padded = Zeroizing::new(vec![0; self.size()]);
        let (seed, block) = padded[1..].split_at_mut(HASH);
        seed.copy_from_slice(&*Zeroizing::new(random::<HASH>()?));
        let (rest, end) = block.split_at_mut(block.len() - message.len());
        rest[..HASH].copy_from_slice(&sha256(b""));
        rest[rest.len() - 1] = 1;
        end.copy_from_slice(message);
        mask(seed, block);
        mask(block, seed);
        let sealed = self.modulus.power(&padded, self.exponent);
        Ok(sealed.ok_or(SealError::Cipher)?.to_vec())
    }

    /// RSASSA-PSS with SHA-256, MGF1 with SHA-256 and a salt of 32 bytes: whether `signature` is one
    /// of `message`. EMSA-PSS-VERIFY, section 9.1.2, whose steps are numbered here.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        if signature.len() != self.size() {
            return false;
        }
        let Some(mut encoded) = self.modulus.power(signature, self.exponent) else {
            return false;
        };
        // 4: the trailer.
        let Some((0xbc, encoded)) = encoded.split_last_mut() else {
            return false;
        };
        let (block, hash) = encoded.split_at_mut(encoded.len() - HASH);
        // 6: the encoded message has one bit less than the modulus.
        if block[0] > 0x7f {
            return false;
        }
        // 7 to 10: zeros and a one before the salt.
        mask(hash, block);
        block[0] &= 0x7f;
        let (zeros, salt) = block.split_at(block.len() - HASH);
        let Some((1, zeros)) = zeros.split_last() else {
            return false;
        };
        // 11 to 14.
        let again = sha256(&[&[0; 8], &sha256(message)[..], salt].concat());
        zeros.iter().all(|byte| *byte == 0) && bool::from(again[..].ct_eq(hash))
    }
}

/// Masks `data` with MGF1 (appendix B.2.1) of `seed`.
fn mask(seed: &[u8], data: &mut [u8]) {
    let mut input = Zeroizing::new(Vec::with_capacity(seed.len() + 4));
    input.extend_from_slice(seed);
    input.extend_from_slice(&[0; 4]);
    for (counter, chunk) in (0_u32..).zip(data.chunks_mut(HASH)) {
        input[seed.len()..].copy_from_slice(&counter.to_be_bytes());
        let mask = Zeroizing::new(sha256(&input));
        for (byte, mask) in chunk.iter_mut().zip(mask.iter()) {
            *byte ^= mask;
        }
    }
}
