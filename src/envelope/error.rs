//! What can be wrong with a message. Nothing here carries any part of its content.

use core::fmt;

/// The message is not of the profile. Found before any cryptography; `0` says which rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MalformedJwe(pub &'static str);

impl fmt::Display for MalformedJwe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl core::error::Error for MalformedJwe {}

/// Why a well-formed message was not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum OpenError {
    /// It names a key that the opener does not have.
    UnknownKid,
    /// It did not decrypt. Deliberately says no more: every failure of decryption is this one
    /// (RFC 7516 section 11.5), so that answers cannot serve as an oracle.
    Refused,
    /// It is authentic, but its claims are not those of the profile.
    Claims,
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownKid => "sealed to a key that is not here",
            Self::Refused => "could not be opened",
            Self::Claims => "opened, but its claims are not those of the profile",
        })
    }
}

impl core::error::Error for OpenError {}

/// Why a JWK cannot be used; `0` says what is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JwkError(pub &'static str);

impl fmt::Display for JwkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl core::error::Error for JwkError {}

/// Why something could not be sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SealError {
    /// The claims break the profile; the text says which.
    Claims(&'static str),
    /// The platform's random generator failed.
    Random,
    /// The RSA or AES operation failed.
    Cipher,
}

impl fmt::Display for SealError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Claims(which) => which,
            Self::Random => "no random numbers are to be had on this platform",
            Self::Cipher => "the key to seal to cannot be used",
        })
    }
}

impl core::error::Error for SealError {}
