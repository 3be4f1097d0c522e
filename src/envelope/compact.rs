//! JWE compact serialisation (RFC 7516 section 7.1) with exactly the header that is expected.

use zeroize::Zeroizing;

use super::MAX_JWE_BYTES;
use super::base64url::{decode, decode_exact, encode};
use super::cipher::{ContentKey, IV_BYTES, TAG_BYTES};
use super::error::{MalformedJwe, SealError};
use super::json::{Object, ObjectWriter};

/// How the content key comes to the reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Alg {
    /// Encrypted to an RSA key.
    RsaOaep256,
    /// Agreed on beforehand.
    Dir,
}

impl Alg {
    fn name(self) -> &'static str {
        match self {
            Self::RsaOaep256 => "RSA-OAEP-256",
            Self::Dir => "dir",
        }
    }
}

/// The protected header: `alg`, `enc`, `typ`, `kid`, and `rid` where a record is bound to its name:
/// the vault's entries, and notes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    pub alg: Alg,
    pub typ: &'static str,
    pub kid: String,
    pub rid: Option<String>,
}

impl Header {
    /// The encoded protected header.
    pub(crate) fn encode(&self) -> String {
        let json = ObjectWriter::new(256)
            .text("alg", self.alg.name())
            .text("enc", "A256GCM")
            .text("typ", self.typ)
            .text("kid", &self.kid);
        encode(&match &self.rid {
            Some(rid) => json.text("rid", rid).end(),
            None => json.end(),
        })
    }

    /// Reads a header that must be of `alg` and `typ`, with a `rid` exactly where `with_rid` says.
    fn decode(
        text: &str,
        alg: Alg,
        typ: &'static str,
        with_rid: bool,
    ) -> Result<Self, MalformedJwe> {
        let bytes = decode(text).ok_or(MalformedJwe("the header is not canonical base64url"))?;
        let mut object = Object::parse(&bytes)?;
        let expected = object.text("alg").as_deref() == Some(alg.name())
            && object.text("enc").as_deref() == Some("A256GCM")
            && object.text("typ").as_deref() == Some(typ);
        let kid = object.text("kid").filter(|kid| !kid.is_empty());
        let rid = object.text("rid");
        match kid {
            Some(kid) if expected && rid.is_some() == with_rid && object.end() => {
                Ok(Self { alg, typ, kid, rid })
            }
            _ => Err(MalformedJwe(
                "the header is not exactly that of the profile",
            )),
        }
    }
}

/// A compact JWE of the profile, taken apart.
#[derive(Debug, Clone)]
pub(crate) struct CompactJwe {
    pub header: Header,
    pub encrypted_key: Vec<u8>,
    protected: String,
    iv: [u8; IV_BYTES],
    ciphertext: Vec<u8>,
    tag: [u8; TAG_BYTES],
}

impl CompactJwe {
    /// Takes `text` apart; nothing is decrypted.
    pub(crate) fn parse(
        text: &str,
        alg: Alg,
        typ: &'static str,
        with_rid: bool,
    ) -> Result<Self, MalformedJwe> {
        Self::parse_up_to(MAX_JWE_BYTES, text, alg, typ, with_rid)
    }

    /// The same of at most `most` bytes.
    pub(crate) fn parse_up_to(
        most: usize,
        text: &str,
        alg: Alg,
        typ: &'static str,
        with_rid: bool,
    ) -> Result<Self, MalformedJwe> {
        if text.len() > most {
            return Err(MalformedJwe("it is too long"));
        }
        let mut parts = text.split('.');
        let mut part = || {
            parts
                .next()
                .ok_or(MalformedJwe("it does not have five parts"))
        };
        let (protected, encrypted_key, iv, ciphertext, tag) =
            (part()?, part()?, part()?, part()?, part()?);
        if parts.next().is_some() {
            return Err(MalformedJwe("it does not have five parts"));
        }
        let encrypted_key =
            decode(encrypted_key).ok_or(MalformedJwe("the encrypted key is not base64url"))?;
        let sized = match alg {
            Alg::RsaOaep256 => (256..=512).contains(&encrypted_key.len()),
            Alg::Dir => encrypted_key.is_empty(),
        };
        if !sized {
            return Err(MalformedJwe("the encrypted key has the wrong size"));
        }
        Ok(Self {
            header: Header::decode(protected, alg, typ, with_rid)?,
            encrypted_key,
            protected: protected.to_owned(),
            iv: decode_exact(iv).ok_or(MalformedJwe("the IV is not 12 bytes"))?,
            ciphertext: decode(ciphertext)
                .filter(|bytes| !bytes.is_empty())
                .ok_or(MalformedJwe("the ciphertext is not base64url"))?,
            tag: decode_exact(tag).ok_or(MalformedJwe("the tag is not 16 bytes"))?,
        })
    }

