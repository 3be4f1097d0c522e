//! What stands inside the messages: UTF-8 JSON objects with exactly the members named here.

use zeroize::Zeroizing;

use super::MAX_KEY_BYTES;
use super::base64url::{decode_exact, encode};
use super::error::SealError;
use super::json::{Object, ObjectWriter, Strict};
use super::secret::Secret;

const MAX_SUB: usize = 255;
const MAX_HOST: usize = 260;
const MAX_JTI: usize = 64;
const MAX_PATH: usize = 2048;
const MAX_METHOD: usize = 16;
const MAX_NAME: usize = 64;

/// The claims of a sealed key, and of an entry of the vault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyClaims {
    /// The provider's key.
    pub key: Secret,
    /// The provider it is for.
    pub provider: String,
    /// The user it is for: the token's `sub`, unchanged.
    pub sub: String,
    /// The entry it is for.
    pub rid: String,
    /// When it was sealed, in seconds since the epoch.
    pub iat: i64,
    /// The custom endpoint, `host` or `host:port`, where the user chose one (`hosts` on the wire).
    pub host: Option<String>,
}

/// The claims of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionClaims {
    /// The key under which request envelopes are sealed.
    pub k: Zeroizing<[u8; 32]>,
    /// The user.
    pub sub: String,
    /// base64url SHA-256 of the caller's token.
    pub ath: String,
    /// Issued at, seconds.
    pub iat: i64,
    /// Expires at, seconds; at most one hour after `iat`.
    pub exp: i64,
}

/// The claims of a request envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestClaims {
    /// The provider's key.
    pub key: Secret,
    /// The provider it is for.
    pub provider: String,
    /// The user.
    pub sub: String,
    /// The request's method, upper case.
    pub m: String,
    /// The request's path at the companion, without query.
    pub p: String,
    /// Issued at, seconds.
    pub iat: i64,
    /// A name for this envelope, never used twice by a user; at most 64 bytes.
    pub jti: String,
    /// The custom endpoint, where the user chose one (`hosts` on the wire).
    pub host: Option<String>,
}

