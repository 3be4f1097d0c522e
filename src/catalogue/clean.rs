//! Makes a key of what was pasted.

use core::fmt;

use zeroize::Zeroizing;

/// No provider's key is longer.
pub const MAX_KEY_BYTES: usize = 4096;

/// Why what was pasted cannot be a key. Never holds any of it but one odd character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CleanError {
    /// Nothing is left.
    Empty,
    /// Longer than [`MAX_KEY_BYTES`].
    TooLong,
    /// More than one key.
    Several,
    /// A character that no header can carry.
    Character(char),
}

impl CleanError {
    /// Stable, for programs.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Empty => "key_empty",
            Self::TooLong => "key_too_long",
            Self::Several => "key_several",
            Self::Character(_) => "key_character",
        }
    }

    /// What happened and what to do, for people.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::Empty => "There is no key in what was pasted. Copy the key again.",
            Self::TooLong => "This is too long to be a key. Copy the key alone.",
            Self::Several => "This holds more than one key. Paste one key at a time.",
            Self::Character('…' | '•' | '●' | '·') => {
                "This is a masked key. Copy the whole key, or make a new one at the provider."
            }
            Self::Character(' ' | '\t') => "There is a space inside the key. Copy the key alone.",
            Self::Character(_) => "There is a character in it that no key has. Copy the key alone.",
        }
    }
}

impl fmt::Display for CleanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl core::error::Error for CleanError {}

/// Takes away what comes along with a copied key (spaces, line breaks, byte order marks, zero-width
/// characters, quotes, `Bearer `, `export X=`, `Authorization: Bearer `) and refuses what no key holds.
///
/// # Errors
/// If nothing is left, or something that cannot be a key.
pub fn clean(pasted: &str) -> Result<Zeroizing<String>, CleanError> {
    let key = pasted.trim();
    if key.is_empty() {
        return Err(CleanError::Empty);
    }
    if key.len() > MAX_KEY_BYTES {
        return Err(CleanError::TooLong);
    }
    if let Some(odd) = key.chars().find(|c| !matches!(c, '!'..='~')) {
        return Err(CleanError::Character(odd));
    }
    Ok(Zeroizing::new(key.into()))
}
