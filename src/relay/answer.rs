//! Reads HTTP/1.1 answers (RFC 9112), split anywhere. Strict where two readers might differ about
//! where an answer ends; bounded whatever a server sends.

use httparse::{EMPTY_HEADER, Status};

use super::error::RelayError;

/// Longest head, in bytes.
const MAX_HEAD: usize = 64 * 1024;
/// Most headers in it.
const MAX_HEADERS: usize = 256;
/// Longest line that says how large a chunk is.
const MAX_SIZE_LINE: usize = 1024;
/// All trailers together.
const MAX_TRAILERS: usize = 16 * 1024;
/// Most interim answers (1xx) before the answer.
const MAX_INTERIM: u8 = 16;

/// Status and headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The status; never 1xx.
    pub status: u16,
    /// Names in lower case, and values, in their order.
    pub headers: Vec<(String, Vec<u8>)>,
}

impl Head {
    /// The first value of a header.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&[u8]> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(header, _)| header == name);
        found.map(|(_, value)| value.as_slice())
    }
}

/// What was found in some bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found<'a> {
    /// Nothing yet: more bytes are needed.
    Nothing,
    /// The answer's head.
    Head(Head),
    /// Bytes of its body.
    Body(&'a [u8]),
    /// Its end.
    End,
}

/// Reads one answer.
pub struct Reader {
    state: State,
    /// The answer to HEAD has no body, whatever its headers say.
    to_head: bool,
    /// A part that is not whole yet.
    part: Vec<u8>,
    interim: u8,
    keep_alive: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Head,
    Length(u64),
    ChunkSize,
    Chunk(u64),
    /// So many bytes of the line's end behind a chunk were read.
    ChunkEnd(u8),
    Trailers {
        /// In this line; the line's end does not count.
        line: usize,
        all: usize,
    },
    UntilClose,
    Done,
}

impl Reader {
    /// For the answer to a request of this method.
    #[must_use]
    pub fn new(method: &str) -> Self {
        Self {
            state: State::Head,
            to_head: method == "HEAD",
            part: Vec::new(),
            interim: 0,
            keep_alive: false,
        }
    }

    /// Whether the head was read.
    #[must_use]
    pub fn in_body(&self) -> bool {
        self.state != State::Head
    }

    /// Whether the whole answer was read.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Whether another request may follow on the same connection.
    #[must_use]
    pub fn keeps_alive(&self) -> bool {
        self.is_done() && self.keep_alive
    }

    /// The connection was closed; `properly`: with TLS's word that nothing was cut off.
    ///
    /// # Errors
    /// [`RelayError::CutOff`] where the answer is not whole.
    pub fn close(&mut self, properly: bool) -> Result<(), RelayError> {
        match self.state {
            State::Done => Ok(()),
            State::UntilClose if properly => {
                self.state = State::Done;
                Ok(())
            }
            _ => Err(RelayError::CutOff),
        }
    }

