//! One connection to a provider: a handshake, then one request after the other.

use super::answer::{Found, Head, Reader};
use super::error::RelayError;
use super::request::{Body, Request};
use super::target::Target;
use super::tls::{Plain, Tls, Trust};
use crate::envelope::KeyClaims;
use crate::transit::{
    COMPRESSED, Next, SEARCHED, Scrub, Search, Treatment, is_kept_inward, named_by_connection,
};
use crate::vault::{Granted, VaultError};

/// A body is encrypted as long as no more than this waits to be sent.
const ENOUGH: usize = 128 * 1024;
/// Largest piece of a body that is taken or given at once.
const PIECE: usize = 64 * 1024;

/// Where a connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Not ready yet.
    Handshaking,
    /// Ready for a request.
    Idle,
    /// A request is under way.
    Busy,
    /// Over.
    Closed,
}

/// A part of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Its head, as the caller may see it.
    Head(Head),
    /// A piece of its body.
    Chunk(Vec<u8>),
    /// Its end; `reusable`: another request may follow.
    End {
        /// Whether the connection is [`State::Idle`] now.
        reusable: bool,
    },
}

/// A connection to a [`Target`].
pub struct Connection {
    target: Target,
    tls: Tls,
    state: State,
    exchange: Option<Exchange>,
    /// The vault was locked in the middle of an exchange.
    locked: bool,
}

/// A request and its answer.
struct Exchange {
    reader: Reader,
    upload: Body,
    answer: Answer,
}

/// How the answer is looked at; the key is held no longer than it is looked for.
enum Answer {
    /// Its head has not come.
    Awaited(Scrub),
    /// Its body is searched.
    Searched(Search),
    /// Its body passes.
    Passing,
    /// Something of ours stands in place of its body, or what was held back of it.
    Instead(Vec<u8>),
    /// All that may pass has passed.
    Cut,
}

impl Connection {
    /// Begins a connection for requests to `provider` (`openai`, `fal:queue`) with the key of an
    /// entry. Further `roots` (DER) count only where the entry is for a host of the user's own.
    ///
    /// # Errors
    /// [`RelayError`]: the entry cannot be opened, or names no server.
    pub fn new(
        granted: &Granted,
        provider: &str,
        entry: &str,
        roots: &[Vec<u8>],
        trust: &Trust,
    ) -> Result<Self, RelayError> {
        let target = Target::of(provider, &granted.claims(entry)?)?;
        Ok(Self {
            tls: Tls::new(trust, &target, roots)?,
            target,
            state: State::Handshaking,
            exchange: None,
            locked: false,
        })
    }

    /// Where it goes.
    #[must_use]
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Where it stands.
    #[must_use]
    pub fn state(&self) -> State {
        self.state
    }

    /// How many bytes that arrived were used up, in all.
    #[must_use]
    pub fn taken(&self) -> u64 {
        self.tls.taken()
    }

    /// Takes bytes that arrived.
    ///
    /// # Errors
    /// [`RelayError`]: the handshake failed, or more came than was asked for. What is to be sent
    /// then (an alert) is in [`Connection::outgoing`].
    pub fn receive(&mut self, bytes: Vec<u8>) -> Result<(), RelayError> {
        if self.state == State::Closed {
            return Ok(());
        }
        let received = self.tls.receive(bytes);
        let watched = received.and_then(|()| self.watch());
        self.settle(watched)
    }

    /// Nothing more will arrive.
    ///
    /// # Errors
    /// [`RelayError::CutOff`] in the middle of the handshake; an answer that is cut off says so in
    /// [`Connection::next`].
    pub fn receive_end(&mut self) -> Result<(), RelayError> {
        if self.state == State::Closed {
            return Ok(());
        }
        self.tls.receive_end();
        let watched = self.watch();
        self.settle(watched)
    }

    /// Bytes to send, 64 KiB at most.
    pub fn outgoing(&mut self) -> Option<Vec<u8>> {
        self.tls.outgoing(PIECE)
    }

