//! Masks a key in what comes back from a provider: some put it into their error messages.
//!
//! Works on the stream as it passes, holding back only bytes that may be the start of the key, and
//! masks in place with as many `*`, so that lengths stay true.

use zeroize::Zeroizing;

/// A beginning this long is masked too where a text breaks off within the key.
const TELLTALE: usize = 8;

/// A key to look for, and the bytes that may be its beginning.
pub struct Scrub {
    key: Zeroizing<Vec<u8>>,
    held: Zeroizing<Vec<u8>>,
}

/// What a look at one position says.
enum Found {
    /// The key stands here in so many bytes.
    Key(usize),
    /// It may stand here; the bytes end before that can be told.
    Perhaps,
    No,
}

impl Scrub {
    /// Looks for this key.
    ///
    /// ```
    /// use keyseal::transit::Scrub;
    ///
    /// let scrub = Scrub::new("sk-0123456789");
    /// assert_eq!(scrub.whole(b"no: sk-0123456789").as_deref(), Some(&b"no: *************"[..]));
    /// ```
    #[must_use]
    pub fn new(key: &str) -> Self {
        Self {
            key: Zeroizing::new(key.as_bytes().to_vec()),
            held: Zeroizing::default(),
        }
    }

    /// Takes the next bytes and gives back what may go on instead; `None`: they go on as they are.
    ///
    /// ```
    /// let mut scrub = keyseal::transit::Scrub::new("sk-0123456789");
    /// assert_eq!(scrub.push(b"data: hello"), None);
    /// assert_eq!(scrub.push(b"again sk-01").as_deref(), Some(&b"again "[..]));
    /// ```
    pub fn push(&mut self, chunk: &[u8]) -> Option<Vec<u8>> {
        if self.held.is_empty() && self.find(chunk, 0).is_none() {
            return None;
        }
        let mut bytes = core::mem::take(&mut *self.held);
        bytes.extend_from_slice(chunk);
        let settled = self.mask(&mut bytes);
        self.held.extend_from_slice(&bytes[settled..]);
        bytes.truncate(settled);
        Some(bytes)
    }

    /// What was held back until the end, masked if it is a telling part of the key.
    ///
    /// ```
    /// let mut scrub = keyseal::transit::Scrub::new("sk-0123456789");
    /// scrub.push(b"sk-01234");
    /// assert_eq!(scrub.finish(), b"********");
    /// ```
    #[must_use]
    pub fn finish(&mut self) -> Vec<u8> {
        let mut bytes = core::mem::take(&mut *self.held);
        if bytes.len() >= TELLTALE {
            bytes.fill(b'*');
        }
        bytes
    }

    /// Whether all that was pushed has gone on.
    #[must_use]
    pub fn holds_nothing(&self) -> bool {
        self.held.is_empty()
    }

    /// A whole text at once; `None` if the key does not stand in it.
    #[must_use]
    pub fn whole(&self, text: &[u8]) -> Option<Vec<u8>> {
        self.find(text, 0)?;
        let mut masked = text.to_vec();
        self.mask(&mut masked);
        (masked != text).then_some(masked)
    }

    /// Masks in place; gives how many bytes are settled.
    fn mask(&self, bytes: &mut [u8]) -> usize {
        let mut at = 0;
        while let Some((start, found)) = self.find(bytes, at) {
            match found {
                Found::Key(len) => {
                    bytes[start..start + len].fill(b'*');
                    at = start + len;
                }
                _ => return start,
            }
        }
        bytes.len()
    }

    /// The first position from `at` on where the key stands or may stand.
    fn find(&self, bytes: &[u8], mut at: usize) -> Option<(usize, Found)> {
        let first = *self.key.first()?;
        loop {
            let rest = bytes.get(at..)?;
            at += memchr::memchr3(first, b'%', b'\\', rest)?;
            match self.look(&bytes[at..]) {
                Found::No => at += 1,
                found => return Some((at, found)),
            }
        }
    }

    fn look(&self, bytes: &[u8]) -> Found {
        if bytes.starts_with(&self.key) {
            return Found::Key(self.key.len());
        }
        let mut rest = bytes;
        for &expected in self.key.iter() {
            match unit(rest) {
                Some((byte, len)) if byte == expected => rest = &rest[len..],
                None => return Found::Perhaps,
                Some(_) if self.key.starts_with(bytes) => return Found::Perhaps,
                Some(_) => return Found::No,
            }
        }
        Found::Key(bytes.len() - rest.len())
    }
}

