//! The sealed key: RFC 7516 JWE, General JSON serialisation (section 7.2.1), one recipient.

use zeroize::Zeroizing;

use super::base64url::{decode, decode_exact, encode};
use super::cipher::{ContentKey, IV_BYTES, TAG_BYTES, random};
use super::claims::KeyClaims;
use super::error::{MalformedJwe, OpenError, SealError};
use super::json::{Object, ObjectWriter, Strict};
use super::jwk::PublicKey;
use super::unwrap::{Unwrap, content_key};
use super::{MAX_JWE_BYTES, TYP_KEY};

/// A provider key, sealed to the companion: what is stored and synced.
///
/// A value of this type is well-formed: it has exactly the members of the profile, one recipient,
/// and parts of the right sizes. Whether it opens, and for whom, [`SealedKey::open`] tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedKey {
    protected: String,
    kid: String,
    encrypted_key: Vec<u8>,
    iv: [u8; IV_BYTES],
    ciphertext: Vec<u8>,
    tag: [u8; TAG_BYTES],
}

/// The protected header, base64url. There is no other: the recipient's `kid` stands outside, as a
/// look-up hint without authority.
fn protected_header() -> String {
    encode(
        &ObjectWriter::new(80)
            .text("alg", "RSA-OAEP-256")
            .text("enc", "A256GCM")
            .text("typ", TYP_KEY)
            .end(),
    )
}

impl SealedKey {
    /// Seals `claims` to `to` under a fresh content key.
    ///
    /// # Errors
    /// [`SealError`]: claims that break the profile, or no random numbers.
    ///
    /// ```
    /// # mod given { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/given.rs")); }
    /// # use given::*;
    /// use keyseal::envelope::SealedKey;
    ///
    /// let sealed = SealedKey::seal(&claims(), companion().public())?;
    /// assert!(!sealed.to_json().contains("sk-proj"));
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    pub fn seal(claims: &KeyClaims, to: &PublicKey) -> Result<Self, SealError> {
        claims.check()?;
        let content_key = Zeroizing::new(random::<32>()?);
        let protected = protected_header();
        let sealed = ContentKey::new(&content_key).seal(protected.as_bytes(), claims.encode())?;
        Ok(Self {
            encrypted_key: to.wrap(&content_key)?,
            kid: to.kid().to_owned(),
            protected,
            iv: sealed.iv,
            ciphertext: sealed.ciphertext,
            tag: sealed.tag,
        })
    }

    /// Reads a sealed key; nothing is decrypted.
    ///
    /// # Errors
    /// [`MalformedJwe`] says which rule of the profile is broken.
    ///
    /// ```
    /// # mod given { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/given.rs")); }
    /// # use given::*;
    /// use keyseal::envelope::SealedKey;
    ///
    /// let sealed = SealedKey::seal(&claims(), companion().public())?;
    /// assert!(SealedKey::parse(sealed.to_json().as_bytes()).is_ok());
    /// assert!(SealedKey::parse(b"{}").is_err());
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    pub fn parse(json: &[u8]) -> Result<Self, MalformedJwe> {
        if json.len() > MAX_JWE_BYTES {
            return Err(MalformedJwe("it is too long"));
        }
        let mut object = Object::parse(json)?;
        let mut part = |name, wrong| object.text(name).ok_or(MalformedJwe(wrong));
        let protected = part("protected", "protected is missing")?;
        let iv = part("iv", "iv is missing")?;
        let ciphertext = part("ciphertext", "ciphertext is missing")?;
        let tag = part("tag", "tag is missing")?;
        let recipients = object
            .array("recipients")
            .ok_or(MalformedJwe("recipients is missing"))?;
        if !object.end() {
            return Err(MalformedJwe("a member that the profile does not know"));
        }
        let (kid, encrypted_key) = recipient(recipients)?;
        check_protected(&protected)?;
        Ok(Self {
            protected,
            kid,
            encrypted_key,
            iv: decode_exact(&iv).ok_or(MalformedJwe("the IV is not 12 bytes"))?,
            ciphertext: decode(&ciphertext)
                .filter(|bytes| !bytes.is_empty())
                .ok_or(MalformedJwe("the ciphertext is not base64url"))?,
            tag: decode_exact(&tag).ok_or(MalformedJwe("the tag is not 16 bytes"))?,
        })
    }