    /// Sends a request with the key of an entry that goes to the same place.
    ///
    /// # Errors
    /// [`RelayError`]: the connection is not idle, the entry cannot be used here, the path or the
    /// request is refused. Nothing is sent then, and the connection stays as it is.
    pub fn request(
        &mut self,
        granted: &Granted,
        entry: &str,
        request: &Request<'_>,
    ) -> Result<(), RelayError> {
        if self.state != State::Idle {
            return Err(RelayError::Busy);
        }
        let KeyClaims { key, .. } = {
            let claims = granted.claims(entry)?;
            if !self.target.takes(&claims) {
                return Err(RelayError::Host("The entry is for another place."));
            }
            claims
        };
        let head = request.head(&self.target, &key)?;
        let sent = self.tls.send(&[&head]);
        self.settle(sent)?;
        self.state = State::Busy;
        self.exchange = Some(Exchange {
            reader: Reader::new(request.method),
            upload: match request.body {
                Body::Length(0) => Body::None,
                body => body,
            },
            answer: Answer::Awaited(Scrub::new(key.expose())),
        });
        Ok(())
    }

    /// How many bytes of a body [`Connection::write`] would take.
    #[must_use]
    pub fn room(&self) -> usize {
        ENOUGH.saturating_sub(self.tls.waiting()).min(PIECE)
    }

    /// Takes bytes of the request's body: as many as there is room for.
    ///
    /// # Errors
    /// [`RelayError::Request`] where there is no such body; [`RelayError::CutOff`] where the
    /// connection is over.
    pub fn write(&mut self, bytes: &[u8]) -> Result<usize, RelayError> {
        let upload = self.upload()?;
        let taken = bytes.len().min(self.room());
        let bytes = &bytes[..taken];
        if taken == 0 {
            return Ok(0);
        }
        let sent = match upload {
            Body::None => return Err(RelayError::Request("This request has no body.")),
            Body::Length(left) => {
                let left = left.checked_sub(taken as u64).ok_or(RelayError::Request(
                    "The body is longer than the request said.",
                ))?;
                self.set_upload(if left == 0 {
                    Body::None
                } else {
                    Body::Length(left)
                });
                self.tls.send(&[bytes])
            }
            Body::Chunked => {
                let size = format!("{taken:x}\r\n");
                self.tls.send(&[size.as_bytes(), bytes, b"\r\n"])
            }
        };
        self.settle(sent)?;
        Ok(taken)
    }

    /// Ends the request's body.
    ///
    /// # Errors
    /// [`RelayError::Request`] where it is shorter than the request said: the connection is over.
    pub fn finish(&mut self) -> Result<(), RelayError> {
        let done = match self.upload()? {
            Body::None => Ok(()),
            Body::Chunked => {
                self.set_upload(Body::None);
                self.tls.send(&[b"0\r\n\r\n"])
            }
            Body::Length(_) => Err(RelayError::Request(
                "The body is shorter than the request said.",
            )),
        };
        self.settle(done)
    }

