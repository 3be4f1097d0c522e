//! base64url without padding (RFC 7515 section 2), canonical only.

use keyseal_primitives::base64url;

/// Encodes without padding.
///
/// ```
/// assert_eq!(keyseal::envelope::encode_base64url(&[0xfb, 0xff]), "-_8");
/// ```
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    base64url::encode(bytes)
}

/// Decodes; refuses padding, other alphabets and trailing bits that are not zero, so that one
/// value has one spelling and a spelling can serve as a replay key.
///
/// ```
/// use keyseal::envelope::decode_base64url;
///
/// assert_eq!(decode_base64url("-_8"), Some(vec![0xfb, 0xff]));
/// assert_eq!(decode_base64url("-_8="), None); // padding
/// assert_eq!(decode_base64url("-_9"), None); // bits that nobody reads
/// ```
#[must_use]
pub fn decode(text: &str) -> Option<Vec<u8>> {
    base64url::decode(text)
}

/// Decodes exactly `N` bytes.
#[must_use]
pub(crate) fn decode_exact<const N: usize>(text: &str) -> Option<[u8; N]> {
    decode(text)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spellings_that_are_not_canonical_are_refused() {
        assert_eq!(decode("AA"), Some(vec![0]));
        for text in ["AB", "AAB", "AA==", "A", "A+8A", "A/8A", " AA", "AA\n", "é"] {
            assert_eq!(decode(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn every_value_has_exactly_one_spelling(text in "[A-Za-z0-9_-]{0,40}") {
            if let Some(bytes) = decode(&text) {
                prop_assert_eq!(encode(&bytes), text);
            }
        }
    }
}
