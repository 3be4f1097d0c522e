//! How keys look, as data: a regex engine would cost more bytes in the browser than all else here.

use super::types::Warning;

/// One way in which a provider's keys look: the parts, one after the other, are the whole key.
#[derive(Debug)]
pub struct Shape {
    /// The parts, in order.
    pub parts: &'static [Part],
    /// No other provider is known to have keys that begin like this.
    pub sure: bool,
    /// Distinctive enough to be called a key wherever it is found.
    pub plain: bool,
    /// The key is rather another provider's: only ever named as an alternative.
    pub secondary: bool,
    /// A credential of the provider that is not meant for this use, and why.
    pub refused: Option<Warning>,
}

/// A fixed text, or a run of characters of one alphabet.
#[derive(Debug, Clone, Copy)]
pub enum Part {
    /// Exactly this text.
    Text(&'static str),
    /// So many characters, at least and at most, of this alphabet.
    Run(Class, u16, u16),
}

/// An alphabet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// `0-9a-f`
    Hex,
    /// `0-9a-z`
    Lower,
    /// `0-9A-Za-z`
    Alnum,
    /// `0-9A-Za-z_`
    Snake,
    /// `0-9A-Za-z-`
    Dash,
    /// `0-9A-Za-z_-`: base64url
    Word,
    /// `0-9A-Za-z_.-`: a JWT
    Dotted,
}

impl Class {
    /// Whether a byte is of the alphabet.
    #[must_use]
    pub const fn has(self, byte: u8) -> bool {
        match self {
            Self::Hex => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
            Self::Lower => matches!(byte, b'0'..=b'9' | b'a'..=b'z'),
            Self::Alnum => byte.is_ascii_alphanumeric(),
            Self::Snake => byte.is_ascii_alphanumeric() || byte == b'_',
            Self::Dash => byte.is_ascii_alphanumeric() || byte == b'-',
            Self::Word => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'),
            Self::Dotted => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'),
        }
    }
}

impl Shape {
    /// Whether the whole key has this shape.
    #[must_use]
    pub fn matches(&self, key: &str) -> bool {
        rest_matches(key.as_bytes(), self.parts)
    }

    /// How many characters of it are fixed: the more, the more a match says.
    pub(super) fn fixed(&self) -> usize {
        let length = |part: &Part| {
            if let Part::Text(text) = part {
                text.len()
            } else {
                0
            }
        };
        self.parts.iter().map(length).sum()
    }
}

fn rest_matches(key: &[u8], parts: &[Part]) -> bool {
    let Some((part, parts)) = parts.split_first() else {
        return key.is_empty();
    };
    match *part {
        Part::Text(text) => key
            .strip_prefix(text.as_bytes())
            .is_some_and(|key| rest_matches(key, parts)),
        Part::Run(class, min, max) => {
            let run = key
                .iter()
                .take(usize::from(max))
                .take_while(|byte| class.has(**byte))
                .count();
            let min = usize::from(min);
            // The last run takes all; an earlier one gives back until what follows it fits.
            if parts.is_empty() {
                return run >= min && run == key.len();
            }
            (min..=run).any(|taken| rest_matches(&key[taken..], parts))
        }
    }
}