    /// Encrypts `plaintext` under `key` and writes the five parts.
    pub(crate) fn seal(
        header: &Header,
        encrypted_key: &[u8],
        key: &ContentKey,
        plaintext: Vec<u8>,
    ) -> Result<String, SealError> {
        Self::seal_under(&header.encode(), encrypted_key, key, plaintext)
    }

    /// The same under a protected header that is encoded already.
    pub(crate) fn seal_under(
        protected: &str,
        encrypted_key: &[u8],
        key: &ContentKey,
        plaintext: Vec<u8>,
    ) -> Result<String, SealError> {
        let sealed = key.seal(protected.as_bytes(), plaintext)?;
        let bytes = encrypted_key.len() + sealed.ciphertext.len();
        let mut text = String::with_capacity(protected.len() + bytes * 4 / 3 + 64);
        text.push_str(protected);
        for part in [encrypted_key, &sealed.iv, &sealed.ciphertext, &sealed.tag] {
            text.push('.');
            text.push_str(&encode(part));
        }
        Ok(text)
    }

    /// Decrypts under `key`, or nothing.
    pub(crate) fn open(&self, key: &ContentKey) -> Option<Zeroizing<Vec<u8>>> {
        key.open(
            self.protected.as_bytes(),
            &self.iv,
            &self.ciphertext,
            &self.tag,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn header() -> Header {
        Header {
            alg: Alg::Dir,
            typ: "t",
            kid: "k".into(),
            rid: None,
        }
    }

    #[test]
    fn only_exactly_the_expected_header_is_read() {
        let read = |json: &str| Header::decode(&encode(json.as_bytes()), Alg::Dir, "t", false);
        let good = r#"{"alg":"dir","enc":"A256GCM","typ":"t","kid":"k"}"#;
        assert_eq!(read(good), Ok(header()));
        assert_eq!(
            read(r#"{ "kid":"k", "typ":"t", "enc":"A256GCM", "alg":"dir" }"#),
            Ok(header())
        );
        for bad in [
            good.replace("dir", "none"),
            good.replace("dir", "RSA1_5"),
            good.replace("A256GCM", "A128CBC-HS256"),
            good.replace("\"t\"", "\"u\""),
            good.replace("\"k\"", "\"\""),
            good.replace("\"k\"}", "\"k\",\"zip\":\"DEF\"}"),
            good.replace("\"k\"}", "\"k\",\"crit\":[\"exp\"]}"),
            good.replace("\"k\"}", "\"k\",\"p2c\":1000000}"),
            good.replace("\"k\"}", "\"k\",\"kid\":\"k\"}"),
            good.replace("\"k\"}", "\"k\",\"rid\":\"r\"}"),
            "null".into(),
        ] {
            assert!(read(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_message_with_any_character_changed_does_not_open() {
        let key = ContentKey::new(&[7; 32]);
        let text = CompactJwe::seal(&header(), &[], &key, b"plain".to_vec()).expect("sealed");
        let open = |text: &str| {
            CompactJwe::parse(text, Alg::Dir, "t", false)
                .ok()
                .and_then(|jwe| jwe.open(&key))
        };
        assert_eq!(open(&text).expect("opens").as_slice(), b"plain");
        for at in 0..text.len() {
            for replacement in ["A", "B", ".", "=", ""] {
                let mut changed = text.clone();
                changed.replace_range(at..=at, replacement);
                assert!(
                    changed == text || open(&changed).is_none(),
                    "{at} {replacement}"
                );
            }
        }
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in ".{0,200}") {
            let _ = CompactJwe::parse(&text, Alg::RsaOaep256, "t", true);
        }
    }
}
