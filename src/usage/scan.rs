//! Finds the wanted members of a JSON text that comes in pieces, and keeps nothing else.
//!
//! A text of any size and any split takes the same few kilobytes. It is read no more strictly than
//! is needed to know where one stands; what is taken is parsed by a real parser afterwards.

use super::wanted::{ANSWER, ANSWERS, Field, Node, Take};

/// A member that is larger than this is not one of ours.
const LARGEST_VALUE: usize = 16 * 1024;
/// No deeper: what is so deep is no answer.
const DEEPEST: usize = 127;
/// As far down as anything is wanted.
const WANTED_DEPTH: usize = 6;
/// No wanted name is longer.
const LONGEST_NAME: usize = 24;

/// Something that was come across.
pub(super) enum Found<'a> {
    /// A wanted value, as it was written.
    Value(Field, &'a [u8]),
    /// So many elements.
    Count(Field, u64),
    /// The end of one answer.
    End,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Before,
    Value,
    FirstItem,
    FirstName,
    Name,
    Colon,
    After,
    Text { name: bool, escaped: bool },
    Scalar,
    Done,
    Broken,
}

struct Capture {
    field: Field,
    depth: usize,
}

struct Counting {
    field: Field,
    depth: usize,
    count: u64,
}

/// Reads one JSON text.
pub(super) struct Scanner {
    state: State,
    depth: usize,
    /// One bit a level: set for an object.
    objects: u128,
    /// What is wanted in the container of each level.
    nodes: [Option<&'static Node>; WANTED_DEPTH],
    /// What is wanted of the value that comes next.
    next: Option<&'static Node>,
    name: Vec<u8>,
    capture: Option<Capture>,
    counting: Option<Counting>,
    kept: Vec<u8>,
    array: bool,
}

impl Default for Scanner {
    fn default() -> Self {
        Self {
            state: State::Before,
            depth: 0,
            objects: 0,
            nodes: [None; WANTED_DEPTH],
            next: None,
            name: Vec::with_capacity(LONGEST_NAME),
            capture: None,
            counting: None,
            kept: Vec::new(),
            array: false,
        }
    }
}

impl Scanner {
    /// Ready for another text.
    pub fn reset(&mut self) {
        self.state = State::Before;
        self.depth = 0;
        self.objects = 0;
        self.nodes = [None; WANTED_DEPTH];
        self.next = None;
        self.name.clear();
        self.capture = None;
        self.counting = None;
        self.kept.clear();
        self.array = false;
    }

    /// Whether one whole text was read and nothing after it.
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Whether it is, or was, an array of answers.
    pub fn is_array(&self) -> bool {
        self.array
    }

    /// How many bytes are set aside.
    #[cfg(test)]
    pub fn holds(&self) -> usize {
        self.kept.capacity() + self.name.capacity()
    }

    /// Reads on.
    pub fn push(&mut self, mut bytes: &[u8], found: &mut impl FnMut(Found<'_>)) {
        while let Some((&byte, rest)) = bytes.split_first() {
            if self.state == State::Broken {
                return;
            }
            // Texts, pictures for instance, are what answers mostly consist of.
            if let State::Text {
                name,
                escaped: false,
            } = self.state
            {
                let end = memchr::memchr2(b'"', b'\\', bytes);
                let (run, other) = bytes.split_at(end.unwrap_or(bytes.len()));
                if !run.is_empty() {
                    self.run(run, name);
                    bytes = other;
                    continue;
                }
            }
            if byte == b'"'
                && let Some(after) = self.whole_text(rest)
            {
                bytes = after;
                continue;
            }
            if self.byte(byte, found) {
                bytes = rest;
            }
        }
    }

    /// A name, or a text that nobody wants, which ends in these bytes and has no escapes: most are
    /// so. Gives what follows it.
    fn whole_text<'a>(&mut self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        let name = match self.state {
            State::FirstName | State::Name => true,
            State::Value if self.in_object() && self.next.is_none() => false,
            _ => return None,
        };
        if self.capture.is_some() {
            return None;
        }
        let end = memchr::memchr2(b'"', b'\\', bytes)?;
        let (text, after) = bytes.split_at(end);
        let after = after.strip_prefix(b"\"")?;
        if !name {
            self.state = State::After;
            return Some(after);
        }
        self.next = self.wanted(|node| node.name.as_bytes() == text);
        Some(match after.strip_prefix(b":") {
            Some(value) => {
                self.state = State::Value;
                value
            }
            None => {
                self.state = State::Colon;
                after
            }
        })
    }

    /// A part of a text in which nothing ends or is escaped.
    fn run(&mut self, run: &[u8], name: bool) {
        if name {
            let room = (LONGEST_NAME + 1).saturating_sub(self.name.len());
            self.name.extend_from_slice(&run[..run.len().min(room)]);
        }
        if self.capture.is_some() {
            let room = (LARGEST_VALUE + 1).saturating_sub(self.kept.len());
            self.kept.extend_from_slice(&run[..run.len().min(room)]);
        }
    }

