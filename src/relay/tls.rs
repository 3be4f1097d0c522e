//! TLS 1.3 and 1.2 without a socket.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, BufRead, IoSlice, Write};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, ClientConnection, RootCertStore};

use super::error::RelayError;
use super::provider::provider;
use super::target::Target;

/// The most that waits to be read: twice what the companion sends without a word from us.
const MAX_INCOMING: usize = 2 * 1024 * 1024;
/// The most that waits to be sent but for a body, which waits outside: heads, alerts, key updates.
const MAX_OUTGOING: usize = 1024 * 1024;

/// Whose certificates count: Mozilla's list of authorities, compiled in.
pub struct Trust {
    clock: Arc<dyn TimeProvider>,
    /// One for all connections, so that servers can be met again by a session ticket.
    common: Arc<ClientConfig>,
    /// The one with further roots that was used last.
    own: RefCell<Option<Own>>,
}

struct Own {
    roots: Vec<Vec<u8>>,
    config: Arc<ClientConfig>,
}

impl Trust {
    /// By this clock.
    ///
    /// # Errors
    /// [`RelayError::Tls`] where there are no random numbers.
    pub fn new(clock: Arc<dyn TimeProvider>) -> Result<Self, RelayError> {
        Ok(Self {
            common: config(&clock, &[])?,
            own: RefCell::default(),
            clock,
        })
    }

    /// With further `roots` (DER) where the host is the user's own, and nowhere else.
    fn config(&self, target: &Target, roots: &[Vec<u8>]) -> Result<Arc<ClientConfig>, RelayError> {
        if !target.custom || roots.is_empty() {
            return Ok(self.common.clone());
        }
        let mut own = self.own.borrow_mut();
        if own.as_ref().is_none_or(|own| own.roots != roots) {
            *own = Some(Own {
                roots: roots.to_vec(),
                config: config(&self.clock, roots)?,
            });
        }
        let own = own.as_ref().map_or(&self.common, |own| &own.config);
        Ok(own.clone())
    }
}

fn config(
    clock: &Arc<dyn TimeProvider>,
    roots: &[Vec<u8>],
) -> Result<Arc<ClientConfig>, RelayError> {
    let mut store = RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    for root in roots {
        let added = store.add(CertificateDer::from_slice(root));
        added.map_err(|_| RelayError::Request("A root is no certificate."))?;
    }
    let builder = ClientConfig::builder_with_details(provider(), clock.clone());
    let mut config = builder
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
        .with_root_certificates(store)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.enable_early_data = false;
    Ok(Arc::new(config))
}

/// What there is to read.
pub(super) enum Plain {
    /// Something.
    Some,
    /// Nothing before more arrives.
    Wait,
    /// Nothing any more, and nothing was cut off.
    Closed,
    /// Nothing any more, and something may have been cut off.
    CutOff,
}

/// One connection.
pub(super) struct Tls {
    connection: ClientConnection,
    incoming: VecDeque<Vec<u8>>,
    /// Of the first of them, so much was read.
    offset: usize,
    waiting: usize,
    taken: u64,
    ended: bool,
    outgoing: Vec<u8>,
}

impl Tls {
    pub(super) fn new(
        trust: &Trust,
        target: &Target,
        roots: &[Vec<u8>],
    ) -> Result<Self, RelayError> {
        let config = trust.config(target, roots)?;
        let mut connection = ClientConnection::new(config, target.server.clone())?;
        // What waits is counted here.
        connection.set_buffer_limit(None);
        let mut tls = Self {
            connection,
            incoming: VecDeque::new(),
            offset: 0,
            waiting: 0,
            taken: 0,
            ended: false,
            outgoing: Vec::new(),
        };
        tls.drain()?;
        Ok(tls)
    }

    pub(super) fn is_handshaking(&self) -> bool {
        self.connection.is_handshaking()
    }

    /// Bytes that arrived and were used up.
    pub(super) fn taken(&self) -> u64 {
        self.taken
    }