/// Whether `key` can stand in an HTTP header: visible ASCII, not empty, not too long.
fn is_key(key: &str) -> bool {
    (1..=MAX_KEY_BYTES).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Whether `host` is `host` or `host:port` in lower-case ASCII. Where it may point is for the
/// companion to decide.
fn is_host(host: &str) -> bool {
    let (name, port) = host.split_once(':').unwrap_or((host, "443"));
    let label = |label: &str| {
        fits(label, 63)
            && label
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    host.len() <= MAX_HOST
        && name.split('.').all(label)
        && !port.starts_with('0')
        && port.bytes().all(|byte| byte.is_ascii_digit())
        && port.parse::<u16>().is_ok()
}

fn fits(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.len())
}

/// `hosts` on the wire: absent, or an array of exactly one.
fn take_host(object: &mut Object) -> Option<Option<String>> {
    let Some(value) = object.take("hosts") else {
        return Some(None);
    };
    let Strict::Array(items) = value else {
        return None;
    };
    let mut items = items.into_iter();
    match (items.next(), items.next()) {
        (Some(Strict::Text(host)), None) if is_host(&host) => Some(Some(host)),
        _ => None,
    }
}

impl KeyClaims {
    /// Checks what the profile asks of the values.
    ///
    /// # Errors
    /// [`SealError::Claims`] names the one that breaks it.
    ///
    /// ```
    /// # mod given { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/given.rs")); }
    /// # use given::*;
    /// let good = claims();
    /// assert!(good.check().is_ok());
    /// let nobodys = KeyClaims { sub: String::new(), ..good };
    /// assert!(nobodys.check().is_err());
    /// ```
    pub fn check(&self) -> Result<(), SealError> {
        let broken = if !is_key(self.key.expose()) {
            "the key must be 1 to 4096 visible ASCII characters"
        } else if !fits(&self.provider, MAX_NAME) {
            "the provider is missing"
        } else if !fits(&self.sub, MAX_SUB) {
            "the user is missing, or longer than 255 bytes"
        } else if !fits(&self.rid, MAX_NAME) {
            "the entry id is missing"
        } else if self.host.as_deref().is_some_and(|host| !is_host(host)) {
            "the host must be a lower-case name, or name:port"
        } else {
            return Ok(());
        };
        Err(SealError::Claims(broken))
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        ObjectWriter::new(self.key.expose().len() + self.sub.len() + 512)
            .integer("v", 1)
            .text("key", self.key.expose())
            .text("provider", &self.provider)
            .text("sub", &self.sub)
            .text("rid", &self.rid)
            .integer("iat", self.iat)
            .only("hosts", self.host.as_deref())
            .end()
    }

    pub(crate) fn decode(plaintext: &[u8]) -> Option<Self> {
        Self::from_object(Object::parse(plaintext).ok()?)
    }

    pub(crate) fn from_object(mut object: Object) -> Option<Self> {
        let claims = Self {
            key: Secret::new(object.text("key")?),
            provider: object.text("provider")?,
            sub: object.text("sub")?,
            rid: object.text("rid")?,
            iat: object.integer("iat")?,
            host: take_host(&mut object)?,
        };
        (object.integer("v") == Some(1) && object.end() && claims.check().is_ok()).then_some(claims)
    }
}

impl SessionClaims {
    pub(super) fn encode(&self) -> Vec<u8> {
        ObjectWriter::new(self.sub.len() + 512)
            .integer("v", 1)
            .text("k", &Zeroizing::new(encode(&*self.k)))
            .text("sub", &self.sub)
            .text("ath", &self.ath)
            .integer("iat", self.iat)
            .integer("exp", self.exp)
            .end()
    }

    pub(super) fn decode(plaintext: &[u8]) -> Option<Self> {
        let mut object = Object::parse(plaintext).ok()?;
        let claims = Self {
            k: Zeroizing::new(decode_exact(&Zeroizing::new(object.text("k")?))?),
            sub: object.text("sub").filter(|sub| fits(sub, MAX_SUB))?,
            ath: object.text("ath")?,
            iat: object.integer("iat")?,
            exp: object.integer("exp")?,
        };
        (object.integer("v") == Some(1) && object.end()).then_some(claims)
    }
}

impl RequestClaims {
    pub(super) fn encode(&self) -> Vec<u8> {
        ObjectWriter::new(self.key.expose().len() + self.sub.len() + self.p.len() + 512)
            .integer("v", 1)
            .text("key", self.key.expose())
            .text("provider", &self.provider)
            .text("sub", &self.sub)
            .text("m", &self.m)
            .text("p", &self.p)
            .integer("iat", self.iat)
            .text("jti", &self.jti)
            .only("hosts", self.host.as_deref())
            .end()
    }

    pub(super) fn decode(plaintext: &[u8]) -> Option<Self> {
        let mut object = Object::parse(plaintext).ok()?;
        let claims = Self {
            key: Secret::new(object.text("key")?),
            provider: object.text("provider")?,
            sub: object.text("sub")?,
            m: object.text("m")?,
            p: object.text("p")?,
            iat: object.integer("iat")?,
            jti: object.text("jti")?,
            host: take_host(&mut object)?,
        };
        let sound = object.integer("v") == Some(1)
            && object.end()
            && is_key(claims.key.expose())
            && fits(&claims.provider, MAX_NAME)
            && fits(&claims.sub, MAX_SUB)
            && fits(&claims.m, MAX_METHOD)
            && fits(&claims.p, MAX_PATH)
            && fits(&claims.jti, MAX_JTI);
        sound.then_some(claims)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims() -> KeyClaims {
        KeyClaims {
            key: Secret::new("sk-test\"\\".into()),
            provider: "openai".into(),
            sub: "user".into(),
            rid: "0197".into(),
            iat: 1_790_000_000,
            host: Some("my.openai.azure.com".into()),
        }
    }

    #[test]
    fn key_claims_are_read_back_as_written() {
        assert_eq!(KeyClaims::decode(&claims().encode()), Some(claims()));
        let plain = KeyClaims {
            host: None,
            ..claims()
        };
        assert_eq!(KeyClaims::decode(&plain.encode()), Some(plain));
    }

    #[test]
    fn claims_with_anything_more_or_less_are_refused() {
        let good = r#"{"v":1,"key":"k","provider":"p","sub":"s","rid":"r","iat":1}"#;
        assert!(KeyClaims::decode(good.as_bytes()).is_some());
        for (from, to) in [
            ("\"v\":1", "\"v\":2"),
            ("\"v\":1", "\"v\":1,\"admin\":true"),
            ("\"v\":1", "\"v\":1,\"v\":1"),
            ("\"v\":1,", ""),
            ("\"k\"", "\"\""),
            ("\"k\"", "\"k\\n\""),
            ("\"k\"", "\"k\u{e9}\""),
            ("\"s\"", "\"\""),
            ("\"iat\":1", "\"iat\":1.5"),
            ("\"iat\":1", "\"iat\":\"1\""),
            ("\"iat\":1", "\"iat\":1,\"hosts\":[]"),
            ("\"iat\":1", "\"iat\":1,\"hosts\":[\"a.com\",\"b.com\"]"),
            ("\"iat\":1", "\"iat\":1,\"hosts\":\"a.com\""),
            ("\"iat\":1", "\"iat\":1,\"hosts\":[\"A.com\"]"),
            ("\"iat\":1", "\"iat\":1,\"hosts\":null"),
        ] {
            let bad = good.replace(from, to);
            assert!(KeyClaims::decode(bad.as_bytes()).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_host_is_a_plain_lower_case_name_with_an_optional_port() {
        for good in [
            "a.com",
            "my-res.openai.azure.com",
            "gw.example:8443",
            "localhost:1",
        ] {
            assert!(is_host(good), "{good}");
        }
        for bad in [
            "",
            ".",
            "a..b",
            "a.com.",
            "A.com",
            "a.com:",
            "a.com:0",
            "a.com:065",
            "a.com:65536",
            "a.com:+1",
            "a@b.com",
            "a/b",
            "[::1]",
            "a b",
            "-a.com",
            "ä.com",
            "a.com:443:1",
        ] {
            assert!(!is_host(bad), "{bad}");
        }
    }
}