    /// Reads on: how many bytes were used, and what they were. To be called again until it finds
    /// nothing and uses nothing.
    ///
    /// # Errors
    /// [`RelayError::Answer`] says what is wrong; nothing can be read after it.
    pub fn read<'a>(&mut self, bytes: &'a [u8]) -> Result<(usize, Found<'a>), RelayError> {
        match self.state {
            State::Head => self.head(bytes),
            State::Length(left) => Ok(self.body(bytes, left, State::Length, State::Done)),
            State::Chunk(left) => Ok(self.body(bytes, left, State::Chunk, State::ChunkEnd(0))),
            State::UntilClose if bytes.is_empty() => Ok((0, Found::Nothing)),
            State::UntilClose => Ok((bytes.len(), Found::Body(bytes))),
            State::ChunkSize => self.chunk_size(bytes),
            State::ChunkEnd(read) => self.chunk_end(bytes, read),
            State::Trailers { line, all } => self.trailers(bytes, line, all),
            State::Done => Ok((0, Found::End)),
        }
    }

    fn body<'a>(
        &mut self,
        bytes: &'a [u8],
        left: u64,
        within: impl Fn(u64) -> State,
        after: State,
    ) -> (usize, Found<'a>) {
        let most = usize::try_from(left).unwrap_or(usize::MAX);
        let body = &bytes[..bytes.len().min(most)];
        let left = left - body.len() as u64;
        self.state = if left == 0 { after } else { within(left) };
        let found = if body.is_empty() {
            Found::Nothing
        } else {
            Found::Body(body)
        };
        (body.len(), found)
    }

    fn head<'a>(&mut self, bytes: &'a [u8]) -> Result<(usize, Found<'a>), RelayError> {
        let before = self.part.len();
        let room = bytes.len().min(MAX_HEAD + 4 - before);
        self.part.extend_from_slice(&bytes[..room]);
        let Some(end) = end_of_head(&self.part, before.saturating_sub(3)) else {
            if self.part.len() > MAX_HEAD {
                return Err(RelayError::Answer("its head is too long."));
            }
            return Ok((bytes.len(), Found::Nothing));
        };
        self.part.truncate(end);
        let used = end - before;
        let whole = core::mem::take(&mut self.part);
        let (head, version) = parse(&whole)?;
        if (100..200).contains(&head.status) {
            self.interim += 1;
            if head.status == 101 || self.interim > MAX_INTERIM {
                return Err(RelayError::Answer("it changes the protocol."));
            }
            return Ok((used, Found::Nothing));
        }
        self.state = self.framing(&head, version)?;
        self.keep_alive = version == 1 && !says(&head, "connection", "close");
        Ok((used, Found::Head(head)))
    }

    /// RFC 9112, 6.3: where the body ends.
    fn framing(&self, head: &Head, version: u8) -> Result<State, RelayError> {
        let mut lengths = head
            .headers
            .iter()
            .filter(|(name, _)| name == "content-length");
        let length = match lengths.next() {
            None => None,
            Some((_, first)) => {
                if lengths.any(|(_, other)| other != first) {
                    return Err(RelayError::Answer("it gives two lengths."));
                }
                Some(number(first).ok_or(RelayError::Answer("its length is no number."))?)
            }
        };
        let mut codings = head
            .headers
            .iter()
            .filter(|(name, _)| name == "transfer-encoding");
        let coding = codings.next();
        let chunked = match coding {
            None => false,
            Some((_, value)) => {
                let chunked = value.eq_ignore_ascii_case(b"chunked") && version == 1;
                if !chunked || length.is_some() || codings.next().is_some() {
                    return Err(RelayError::Answer("it does not say clearly where it ends."));
                }
                true
            }
        };
        Ok(if self.to_head || matches!(head.status, 204 | 304) {
            State::Done
        } else if chunked {
            State::ChunkSize
        } else {
            match length {
                Some(0) => State::Done,
                Some(length) => State::Length(length),
                None => State::UntilClose,
            }
        })
    }

    fn chunk_size<'a>(&mut self, bytes: &'a [u8]) -> Result<(usize, Found<'a>), RelayError> {
        const WRONG: RelayError = RelayError::Answer("a chunk has no proper size.");
        let line = bytes.iter().position(|byte| *byte == b'\n');
        let used = line.map_or(bytes.len(), |end| end + 1);
        if self.part.len() + used > MAX_SIZE_LINE {
            return Err(WRONG);
        }
        self.part.extend_from_slice(&bytes[..used]);
        if line.is_none() {
            return Ok((used, Found::Nothing));
        }
        let line = core::mem::take(&mut self.part);
        let digits = line.first().is_some_and(u8::is_ascii_hexdigit);
        let size = match httparse::parse_chunk_size(&line) {
            Ok(Status::Complete((_, size))) if digits => size,
            _ => return Err(WRONG),
        };
        self.state = match size {
            0 => State::Trailers { line: 0, all: 0 },
            size => State::Chunk(size),
        };
        Ok((used, Found::Nothing))
    }

    fn chunk_end<'a>(
        &mut self,
        bytes: &'a [u8],
        read: u8,
    ) -> Result<(usize, Found<'a>), RelayError> {
        let Some(byte) = bytes.first() else {
            return Ok((0, Found::Nothing));
        };
        self.state = match (read, byte) {
            (0, b'\r') => State::ChunkEnd(1),
            (1, b'\n') => State::ChunkSize,
            _ => return Err(RelayError::Answer("a chunk is longer than it says.")),
        };
        Ok((1, Found::Nothing))
    }

    /// Trailers are headers that nobody has checked: they go no further.
    fn trailers<'a>(
        &mut self,
        bytes: &'a [u8],
        mut line: usize,
        mut all: usize,
    ) -> Result<(usize, Found<'a>), RelayError> {
        for (at, byte) in bytes.iter().enumerate() {
            match byte {
                b'\n' if line == 0 => {
                    self.state = State::Done;
                    return Ok((at + 1, Found::End));
                }
                b'\n' => line = 0,
                b'\r' => {}
                _ => line += 1,
            }
            all += 1;
            if all > MAX_TRAILERS {
                return Err(RelayError::Answer("its trailers are too long."));
            }
        }
        self.state = State::Trailers { line, all };
        Ok((bytes.len(), Found::Nothing))
    }
}

/// Behind the empty line that ends a head; the search begins at `from`.
fn end_of_head(bytes: &[u8], from: usize) -> Option<usize> {
    let rest = &bytes[from..];
    rest.iter().enumerate().find_map(|(at, byte)| {
        let after = &rest[at + 1..];
        match (byte, after) {
            (b'\n', [b'\n', ..]) => Some(from + at + 2),
            (b'\n', [b'\r', b'\n', ..]) => Some(from + at + 3),
            _ => None,
        }
    })
}

/// The head, and the minor version of HTTP.
fn parse(bytes: &[u8]) -> Result<(Head, u8), RelayError> {
    const WRONG: RelayError = RelayError::Answer("its head is not one of HTTP/1.1.");
    let mut headers = vec![EMPTY_HEADER; MAX_HEADERS];
    let mut parsed = httparse::Response::new(&mut headers);
    match parsed.parse(bytes) {
        Ok(Status::Complete(length)) if length == bytes.len() => {}
        _ => return Err(WRONG),
    }
    let (Some(status), Some(version)) = (parsed.code, parsed.version) else {
        return Err(WRONG);
    };
    let headers = parsed.headers.iter();
    let headers = headers.map(|header| (header.name.to_ascii_lowercase(), header.value.to_vec()));
    Ok((
        Head {
            status,
            headers: headers.collect(),
        },
        version,
    ))
}

/// Digits only: no sign, no spaces, no list.
fn number(text: &[u8]) -> Option<u64> {
    let digits = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    digits
        .then(|| core::str::from_utf8(text).ok()?.parse().ok())
        .flatten()
}

/// Whether one of a header's lists names `word`.
fn says(head: &Head, name: &str, word: &str) -> bool {
    let values = head.headers.iter().filter(|(header, _)| header == name);
    let mut words = values.flat_map(|(_, value)| value.split(|byte| *byte == b','));
    words.any(|it| it.trim_ascii().eq_ignore_ascii_case(word.as_bytes()))
}