    /// `false`: the byte ended what was before it and has to be looked at again.
    fn byte(&mut self, byte: u8, found: &mut impl FnMut(Found<'_>)) -> bool {
        let space = matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        if self.state == State::Scalar {
            if space || matches!(byte, b',' | b']' | b'}') {
                self.end_value(found);
                return false;
            }
            let plain = byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
            if !plain {
                self.state = State::Broken;
            }
            self.keep(byte);
            return true;
        }
        self.keep(byte);
        match (self.state, byte) {
            (State::Text { name, escaped }, _) => self.text(byte, name, escaped, found),
            (State::Broken, _) => {}
            // A byte order mark may stand before the text.
            (State::Before, 0xEF | 0xBB | 0xBF) => {}
            (_, _) if space => {}
            (State::Before | State::Value, _) => self.begin_value(byte),
            (State::FirstItem, b']') => self.close(false, found),
            (State::FirstItem, _) => self.begin_value(byte),
            (State::FirstName, b'}') => self.close(true, found),
            (State::FirstName | State::Name, b'"') => {
                self.name.clear();
                self.state = State::Text {
                    name: true,
                    escaped: false,
                };
            }
            (State::Colon, b':') => self.state = State::Value,
            (State::After, b',') if self.in_object() => self.state = State::Name,
            (State::After, b',') => self.state = State::Value,
            (State::After, b']') => self.close(false, found),
            (State::After, b'}') => self.close(true, found),
            _ => self.state = State::Broken,
        }
        true
    }

    fn text(&mut self, byte: u8, name: bool, escaped: bool, found: &mut impl FnMut(Found<'_>)) {
        if !escaped && byte == b'"' {
            if name {
                self.next = self.wanted(|node| node.name.as_bytes() == self.name);
                self.state = State::Colon;
            } else {
                self.end_value(found);
            }
            return;
        }
        // A name that is written with escapes is none of ours: it is kept and fits nothing.
        if name && self.name.len() <= LONGEST_NAME {
            self.name.push(byte);
        }
        self.state = State::Text {
            name,
            escaped: !escaped && byte == b'\\',
        };
    }

    fn in_object(&self) -> bool {
        self.depth > 0 && self.objects >> (self.depth - 1) & 1 == 1
    }

    fn wanted(&self, fits: impl Fn(&Node) -> bool) -> Option<&'static Node> {
        if self.capture.is_some() {
            return None;
        }
        let container = self.nodes.get(self.depth.checked_sub(1)?).copied()??;
        container.below.iter().find(|node| fits(node))
    }

    fn begin_value(&mut self, byte: u8) {
        let node = if self.depth == 0 {
            self.array = byte == b'[';
            Some(if self.array { &ANSWERS } else { &ANSWER })
        } else if self.in_object() {
            self.next.take()
        } else {
            self.count_item();
            self.wanted(|node| node.name == "*")
        };
        match node.map(|node| node.take) {
            Some(Take::Value(field)) => {
                self.kept.clear();
                self.kept.push(byte);
                self.capture = Some(Capture {
                    field,
                    depth: self.depth,
                });
            }
            Some(Take::Count(field)) if byte == b'[' => {
                self.counting = Some(Counting {
                    field,
                    depth: self.depth + 1,
                    count: 0,
                });
            }
            _ => {}
        }
        match byte {
            b'{' => self.open(true, node),
            b'[' => self.open(false, node),
            b'"' => {
                self.state = State::Text {
                    name: false,
                    escaped: false,
                };
            }
            b'-' | b'0'..=b'9' | b't' | b'f' | b'n' => self.state = State::Scalar,
            _ => self.state = State::Broken,
        }
    }

    fn count_item(&mut self) {
        let depth = self.depth;
        if let Some(counting) = self.counting.as_mut().filter(|it| it.depth == depth) {
            counting.count += 1;
        }
    }

    fn open(&mut self, object: bool, node: Option<&'static Node>) {
        if self.depth == DEEPEST {
            self.state = State::Broken;
            return;
        }
        let bit = 1_u128 << self.depth;
        self.objects = if object {
            self.objects | bit
        } else {
            self.objects & !bit
        };
        if let Some(place) = self.nodes.get_mut(self.depth) {
            *place = node;
        }
        self.depth += 1;
        self.state = if object {
            State::FirstName
        } else {
            State::FirstItem
        };
    }

    fn close(&mut self, object: bool, found: &mut impl FnMut(Found<'_>)) {
        if self.depth == 0 || self.in_object() != object {
            self.state = State::Broken;
            return;
        }
        let depth = self.depth;
        if let Some(counted) = self.counting.take_if(|it| it.depth == depth) {
            found(Found::Count(counted.field, counted.count));
        }
        self.depth -= 1;
        self.end_value(found);
    }

    fn end_value(&mut self, found: &mut impl FnMut(Found<'_>)) {
        let depth = self.depth;
        if let Some(capture) = self.capture.take_if(|it| it.depth == depth)
            && self.kept.len() <= LARGEST_VALUE
        {
            found(Found::Value(capture.field, &self.kept));
        }
        self.state = if depth == 0 {
            State::Done
        } else {
            State::After
        };
        // An answer stands alone, or is an element of the outermost array.
        if depth == usize::from(self.array) {
            found(Found::End);
        }
    }

    fn keep(&mut self, byte: u8) {
        if self.capture.is_some() && self.kept.len() <= LARGEST_VALUE {
            self.kept.push(byte);
        }
    }
}