    /// The name of the companion key that it is sealed to.
    ///
    /// ```
    /// # mod given { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/given.rs")); }
    /// # use given::*;
    /// use keyseal::envelope::SealedKey;
    ///
    /// let companion = companion();
    /// let sealed = SealedKey::seal(&claims(), companion.public())?;
    /// assert_eq!(sealed.kid(), companion.public().kid());
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// As JSON, members in the order of the profile.
    ///
    /// ```
    /// # mod given { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/given.rs")); }
    /// # use given::*;
    /// use keyseal::envelope::SealedKey;
    ///
    /// let json = SealedKey::seal(&claims(), companion().public())?.to_json();
    /// assert!(json.starts_with('{') && json.contains("\"recipients\""));
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    #[must_use]
    pub fn to_json(&self) -> String {
        let header = ObjectWriter::new(64).text("kid", &self.kid).end_text();
        let recipient = ObjectWriter::new(1024)
            .raw("header", &header)
            .text("encrypted_key", &encode(&self.encrypted_key))
            .end_text();
        ObjectWriter::new(2048)
            .text("protected", &self.protected)
            .raw("recipients", &format!("[{recipient}]"))
            .text("iv", &encode(&self.iv))
            .text("ciphertext", &encode(&self.ciphertext))
            .text("tag", &encode(&self.tag))
            .end_text()
    }

    /// Opens it.
    ///
    /// # Errors
    /// [`OpenError::UnknownKid`], [`OpenError::Refused`] for every failure of decryption, or
    /// [`OpenError::Claims`] where it is authentic but holds something else than key claims.
    ///
    /// ```
    /// # mod given { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/given.rs")); }
    /// # use given::*;
    /// use keyseal::envelope::{OpenError, SealedKey};
    ///
    /// let companion = companion();
    /// let sealed = SealedKey::seal(&claims(), companion.public())?;
    /// assert_eq!(sealed.open(&companion)?.sub, "ada");
    /// assert_eq!(sealed.open(&given::companion()), Err(OpenError::UnknownKid));
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    pub fn open(&self, unwrap: &dyn Unwrap) -> Result<KeyClaims, OpenError> {
        let key = content_key(unwrap, &self.kid, &self.encrypted_key)?;
        let plaintext = key
            .open(
                self.protected.as_bytes(),
                &self.iv,
                &self.ciphertext,
                &self.tag,
            )
            .ok_or(OpenError::Refused)?;
        KeyClaims::decode(&plaintext).ok_or(OpenError::Claims)
    }
}

/// Exactly one recipient, with exactly `encrypted_key` and a `header` that holds only `kid`.
fn recipient(recipients: Vec<Strict>) -> Result<(String, Vec<u8>), MalformedJwe> {
    let mut recipients = recipients.into_iter();
    let (Some(Strict::Object(mut recipient)), None) = (recipients.next(), recipients.next()) else {
        return Err(MalformedJwe("there is not exactly one recipient"));
    };
    let mut header = recipient
        .object("header")
        .ok_or(MalformedJwe("the recipient has no header"))?;
    let kid = header
        .text("kid")
        .filter(|kid| header.end() && (1..=128).contains(&kid.len()))
        .ok_or(MalformedJwe(
            "the recipient's header does not hold only a kid",
        ))?;
    let encrypted_key = recipient
        .text("encrypted_key")
        .filter(|_| recipient.end())
        .and_then(|text| decode(&text))
        .ok_or(MalformedJwe(
            "the recipient does not hold exactly an encrypted key",
        ))?;
    if (256..=512).contains(&encrypted_key.len()) {
        Ok((kid, encrypted_key))
    } else {
        Err(MalformedJwe("the encrypted key has the wrong size"))
    }
}

/// As JSON exactly `{"alg":"RSA-OAEP-256","enc":"A256GCM","typ":"keyseal-key+jwe"}`; white space
/// and the order of members are the sealing library's own.
fn check_protected(protected: &str) -> Result<(), MalformedJwe> {
    let bytes = decode(protected).ok_or(MalformedJwe("protected is not canonical base64url"))?;
    let mut header = Object::parse(&bytes)?;
    let expected = header.text("alg").as_deref() == Some("RSA-OAEP-256")
        && header.text("enc").as_deref() == Some("A256GCM")
        && header.text("typ").as_deref() == Some(TYP_KEY)
        && header.end();
    if expected {
        Ok(())
    } else {
        Err(MalformedJwe("protected is not that of the profile"))
    }
}
