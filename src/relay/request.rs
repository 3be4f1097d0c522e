//! The head of a request, with the key in it.

use zeroize::Zeroizing;

use super::error::RelayError;
use super::target::Target;
use crate::envelope::Secret;
use crate::transit::{is_kept_outward, named_by_connection};

/// The methods that are forwarded too.
const METHODS: [&str; 6] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
/// Longest path and query.
const MAX_PATH: usize = 16 * 1024;
/// All headers together.
const MAX_HEADERS: usize = 48 * 1024;

/// How the body will come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// Not at all.
    None,
    /// So many bytes.
    Length(u64),
    /// Until it is over.
    Chunked,
}

/// A request as the caller makes it.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Upper case.
    pub method: &'a str,
    /// Path and query below the provider's origin.
    pub path: &'a str,
    /// As the caller gives them; what must not go out is left out here.
    pub headers: &'a [(String, String)],
    /// How its body will come.
    pub body: Body,
}

impl Request<'_> {
    /// The request line and headers as they go out.
    pub(super) fn head(
        &self,
        target: &Target,
        key: &Secret,
    ) -> Result<Zeroizing<Vec<u8>>, RelayError> {
        if !METHODS.contains(&self.method) {
            return Err(RelayError::Request("This method is not relayed."));
        }
        let (path, query) = match self.path.split_once('?') {
            Some((path, query)) => (path, query),
            None => (self.path, ""),
        };
        target.check(self.method, self.path)?;
        let plain = |byte| matches!(byte, 0x21..=0x7e) && byte != b'#';
        if self.path.len() > MAX_PATH || !query.bytes().all(plain) {
            return Err(RelayError::Request(
                "The query is too long, or holds what has to be escaped.",
            ));
        }

        let wire = &target.provider.wire;
        let auth = wire.auth_for(path);
        // One allocation, so that no copy of the key is left behind by growing.
        let size = self.path.len() + key.expose().len() + MAX_HEADERS + 1024;
        let mut head = Head(Zeroizing::new(Vec::with_capacity(size)));
        head.push(&[self.method, " ", self.path, " HTTP/1.1\r\n"]);
        head.header("host", &[target.authority()]);
        let mut given = Vec::new();
        for (name, value) in self.kept()? {
            head.push(&[&name, ": "]);
            head.latin1(value)?;
            head.push(&["\r\n"]);
            given.push(name);
        }
        if head.0.len() > self.path.len() + MAX_HEADERS {
            return Err(RelayError::Request("The headers are too long."));
        }
        let missing = |name: &str| !given.iter().any(|given| given == name);
        for (name, value) in wire.extra_headers {
            if missing(name) {
                head.header(name, &[value]);
            }
        }
        if missing("user-agent") {
            head.header("user-agent", &["keyseal/", env!("CARGO_PKG_VERSION")]);
        }
        head.header("accept-encoding", &["identity"]);
        match self.body {
            Body::Length(length) => head.header("content-length", &[&length.to_string()]),
            Body::Chunked => head.header("transfer-encoding", &["chunked"]),
            Body::None if matches!(self.method, "POST" | "PUT" | "PATCH") => {
                head.header("content-length", &["0"]);
            }
            Body::None => {}
        }
        head.header(auth.header, &[auth.scheme, key.expose()]);
        head.push(&["\r\n"]);
        Ok(head.0)
    }

    /// The headers that go out, names in lower case.
    fn kept(&self) -> Result<Vec<(String, &str)>, RelayError> {
        let all = self.headers.iter();
        let all: Vec<_> = all
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim()))
            .collect();
        let connection = all.iter().filter(|(name, _)| name == "connection");
        let hop = named_by_connection(connection.map(|(_, value)| *value));
        if !all.iter().all(|(name, _)| is_token(name)) {
            return Err(RelayError::Request("A header's name is not one."));
        }
        let kept = all.into_iter();
        Ok(kept
            .filter(|(name, _)| is_kept_outward(name) && !hop.contains(name))
            .collect())
    }
}

struct Head(Zeroizing<Vec<u8>>);

impl Head {
    fn push(&mut self, texts: &[&str]) {
        for text in texts {
            self.0.extend_from_slice(text.as_bytes());
        }
    }

    fn header(&mut self, name: &str, value: &[&str]) {
        self.push(&[name, ": "]);
        self.push(value);
        self.push(&["\r\n"]);
    }

    /// Values are bytes, which JavaScript writes as the characters of the same numbers.
    fn latin1(&mut self, value: &str) -> Result<(), RelayError> {
        for character in value.chars() {
            match u8::try_from(character) {
                Ok(byte) if byte == b'\t' || !byte.is_ascii_control() => self.0.push(byte),
                _ => return Err(RelayError::Request("A header's value cannot be sent.")),
            }
        }
        Ok(())
    }
}

/// RFC 9110, 5.6.2.
fn is_token(name: &str) -> bool {
    let symbol = |byte| b"!#$%&'*+-.^_`|~".contains(&byte);
    let token = |byte: u8| byte.is_ascii_alphanumeric() || symbol(byte);
    !name.is_empty() && name.bytes().all(token)
}
