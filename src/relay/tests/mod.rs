//! The engine against real TLS servers: rustls without a socket, and other implementations where
//! they are installed.

mod answers;
mod exchange;
mod other_servers;
mod tls;

use std::io::{BufRead, Read, Write};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::{ServerConfig, ServerConnection, SupportedProtocolVersion};

use super::{Body, Connection, Part, RelayError, Request, State, Trust};
use crate::envelope::{KeyClaims, Secret};
use crate::vault::{Display, Granted, Header, MemoryStore, Vault, VaultKey};

pub const KEY: &str = "sk-canary-0123456789abcdef";
/// The host for which the certificate is.
pub const HOST: &str = "localhost:8443";
pub const ROOT: &[u8] = include_bytes!("../../../server/tests/forward/tls/root.pem");
const LEAF: &[u8] = include_bytes!("../../../server/tests/forward/tls/leaf.pem");
const LEAF_KEY: &str = include_str!("../../../server/tests/forward/tls/leaf-key.pkcs8.b64");

/// A moment at which the certificate is valid, in seconds.
pub const NOW: u64 = 1_900_000_000;

#[derive(Debug)]
struct Clock(u64);

impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_secs(self.0)))
    }
}

pub fn trust(now: u64) -> Trust {
    Trust::new(Arc::new(Clock(now))).expect("random numbers")
}

pub fn root() -> Vec<u8> {
    CertificateDer::from_pem_slice(ROOT).expect("PEM").to_vec()
}

/// A vault with entries: id, provider and sealed host of each.
pub fn vault(entries: &[(&str, &str, Option<&str>)]) -> Vault<MemoryStore> {
    let mut vault = Vault::open(MemoryStore::default(), "https://keys.example.com", "ada")
        .expect("new records");
    let key = VaultKey::generate().expect("random numbers");
    let header = Header::new("identity").expect("random numbers");
    vault.create(header, key).expect("room");
    for (id, provider, host) in entries {
        let claims = KeyClaims {
            key: Secret::new(KEY.into()),
            provider: (*provider).into(),
            sub: "ada".into(),
            rid: (*id).into(),
            iat: 1,
            host: host.map(Into::into),
        };
        let display = Display {
            provider: claims.provider.clone(),
            host: claims.host.clone(),
            ..Display::default()
        };
        vault.put(&claims, display).expect("room");
    }
    vault
}

/// The vault key and the records of all of them.
pub fn granted(entries: &[(&str, &str, Option<&str>)]) -> Granted {
    let ids: Vec<_> = entries.iter().map(|(id, ..)| (*id).to_owned()).collect();
    let grant = vault(entries).grant(&ids).expect("unlocked");
    grant.accept().expect("sound records")
}

/// The usual: one entry of OpenAI's for a host of one's own.
pub fn own_host() -> Granted {
    granted(&[("entry", "openai", Some(HOST))])
}

pub fn server_config(versions: &[&'static SupportedProtocolVersion]) -> ServerConfig {
    let certificate = CertificateDer::from_pem_slice(LEAF).expect("PEM");
    let key = PrivatePkcs8KeyDer::from_pem_slice(leaf_key_pem().as_bytes()).expect("PEM");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key.into())
        .expect("the key of the certificate")
}

/// The key of the certificate as PEM, for programs.
pub fn leaf_key_pem() -> String {
    let lines = LEAF_KEY.trim().as_bytes().chunks(64);
    let lines = lines.map(|line| str::from_utf8(line).expect("ASCII"));
    let lines = lines.collect::<Vec<_>>().join("\n");
    format!("-----BEGIN PRIVATE KEY-----\n{lines}\n-----END PRIVATE KEY-----\n")
}

pub fn leaf_pem() -> &'static [u8] {
    LEAF
}

/// A connection and the server at its other end, with nothing between them.
pub struct Pair {
    pub connection: Connection,
    pub server: ServerConnection,
    /// What the server has read.
    pub heard: Vec<u8>,
}

impl Pair {
    pub fn new(granted: &Granted, trust: &Trust, config: ServerConfig) -> Self {
        Self::with(granted, trust, Arc::new(config))
    }

    pub fn with(granted: &Granted, trust: &Trust, config: Arc<ServerConfig>) -> Self {
        let connection = Connection::new(granted, "openai", "entry", &[root()], trust);
        let mut server = ServerConnection::new(config).expect("a server");
        server.set_buffer_limit(None);
        Self {
            connection: connection.expect("a connection"),
            server,
            heard: Vec::new(),
        }
    }

    /// Passes bytes both ways until nobody has any to send.
    pub fn pump(&mut self) -> Result<(), RelayError> {
        loop {
            let mut moved = false;
            while let Some(bytes) = self.connection.outgoing() {
                moved = true;
                let mut rest = bytes.as_slice();
                while !rest.is_empty() {
                    self.server.read_tls(&mut rest).expect("room");
                    // What it cannot read it answers with an alert.
                    let _ = self.server.process_new_packets();
                    let mut reader = self.server.reader();
                    while let Ok(plain) = reader.fill_buf() {
                        let read = plain.len();
                        if read == 0 {
                            break;
                        }
                        self.heard.extend_from_slice(plain);
                        reader.consume(read);
                    }
                }
            }
            let mut bytes = Vec::new();
            while self.server.wants_write() {
                self.server.write_tls(&mut bytes).expect("memory");
            }
            if !bytes.is_empty() {
                moved = true;
                self.connection.receive(bytes)?;
            }
            if !moved {
                return Ok(());
            }
        }
    }

    pub fn shaken(mut self) -> Self {
        self.pump().expect("a handshake");
        assert_eq!(self.connection.state(), State::Idle);
        self
    }

    pub fn ask(&mut self, granted: &Granted, method: &str, path: &str) {
        let request = Request {
            method,
            path,
            headers: &[],
            body: Body::None,
        };
        let sent = self.connection.request(granted, "entry", &request);
        sent.expect("a request");
        self.pump().expect("no error");
    }

    pub fn answer(&mut self, bytes: &[u8]) {
        self.server.writer().write_all(bytes).expect("memory");
        self.pump().expect("no error");
    }

    pub fn heard(&mut self) -> String {
        String::from_utf8(std::mem::take(&mut self.heard)).expect("text")
    }
}

/// All parts there are, bodies joined, and the error after them.
pub struct All {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub end: Option<bool>,
    pub error: Option<RelayError>,
}

impl All {
    pub fn of(connection: &mut Connection) -> Self {
        let mut all = Self {
            status: 0,
            headers: Vec::new(),
            body: Vec::new(),
            end: None,
            error: None,
        };
        loop {
            match connection.next() {
                Ok(Some(Part::Head(head))) => {
                    all.status = head.status;
                    let text = |value| String::from_utf8(value).expect("text");
                    let headers = head.headers.into_iter();
                    all.headers = headers.map(|(name, value)| (name, text(value))).collect();
                }
                Ok(Some(Part::Chunk(bytes))) => {
                    assert!(!bytes.is_empty(), "no empty pieces");
                    all.body.extend(bytes);
                }
                Ok(Some(Part::End { reusable })) => all.end = Some(reusable),
                Ok(None) => return all,
                Err(error) => {
                    all.error = Some(error);
                    return all;
                }
            }
        }
    }

    pub fn text(&self) -> &str {
        str::from_utf8(&self.body).expect("text")
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(header, _)| header == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// Reads what a stream has, without waiting for its end.
pub fn some(stream: &mut impl Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = vec![0; 64 * 1024];
    let read = stream.read(&mut bytes)?;
    bytes.truncate(read);
    Ok(bytes)
}
