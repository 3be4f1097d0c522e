//! base64url without padding (RFC 7515 section 2).

use alloc::string::String;
use alloc::vec::Vec;

use base64ct::{Base64UrlUnpadded, Encoding};

/// Encodes without padding.
#[must_use]
#[inline(never)]
pub fn encode(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}

/// Decodes; nothing where `text` is not the canonical spelling.
#[must_use]
#[inline(never)]
pub fn decode(text: &str) -> Option<Vec<u8>> {
    Base64UrlUnpadded::decode_vec(text).ok()
}