    /// How many bytes wait to be sent.
    pub(super) fn waiting(&self) -> usize {
        self.outgoing.len()
    }

    pub(super) fn receive(&mut self, bytes: Vec<u8>) -> Result<(), RelayError> {
        self.waiting += bytes.len();
        if self.waiting > MAX_INCOMING {
            return Err(RelayError::Flooded);
        }
        if !bytes.is_empty() {
            self.incoming.push_back(bytes);
        }
        Ok(())
    }

    pub(super) fn receive_end(&mut self) {
        self.ended = true;
    }

    /// Bytes to send, so many at most.
    pub(super) fn outgoing(&mut self, most: usize) -> Option<Vec<u8>> {
        if self.outgoing.len() > most {
            let rest = self.outgoing.split_off(most);
            return Some(core::mem::replace(&mut self.outgoing, rest));
        }
        (!self.outgoing.is_empty()).then(|| core::mem::take(&mut self.outgoing))
    }

    /// Encrypts.
    pub(super) fn send(&mut self, plain: &[&[u8]]) -> Result<(), RelayError> {
        let slices: Vec<_> = plain.iter().map(|bytes| IoSlice::new(bytes)).collect();
        let all = plain.iter().map(|bytes| bytes.len()).sum();
        let written = self.connection.writer().write_vectored(&slices);
        if written.ok() != Some(all) {
            return Err(RelayError::Tls);
        }
        self.drain()
    }

    /// Says that nothing more will be sent.
    pub(super) fn close(&mut self) {
        self.connection.send_close_notify();
        // What cannot be written any more is not missed.
        let _ = self.drain();
    }

    /// Uses up what has arrived until there is something to read. During the handshake there never
    /// is.
    pub(super) fn fill(&mut self) -> Result<Plain, RelayError> {
        loop {
            let found = self.connection.reader().fill_buf().map(<[u8]>::is_empty);
            match found.map_err(|error| error.kind()) {
                Ok(false) => return Ok(Plain::Some),
                Ok(true) => {
                    self.forget();
                    return Ok(Plain::Closed);
                }
                Err(io::ErrorKind::WouldBlock) => {}
                Err(_) => return Ok(Plain::CutOff),
            }
            if !self.advance()? {
                return Ok(Plain::Wait);
            }
        }
    }

    /// What [`Tls::fill`] found.
    pub(super) fn read<T>(
        &mut self,
        read: impl FnOnce(&[u8]) -> Result<(usize, T), RelayError>,
    ) -> Result<T, RelayError> {
        let mut reader = self.connection.reader();
        let (used, out) = read(reader.fill_buf().unwrap_or_default())?;
        reader.consume(used);
        Ok(out)
    }

    /// Gives rustls a piece of what has arrived; false if there is none.
    fn advance(&mut self) -> Result<bool, RelayError> {
        let mut piece = match self.incoming.front() {
            Some(first) => &first[self.offset..],
            None if self.ended => &[],
            None => return Ok(false),
        };
        let read = self.connection.read_tls(&mut piece);
        let read = read.map_err(|_| RelayError::Tls)?;
        self.taken += read as u64;
        self.waiting -= read;
        self.offset += read;
        if piece.is_empty() {
            self.incoming.pop_front();
            self.offset = 0;
        }
        let processed = self.connection.process_new_packets();
        // An alert that says why goes out, also when this failed.
        self.drain()?;
        processed?;
        Ok(true)
    }

    /// What comes after the other side's last word is nobody's.
    fn forget(&mut self) {
        self.taken += self.waiting as u64;
        self.waiting = 0;
        self.offset = 0;
        self.incoming.clear();
    }

    fn drain(&mut self) -> Result<(), RelayError> {
        while self.connection.wants_write() {
            let written = self.connection.write_tls(&mut self.outgoing);
            written.map_err(|_| RelayError::Tls)?;
        }
        if self.outgoing.len() > MAX_OUTGOING {
            return Err(RelayError::Flooded);
        }
        Ok(())
    }
}