    /// The next part of the answer; `None`: it has not arrived.
    ///
    /// # Errors
    /// [`RelayError`]: the connection is over.
    #[expect(
        clippy::should_implement_trait,
        reason = "it fails, and goes on after None"
    )]
    pub fn next(&mut self) -> Result<Option<Part>, RelayError> {
        if self.locked {
            return Err(VaultError::Locked.into());
        }
        let part = self.step();
        self.settle(part)
    }

    /// Ends the connection politely.
    pub fn close(&mut self) {
        if self.state != State::Closed {
            self.tls.close();
        }
        self.end();
    }

    /// Forgets every copy of a key. An exchange that needs one still is over: what reads its answer
    /// hears that the vault is locked. A stream past its head goes on.
    pub fn lock(&mut self) {
        let holds = |exchange: &Exchange| {
            matches!(exchange.answer, Answer::Awaited(_) | Answer::Searched(_))
        };
        if self.exchange.as_ref().is_some_and(holds) {
            self.locked = true;
            self.end();
        }
    }

    fn end(&mut self) {
        self.state = State::Closed;
        self.exchange = None;
    }

    fn settle<T>(&mut self, outcome: Result<T, RelayError>) -> Result<T, RelayError> {
        if outcome.is_err() {
            self.end();
        }
        outcome
    }

    fn upload(&self) -> Result<Body, RelayError> {
        if self.locked {
            return Err(VaultError::Locked.into());
        }
        let exchange = self.exchange.as_ref().ok_or(RelayError::CutOff)?;
        Ok(exchange.upload)
    }

    fn set_upload(&mut self, upload: Body) {
        if let Some(exchange) = &mut self.exchange {
            exchange.upload = upload;
        }
    }

    /// Without a request under way: goes on with the handshake, and sees a connection end.
    fn watch(&mut self) -> Result<(), RelayError> {
        if self.exchange.is_some() {
            return Ok(());
        }
        let plain = self.tls.fill()?;
        match plain {
            Plain::Wait if !self.tls.is_handshaking() => self.state = State::Idle,
            Plain::Wait => {}
            _ if self.state == State::Handshaking => return Err(RelayError::CutOff),
            // Nobody asked for anything: an answer now would be taken for the next request's.
            Plain::Some | Plain::Closed | Plain::CutOff => self.end(),
        }
        Ok(())
    }

    fn step(&mut self) -> Result<Option<Part>, RelayError> {
        loop {
            let Some(exchange) = &mut self.exchange else {
                return Ok(None);
            };
            match &mut exchange.answer {
                Answer::Instead(bytes) => {
                    let bytes = core::mem::take(bytes);
                    exchange.answer = Answer::Cut;
                    return Ok(Some(Part::Chunk(bytes)));
                }
                Answer::Cut => {
                    let whole = exchange.reader.keeps_alive() && exchange.upload == Body::None;
                    return Ok(Some(self.over(whole)));
                }
                _ => {}
            }
            let mut body = Vec::new();
            match Self::gather(&mut self.tls, exchange, &mut body)? {
                _ if !body.is_empty() => {
                    if let Some(part) = Self::passed(exchange, body) {
                        return Ok(Some(part));
                    }
                }
                Gathered::Head(head) => {
                    let head = exchange.see(head, &self.target)?;
                    return Ok(Some(Part::Head(head)));
                }
                Gathered::Nothing => return Ok(None),
                Gathered::End => exchange.finish(),
            }
        }
    }

    /// Reads until there is a part, collecting pieces of the body.
    fn gather(
        tls: &mut Tls,
        exchange: &mut Exchange,
        body: &mut Vec<u8>,
    ) -> Result<Gathered, RelayError> {
        let reader = &mut exchange.reader;
        while body.len() < PIECE {
            if reader.is_done() {
                return Ok(Gathered::End);
            }
            // What came before something went wrong is passed on first.
            let plain = match tls.fill() {
                Err(_) if !body.is_empty() => return Ok(Gathered::Nothing),
                plain => plain?,
            };
            match plain {
                Plain::Wait => return Ok(Gathered::Nothing),
                Plain::Closed | Plain::CutOff if !body.is_empty() => return Ok(Gathered::Nothing),
                Plain::Closed => reader.close(true)?,
                Plain::CutOff => reader.close(false)?,
                Plain::Some => {
                    let head = tls.read(|bytes| {
                        let (used, found) = reader.read(bytes)?;
                        let head = match found {
                            Found::Head(head) => Some(head),
                            Found::Body(bytes) => {
                                body.extend_from_slice(bytes);
                                None
                            }
                            Found::Nothing | Found::End => None,
                        };
                        Ok((used, head))
                    })?;
                    if let Some(head) = head {
                        return Ok(Gathered::Head(head));
                    }
                }
            }
        }
        Ok(Gathered::Nothing)
    }

    /// What of a piece may go on; `None`: nothing of it.
    fn passed(exchange: &mut Exchange, body: Vec<u8>) -> Option<Part> {
        let Answer::Searched(search) = &mut exchange.answer else {
            return Some(Part::Chunk(body));
        };
        let (instead, next) = search.take(&body);
        match next {
            Next::Search => {}
            Next::Pass => exchange.answer = Answer::Passing,
            Next::Cut => exchange.answer = Answer::Cut,
        }
        let body = instead.unwrap_or(body);
        (!body.is_empty()).then_some(Part::Chunk(body))
    }

    fn over(&mut self, reusable: bool) -> Part {
        self.exchange = None;
        self.state = State::Idle;
        if !reusable {
            self.close();
        } else if self.watch().is_err() {
            self.end();
        }
        Part::End {
            reusable: self.state == State::Idle,
        }
    }
}

