//! How keys look, as data: a regex engine would cost more bytes in the browser than all else here.

use super::types::Warning;
use crate::envelope::MAX_KEY_BYTES;

/// One way in which a provider's keys look: the parts, one after the other, are the whole key.
#[derive(Debug)]
pub struct Shape {
    /// The parts, in order.
    pub parts: &'static [Part],
    /// No other provider is known to have keys that begin like this.
    pub sure: bool,
    /// It was read somewhere, not remembered.
    pub known: bool,
    /// Distinctive enough to be called a key wherever it is found.
    pub plain: bool,
    /// So its keys begin, but they usually go on differently.
    pub loose: bool,
    /// Plainly a key only with a digit, a capital and a small letter, as no label has by chance.
    pub mixed: bool,
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// `0-9a-f`
    Hex,
    /// `0-9a-z`
    Lower,
    /// `0-9A-Za-z`
    Alnum,
    /// `0-9A-Za-z-`
    Dash,
    /// `0-9A-Za-z_-`: base64url
    Word,
    /// `0-9A-Za-z_.-`: a JWT
    Dotted,
}

impl Class {
    /// Whether a byte is of the alphabet.
    ///
    /// ```
    /// use keyseal::catalogue::Class;
    ///
    /// assert!(Class::Hex.has(b'f') && !Class::Hex.has(b'g'));
    /// ```
    #[must_use]
    pub const fn has(self, byte: u8) -> bool {
        match self {
            Self::Hex => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
            Self::Lower => matches!(byte, b'0'..=b'9' | b'a'..=b'z'),
            Self::Alnum => byte.is_ascii_alphanumeric(),
            Self::Dash => byte.is_ascii_alphanumeric() || byte == b'-',
            Self::Word => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'),
            Self::Dotted => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'),
        }
    }
}

impl Shape {
    /// Whether the whole key has this shape.
    ///
    /// ```
    /// let groq = keyseal::catalogue::find("groq").expect("a provider");
    /// let key = format!("gsk_{}", "a1B2".repeat(13));
    /// assert!(groq.shapes.iter().any(|shape| shape.matches(&key)));
    /// ```
    #[must_use]
    pub fn matches(&self, key: &str) -> bool {
        key.len() <= MAX_KEY_BYTES && rest_matches(key.as_bytes(), self.parts)
    }

    /// Whether a whole value plainly is a key of this shape.
    pub(super) fn is_plainly(&self, value: &str) -> bool {
        self.plain && self.matches(value) && (!self.mixed || is_mixed(value))
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

    /// The widest alphabet in it: the narrower, the more a match says.
    pub(super) fn widest(&self) -> Option<Class> {
        let class = |part: &Part| {
            if let Part::Run(class, ..) = part {
                Some(*class)
            } else {
                None
            }
        };
        self.parts.iter().filter_map(class).max()
    }
}

/// Bounded work: a key has at most [`MAX_KEY_BYTES`], and no shape more than two open runs.
fn rest_matches(key: &[u8], parts: &[Part]) -> bool {
    let Some((part, parts)) = parts.split_first() else {
        return key.is_empty();
    };
    match *part {
        Part::Text(text) => key
            .strip_prefix(text.as_bytes())
            .is_some_and(|key| rest_matches(key, parts)),
        Part::Run(class, min, max) => {
            let most = key.iter().take(usize::from(max));
            let run = most.take_while(|byte| class.has(**byte)).count();
            let min = usize::from(min);
            // The last run takes all; an earlier one gives back until what follows it fits.
            if parts.is_empty() {
                return run >= min && run == key.len();
            }
            (min..=run).any(|taken| rest_matches(&key[taken..], parts))
        }
    }
}

fn is_mixed(value: &str) -> bool {
    let has = |of: fn(&u8) -> bool| value.as_bytes().iter().any(of);
    has(u8::is_ascii_digit) && has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase)
}
