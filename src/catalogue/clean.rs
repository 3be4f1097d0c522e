//! Makes a key of what was pasted.

use core::fmt;

use zeroize::Zeroizing;

use super::detect::plain_key;
use crate::envelope::MAX_KEY_BYTES;

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
    /// The address of a page.
    Address,
    /// A character that is not visible ASCII, so that no header can carry it.
    Character(char),
}

impl CleanError {
    /// Stable, for programs.
    ///
    /// ```
    /// use keyseal::catalogue::{CleanError, clean};
    ///
    /// assert_eq!(clean("  ").expect_err("nothing is left").code(), CleanError::Empty.code());
    /// ```
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Empty => "key_empty",
            Self::TooLong => "key_too_long",
            Self::Several => "key_several",
            Self::Address => "key_address",
            Self::Character(_) => "key_character",
        }
    }

    /// What happened and what to do, for people.
    ///
    /// ```
    /// use keyseal::catalogue::CleanError;
    ///
    /// assert!(CleanError::Empty.message().ends_with('.')); // a sentence
    /// ```
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::Empty => "There is no key in what was pasted. Copy the key again.",
            Self::TooLong => "This is too long to be a key. Copy the key alone.",
            Self::Several => "This holds more than one key. Paste one key at a time.",
            Self::Address => "This is an address, not a key. Copy the key itself.",
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
/// characters, quotes, `Bearer `, `export X=`, `Authorization: Bearer `) and refuses what no key
/// holds. The key is copied once, into a buffer that is wiped when dropped.
///
/// # Errors
/// If nothing is left, or something that cannot be a key.
///
/// ```
/// use keyseal::catalogue::clean;
///
/// let key = clean("  export OPENAI_API_KEY='sk-0123456789abcdef'\n")?;
/// assert_eq!(key.as_str(), "sk-0123456789abcdef");
/// assert!(clean("two words").is_err());
/// # Ok::<(), keyseal::catalogue::CleanError>(())
/// ```
pub fn clean(pasted: &str) -> Result<Zeroizing<String>, CleanError> {
    let core = strip(pasted);
    // Room for line breaks and invisible characters, but not for anything at all.
    if core.len() > 4 * MAX_KEY_BYTES {
        return Err(CleanError::TooLong);
    }
    // Never grown: a buffer that moves leaves a copy behind.
    let mut key = Zeroizing::new(String::with_capacity(core.len()));
    for (number, line) in core.split(['\n', '\r']).enumerate() {
        let line = line.trim();
        if number > 0 && begins_another(line) {
            return Err(CleanError::Several);
        }
        key.extend(line.chars().filter(|c| !is_invisible(*c)));
    }
    if key.is_empty() {
        return Err(CleanError::Empty);
    }
    if is_address(&key) {
        return Err(CleanError::Address);
    }
    if let Some(odd) = key.chars().find(|c| !matches!(c, '!'..='~')) {
        return Err(CleanError::Character(odd));
    }
    if key.len() > MAX_KEY_BYTES {
        return Err(CleanError::TooLong);
    }
    Ok(key)
}

/// An `id:secret` may go on with two slashes: only a page's address counts, by its scheme.
fn is_address(text: &str) -> bool {
    ["https", "http"].into_iter().any(|scheme| {
        text.split_at_checked(scheme.len())
            .is_some_and(|(start, rest)| {
                start.eq_ignore_ascii_case(scheme) && rest.starts_with("://")
            })
    })
}

/// The key inside what stands around it, as a part of the same buffer.
pub(super) fn strip(pasted: &str) -> &str {
    let mut rest = pasted;
    loop {
        let before = rest.len();
        rest = rest.trim_matches(is_around).trim_end_matches([',', ';']);
        rest = without_comment(rest);
        rest = without_command(rest);
        rest = after_name(rest).unwrap_or(rest);
        rest = without_scheme(rest);
        if rest.len() == before {
            return rest;
        }
    }
}

fn is_around(c: char) -> bool {
    c.is_whitespace()
        || is_invisible(c)
        || matches!(c, '"' | '\'' | '`' | '‘'..='‟' | '«' | '»' | '‹' | '›')
        || matches!(c, '(' | ')' | '[' | ']' | '{' | '}' | '<' | '>')
}

/// Byte order mark, zero-width and direction marks, soft hyphen.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{feff}' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}')
}

/// A line of a settings file that says what the next one is.
fn without_comment(text: &str) -> &str {
    let next = text.split_once('\n').filter(|_| text.starts_with('#'));
    next.map_or(text, |(_, rest)| rest)
}

/// `export X=…` of a shell, `-H "X: …"` of curl.
fn without_command(text: &str) -> &str {
    for command in ["export", "set", "-H", "--header"] {
        if let Some(rest) = text.strip_prefix(command)
            && rest.starts_with(char::is_whitespace)
        {
            return rest.trim_start();
        }
    }
    text
}

/// What follows `X=`, `X_API_KEY = `, `"apiKey": ` or `Authorization: `. A key may hold `=` and `:`
/// itself (`id:secret`, base64), so only what plainly is a name counts.
fn after_name(text: &str) -> Option<&str> {
    let in_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let end = text.find(|c| !in_name(c))?;
    let (name, rest) = text.split_at_checked(end)?;
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
        return None;
    }
    let between = rest.trim_start_matches([' ', '\t', '"', '\'']);
    let quoted = between.len() != rest.len();
    let (sign, value) = between.split_at_checked(1)?;
    let plainly = is_about_keys(name) || quoted;
    let is_name = match sign {
        "=" => plainly || is_variable(name),
        ":" => plainly || value.starts_with([' ', '\t']),
        _ => false,
    };
    // Base64 ends with `=` signs; they follow no name.
    (is_name && !value.trim_matches('=').is_empty() && !value.starts_with('=')).then_some(value)
}

fn is_about_keys(name: &str) -> bool {
    let name = name.as_bytes();
    let holds = |word: &str| {
        name.windows(word.len())
            .any(|w| w.eq_ignore_ascii_case(word.as_bytes()))
    };
    ["key", "token", "secret", "authorization"]
        .into_iter()
        .any(holds)
}

fn is_variable(name: &str) -> bool {
    name.bytes()
        .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}

/// The word before a key in a credential header.
fn without_scheme(text: &str) -> &str {
    let (scheme, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let is_scheme = |word: &str| scheme.eq_ignore_ascii_case(word);
    if ["bearer", "token", "key", "api-key"]
        .into_iter()
        .any(is_scheme)
    {
        rest
    } else {
        text
    }
}

/// A key that was wrapped goes on in the next line; another key, or another setting, begins anew.
fn begins_another(line: &str) -> bool {
    after_name(without_command(line)).is_some() || plain_key(line).is_some()
}
