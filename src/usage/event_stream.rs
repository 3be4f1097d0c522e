//! Server-sent events, as far as data is concerned (WHATWG HTML, 9.2.6), split anywhere.

/// A part of an event.
pub(super) enum Part<'a> {
    /// Some of its data.
    Data(&'a [u8]),
    /// Its end, at a blank line.
    End,
}

#[derive(Clone, Copy)]
enum At {
    /// The start of a line.
    Start,
    /// Inside a field's name, of which so many bytes were those of `data`.
    Name(usize),
    /// Right after `data:`, where one space does not count.
    Colon,
    /// In the value of `data`.
    Data,
    /// In a line that says nothing to us.
    Other,
}

const DATA: &[u8] = b"data";
const MARK: &[u8] = b"[DONE]";

/// Splits a stream into the data of its events. Keeps no line.
pub(super) struct Lines {
    at: At,
    after_return: bool,
    /// How many lines of data the event has so far.
    lines: u32,
    /// How much of the event's data is the mark with which OpenAI's streams end; none: it is not it.
    mark: Option<usize>,
}

impl Default for Lines {
    fn default() -> Self {
        Self {
            at: At::Start,
            after_return: false,
            lines: 0,
            mark: Some(0),
        }
    }
}

impl Lines {
    /// Whether the event that ends now was `[DONE]`.
    pub fn is_mark(&self) -> bool {
        self.mark == Some(MARK.len())
    }

    /// Reads on. `End` is said before the event is forgotten.
    pub fn push(&mut self, mut bytes: &[u8], part: &mut impl FnMut(&Self, Part<'_>)) {
        while let Some((&byte, rest)) = bytes.split_first() {
            if std::mem::take(&mut self.after_return) && byte == b'\n' {
                bytes = rest;
                continue;
            }
            // As nearly every line of a stream begins.
            if matches!(self.at, At::Start)
                && let Some(line) = bytes.strip_prefix(b"data: ")
            {
                self.begin_data(part);
                self.at = At::Data;
                bytes = line;
                continue;
            }
            if matches!(self.at, At::Data | At::Other) {
                let end = memchr::memchr2(b'\n', b'\r', bytes);
                let (line, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
                if !line.is_empty() {
                    self.data(line, part);
                    bytes = rest;
                    continue;
                }
            }
            bytes = rest;
            self.byte(byte, part);
        }
    }

    fn byte(&mut self, byte: u8, part: &mut impl FnMut(&Self, Part<'_>)) {
        if matches!(byte, b'\n' | b'\r') {
            self.after_return = byte == b'\r';
            self.end_line(part);
            return;
        }
        self.at = match self.at {
            At::Start if byte == b'd' => At::Name(1),
            // A byte order mark may stand before the stream.
            At::Start if matches!(byte, 0xEF | 0xBB | 0xBF) => At::Start,
            At::Name(known) if DATA.get(known) == Some(&byte) => At::Name(known + 1),
            At::Name(known) if known == DATA.len() && byte == b':' => {
                self.begin_data(part);
                At::Colon
            }
            At::Colon if byte == b' ' => At::Data,
            At::Colon => {
                self.at = At::Data;
                self.data(&[byte], part);
                At::Data
            }
            _ => At::Other,
        };
    }

    fn begin_data(&mut self, part: &mut impl FnMut(&Self, Part<'_>)) {
        if self.lines > 0 {
            self.mark = None;
            part(self, Part::Data(b"\n"));
        }
        self.lines = self.lines.saturating_add(1);
    }

    fn data(&mut self, line: &[u8], part: &mut impl FnMut(&Self, Part<'_>)) {
        if !matches!(self.at, At::Data) {
            return;
        }
        self.mark = self.mark.and_then(|known| {
            let fits = MARK.get(known..)?.starts_with(line);
            fits.then_some(known + line.len())
        });
        part(self, Part::Data(line));
    }

    fn end_line(&mut self, part: &mut impl FnMut(&Self, Part<'_>)) {
        let blank = matches!(self.at, At::Start);
        self.at = At::Start;
        if blank {
            self.end_event(part);
        }
    }

    /// At a blank line, and where the stream ends.
    pub fn end_event(&mut self, part: &mut impl FnMut(&Self, Part<'_>)) {
        if self.lines > 0 {
            part(self, Part::End);
        }
        self.lines = 0;
        self.mark = Some(0);
    }
}
