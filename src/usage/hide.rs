//! Hides the chunk of counts from a caller who did not ask for it.

use std::sync::LazyLock;

use memchr::memmem::Finder;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// An event that is larger is no chunk of counts: it passes.
const LARGEST: usize = 16 * 1024;

/// What goes on to the caller of what came.
#[derive(Debug, PartialEq, Eq)]
pub enum Shown {
    /// All of it, as it came.
    Same,
    /// This instead, which may be nothing.
    Instead(Vec<u8>),
}

/// Leaves one event out of an OpenAI-compatible stream: the one with counts and no choices. Whole
/// events pass at once; of one that is still coming the beginning is held, because nobody can use it
/// before its end.
#[derive(Default)]
pub struct Hider {
    held: Vec<u8>,
    /// In the middle of an event that passes because it is too large.
    passing: bool,
}

#[derive(Deserialize)]
struct Chunk {
    choices: Vec<IgnoredAny>,
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Usage {
    #[serde(rename = "total_tokens")]
    _total_tokens: IgnoredAny,
}

impl Hider {
    /// Takes what came and says what goes on.
    pub fn push(&mut self, bytes: &[u8]) -> Shown {
        let nothing_held = self.held.is_empty();
        let came: &[u8] = if nothing_held {
            bytes
        } else {
            self.held.extend_from_slice(bytes);
            &std::mem::take(&mut self.held)
        };
        // What is shown without a gap stays where it is; only behind a hidden event it is gathered.
        let mut shown = Vec::new();
        let (mut from, mut at) = (0, 0);
        while let Some(length) = end_of_event(&came[at..]) {
            let end = at + length;
            if !std::mem::take(&mut self.passing) && is_counts(&came[at..end]) {
                shown.extend_from_slice(&came[from..at]);
                from = end;
            }
            at = end;
        }
        if self.passing || came.len() - at > LARGEST {
            self.passing = true;
            at = came.len();
        }
        if nothing_held && from == 0 && at == came.len() {
            return Shown::Same;
        }
        shown.extend_from_slice(&came[from..at]);
        self.held = came[at..].to_vec();
        Shown::Instead(shown)
    }

    /// What is still held when the stream ends: an event without its blank line.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        if is_counts(&self.held) {
            return Vec::new();
        }
        self.held
    }

    /// Whether nothing is held.
    #[must_use]
    pub fn holds_nothing(&self) -> bool {
        self.held.is_empty()
    }
}

/// Where the first of server-sent events ends: behind its blank line.
///
/// ```
/// use keyseal::usage::end_of_event;
///
/// assert_eq!(end_of_event(b"data: 1\n\ndata: 2\n\n"), Some(9));
/// assert_eq!(end_of_event(b"data: 1\n"), None); // more may come
/// ```
#[must_use]
pub fn end_of_event(bytes: &[u8]) -> Option<usize> {
    let mut line_start = 0;
    let mut at = 0;
    while let Some(next) = memchr::memchr2(b'\n', b'\r', &bytes[at..]) {
        let end = at + next;
        let crlf = bytes[end] == b'\r' && bytes.get(end + 1) == Some(&b'\n');
        at = end + 1 + usize::from(crlf);
        if end == line_start && end > 0 {
            // A return at the very end may be half of a line's end.
            let half = bytes[end] == b'\r' && at == bytes.len() && !crlf;
            return (!half).then_some(at);
        }
        line_start = at;
    }
    None
}

/// In every chunk of counts, and in few others: only those are parsed.
static TOTAL: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"total_tokens\""));

fn is_counts(event: &[u8]) -> bool {
    if event.len() > LARGEST || TOTAL.find(event).is_none() {
        return false;
    }
    let data = event
        .split(|byte| matches!(byte, b'\n' | b'\r'))
        .filter_map(|line| {
            let data = line.strip_prefix(b"data:")?;
            Some(data.strip_prefix(b" ").unwrap_or(data))
        });
    let data = data.collect::<Vec<_>>().join(&b'\n');
    let chunk: Result<Chunk, _> = serde_json::from_slice(&data);
    chunk.is_ok_and(|chunk| chunk.choices.is_empty() && chunk.usage.is_some())
}