/// One byte of text and how many it takes: plain, `%2D`, `\u002d` or `\-`. `None` if cut off.
fn unit(bytes: &[u8]) -> Option<(u8, usize)> {
    let hex = |digits: &[u8]| {
        let digits = core::str::from_utf8(digits).ok()?;
        u8::from_str_radix(digits, 16).ok()
    };
    match bytes {
        [] | [b'\\'] | [b'%'] => None,
        [b'\\', b'u', b'0', b'0', digits @ ..] if digits.len() < 2 => None,
        [b'\\', b'u'] | [b'\\', b'u', b'0'] => None,
        [b'\\', b'u', b'0', b'0', a, b, ..] => {
            Some(hex(&[*a, *b]).map_or((b'\\', 1), |byte| (byte, 6)))
        }
        [b'\\', escaped, ..] => Some((*escaped, 2)),
        [b'%', _] => None,
        [b'%', a, b, ..] => Some(hex(&[*a, *b]).map_or((b'%', 1), |byte| (byte, 3))),
        [plain, ..] => Some((*plain, 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "sk-Ab/9_z";

    fn scrubbed(text: &str, chunk: usize) -> String {
        let mut scrub = Scrub::new(KEY);
        let mut out = Vec::new();
        for piece in text.as_bytes().chunks(chunk) {
            out.extend(scrub.push(piece).unwrap_or_else(|| piece.to_vec()));
        }
        out.extend(scrub.finish());
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn the_key_is_masked_wherever_the_chunks_are_cut() {
        let text = format!("{{\"error\":\"bad key {KEY}\",\"again\":\"{KEY}{KEY}\"}}");
        let expected = text.replace(KEY, "*********");
        for chunk in 1..text.len() + 1 {
            assert_eq!(scrubbed(&text, chunk), expected, "chunks of {chunk}");
        }
    }

    #[test]
    fn percent_and_json_escapes_of_the_key_are_masked() {
        for echo in [
            "sk-Ab%2F9_z",
            "sk%2dAb%2f9%5Fz",
            "%73%6b%2D%41%62%2F%39%5F%7A",
            "sk-Ab\\/9_z",
            "sk\\u002dAb\\u002F9_z",
            "\\u0073k-Ab/9_z",
        ] {
            for chunk in [1, 2, 3, 5, 100] {
                let masked = scrubbed(&format!("<{echo}>"), chunk);
                assert_eq!(
                    masked,
                    format!("<{}>", "*".repeat(echo.len())),
                    "{echo} by {chunk}"
                );
            }
        }
    }

    #[test]
    fn other_text_passes_unchanged_and_at_once_but_for_a_possible_beginning() {
        let text = "sk- sk-Ab/8_z %zz \\u00zz \\ % sk-Ab/9_Z 100%25 caf\u{e9}";
        for chunk in 1..20 {
            assert_eq!(scrubbed(text, chunk), text, "chunks of {chunk}");
        }
        let mut scrub = Scrub::new(KEY);
        assert_eq!(scrub.push(b"data: hello"), None);
        assert_eq!(
            scrub.push(b"data: hello sk-A"),
            Some(b"data: hello ".to_vec())
        );
        assert_eq!(scrub.push(b"x"), Some(b"sk-Ax".to_vec()));
    }

    #[test]
    fn where_a_text_breaks_off_within_the_key_a_telling_part_is_masked() {
        assert_eq!(scrubbed("x sk-Ab/9", 3), "x sk-Ab/9");
        assert_eq!(scrubbed("x sk-Ab/9_", 3), "x ********");
    }

    #[test]
    fn keys_that_hold_percent_or_backslash_themselves_are_masked() {
        for key in ["a%41b-key", "a\\nb-key", "%25%25%25", "100%"] {
            let mut scrub = Scrub::new(key);
            let mut out = Vec::new();
            for byte in format!("<{key}>").into_bytes() {
                out.extend(scrub.push(&[byte]).unwrap_or_else(|| vec![byte]));
            }
            assert_eq!(
                out,
                format!("<{}>", "*".repeat(key.len())).as_bytes(),
                "{key}"
            );
        }
    }

    #[test]
    fn whole_texts_tell_whether_they_held_the_key() {
        let scrub = Scrub::new(KEY);
        assert_eq!(scrub.whole(b"nothing"), None);
        assert_eq!(scrub.whole(b"x sk-Ab/9_z"), Some(b"x *********".to_vec()));
        assert_eq!(scrub.whole(b"sk-Ab/9_"), None);
    }
}
