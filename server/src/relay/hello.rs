//! The one message that is read: a ClientHello (RFC 8446 section 4.1.2), which names the host in
//! clear. It must be the host that the relay leads to.

use rustls::server::Acceptor;

/// What comes before a whole ClientHello is no longer than this.
const LONGEST: usize = 16 * 1024;

/// The bytes are no ClientHello, or one for another host.
#[derive(Debug, PartialEq, Eq)]
pub struct NotForHost;

/// A ClientHello that is arriving.
pub struct Hello {
    acceptor: Acceptor,
    looked_at: usize,
}

impl Hello {
    /// Nothing of it yet.
    pub fn new() -> Self {
        Self {
            acceptor: Acceptor::default(),
            looked_at: 0,
        }
    }

    /// Looks at the next bytes. `true`: it is whole, and names this host.
    pub fn read(&mut self, bytes: &[u8], host: &str) -> Result<bool, NotForHost> {
        let most = bytes.len().min(LONGEST - self.looked_at);
        let mut bytes = &bytes[..most];
        self.looked_at += most;
        while !bytes.is_empty() {
            let taken = self.acceptor.read_tls(&mut bytes);
            if !taken.is_ok_and(|taken| taken > 0) {
                return Err(NotForHost);
            }
            match self.acceptor.accept() {
                Ok(Some(accepted)) => {
                    let hello = accepted.client_hello();
                    let named = hello.server_name();
                    let right = named.is_some_and(|name| name.eq_ignore_ascii_case(host));
                    return right.then_some(true).ok_or(NotForHost);
                }
                Ok(None) => {}
                Err(_) => return Err(NotForHost),
            }
        }
        match self.looked_at < LONGEST {
            true => Ok(false),
            false => Err(NotForHost),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rustls::{ClientConfig, ClientConnection, RootCertStore};
    use rustls_pki_types::ServerName;

    use super::*;

    /// What a browser's side begins with.
    fn hello(name: &str) -> Vec<u8> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("known versions")
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth();
        let name = ServerName::try_from(name.to_owned()).expect("a name");
        let mut client = ClientConnection::new(Arc::new(config), name).expect("a client");
        let mut bytes = Vec::new();
        client.write_tls(&mut bytes).expect("a ClientHello");
        bytes
    }

    fn read(pieces: &[&[u8]]) -> Result<bool, NotForHost> {
        let mut reading = Hello::new();
        for piece in pieces {
            if reading.read(piece, "api.example.com")? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The same message in records of so many bytes.
    fn in_records_of(hello: &[u8], size: usize) -> Vec<u8> {
        let (head, message) = hello.split_at(5);
        let records = message.chunks(size).map(|part| {
            let length = u16::try_from(part.len()).expect("short").to_be_bytes();
            [&head[..3], &length, part].concat()
        });
        records.collect::<Vec<_>>().concat()
    }

    #[test]
    fn a_hello_for_the_host_is_taken_in_one_piece_or_byte_by_byte_or_in_many_records() {
        let whole = hello("api.example.com");
        assert_eq!(read(&[&whole]), Ok(true));
        let bytes: Vec<&[u8]> = whole.chunks(1).collect();
        assert_eq!(read(&bytes), Ok(true));
        assert_eq!(read(&bytes[..bytes.len() - 1]), Ok(false), "not whole yet");
        for size in [1, 7, 100] {
            assert_eq!(read(&[&in_records_of(&whole, size)]), Ok(true), "{size}");
        }
        assert_eq!(read(&[&hello("API.Example.com")]), Ok(true));
        assert_eq!(read(&[&[&whole[..], &[0x17; 40]].concat()]), Ok(true));
    }

    #[test]
    fn a_hello_for_another_host_or_none_or_an_address_is_refused() {
        for name in [
            "api.example.com.evil.example",
            "evil.example",
            "xapi.example.com",
            "example.com",
            "127.0.0.1",
            "::1",
        ] {
            assert_eq!(read(&[&hello(name)]), Err(NotForHost), "{name}");
        }
    }

    #[test]
    fn what_is_no_hello_is_refused_as_soon_as_it_shows() {
        let whole = hello("api.example.com");
        let mut not_first = whole.clone();
        not_first[5] = 2; // a ServerHello
        for bytes in [
            &b"GET / HTTP/1.1\r\nHost: api.example.com\r\n\r\n"[..],
            b"SSH-2.0-OpenSSH_9.6\r\n",
            &[0; 64],
            &[0x17, 3, 3, 0, 5, 1, 2, 3, 4, 5],
            &[0x15, 3, 3, 0, 2, 1, 0],
            &[0x80, 0x2e, 1, 3, 1, 0, 0x15, 0, 0, 0, 0x10, 0, 0, 0, 0, 0], // SSL 2
            &not_first,
        ] {
            assert_eq!(read(&[bytes]), Err(NotForHost), "{bytes:?}");
        }
    }

    #[test]
    fn a_hello_that_never_ends_is_refused_at_its_bound() {
        // A message of 64 KiB, announced and begun, in records that fit.
        let mut endless = vec![1, 0, 0xff, 0xff];
        endless.resize(LONGEST, 0);
        let records = in_records_of(&[&[0x16, 3, 1, 0, 0][..], &endless].concat(), 1024);
        let mut reading = Hello::new();
        let mut taken = 0;
        let refused = records.chunks(1000).any(|piece| {
            taken += piece.len();
            reading.read(piece, "api.example.com").is_err()
        });
        assert!(refused && taken <= LONGEST + 1000, "{taken}");
    }

    #[test]
    fn any_bytes_are_taken_or_refused_and_nothing_else() {
        let whole = hello("api.example.com");
        for at in 0..whole.len() {
            for change in [0x01, 0x80, 0xff] {
                let mut changed = whole.clone();
                changed[at] ^= change;
                let _ = read(&[&changed]);
                let _ = read(&[&changed[..at]]);
            }
        }
    }
}