enum Gathered {
    Head(Head),
    Nothing,
    End,
}

impl Exchange {
    /// What the caller sees of the head; decides what happens to the body.
    fn see(&mut self, head: Head, target: &Target) -> Result<Head, RelayError> {
        let Answer::Awaited(scrub) = core::mem::replace(&mut self.answer, Answer::Passing) else {
            return Err(RelayError::Answer("it has two heads."));
        };
        let treatment = Treatment::of(
            head.status,
            head.value("content-type"),
            head.value("content-encoding"),
        );
        let mut seen = inward(head);
        locate(&mut seen, target)?;
        for (_, value) in &mut seen.headers {
            if let Some(masked) = scrub.whole(value) {
                *value = masked;
            }
        }
        self.answer = match treatment {
            Treatment::Pass => Answer::Passing,
            Treatment::Search => Answer::Searched(Search::new(scrub, false)),
            Treatment::SearchError => {
                shorten(&mut seen);
                Answer::Searched(Search::new(scrub, true))
            }
            Treatment::LeaveOut => {
                seen.headers.retain(|(name, _)| {
                    !matches!(
                        &**name,
                        "content-encoding" | "content-length" | "content-type"
                    )
                });
                let json = ("content-type".into(), b"application/json".to_vec());
                seen.headers.push(json);
                Answer::Instead(COMPRESSED.into())
            }
        };
        Ok(seen)
    }

    /// The body is over: what was held back of it comes last.
    fn finish(&mut self) {
        self.answer = match &mut self.answer {
            Answer::Searched(search) if !search.holds_nothing() => Answer::Instead(search.finish()),
            _ => Answer::Cut,
        };
    }
}

fn inward(head: Head) -> Head {
    let values = head.headers.iter().filter(|(name, _)| name == "connection");
    let hop = named_by_connection(values.filter_map(|(_, value)| str::from_utf8(value).ok()));
    let kept = |(name, _): &(String, Vec<u8>)| is_kept_inward(name) && !hop.contains(name);
    Head {
        status: head.status,
        headers: head.headers.into_iter().filter(kept).collect(),
    }
}

/// Redirects are never followed: one within the origin becomes a path of the companion's, any other
/// is an error, for the key would have to go along.
fn locate(head: &mut Head, target: &Target) -> Result<(), RelayError> {
    let Some(at) = head.headers.iter().position(|(name, _)| name == "location") else {
        return Ok(());
    };
    let (name, location) = head.headers.remove(at);
    let below = str::from_utf8(&location).ok();
    match below.and_then(|location| target.locate(location)) {
        Some(below) => {
            let own = ["/forward/", &target.name(), below].concat();
            head.headers.insert(at, (name, own.into()));
            Ok(())
        }
        None if (300..400).contains(&head.status) => Err(RelayError::Redirect),
        // A 201 says where the new thing is; the body says so too.
        None => Ok(()),
    }
}

fn shorten(head: &mut Head) {
    for (name, value) in &mut head.headers {
        let length = || str::from_utf8(value).ok()?.parse::<u64>().ok();
        if name == "content-length" && length().is_some_and(|length| length > SEARCHED as u64) {
            *value = SEARCHED.to_string().into();
        }
    }
}
