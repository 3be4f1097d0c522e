//! A browser-only entry: an encrypted record, and what is shown of it.

use serde::Serialize;

use super::TYP_VAULT;
use super::error::VaultError;
use super::key::VaultKey;
use crate::envelope::{Alg, CompactJwe, Header, KeyClaims, Object, ObjectWriter, SealError};

/// What is shown of an entry. It stands outside the ciphertext, so it decides nothing.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Display {
    /// The provider.
    pub provider: String,
    /// The mask.
    pub key_hint: String,
    /// The person's name for it.
    pub label: Option<String>,
    /// Whether it is used.
    pub is_active: bool,
    /// Its place in the order of use; 0 first.
    pub priority: i32,
    /// `untested`, `valid`, `limited`, `invalid` or `unknown`.
    pub status: String,
    /// What the provider said.
    pub status_detail: Option<String>,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    pub last_tested_at: Option<String>,
    /// RFC 3339.
    pub last_used_at: Option<String>,
    /// RFC 3339.
    pub expires_at: Option<String>,
    /// The custom endpoint.
    pub host: Option<String>,
}

/// A change to what is shown; what is absent stays, `null` clears.
#[derive(Debug, Clone, Default)]
#[allow(
    clippy::option_option,
    reason = "absent, null and a value are three things"
)]
pub struct Patch {
    /// See [`Display`]; likewise the others.
    pub label: Option<Option<String>>,
    /// Whether it is used.
    pub is_active: Option<bool>,
    /// Its place.
    pub priority: Option<i32>,
    /// The result of a test.
    pub status: Option<String>,
    /// What the provider said.
    pub status_detail: Option<Option<String>>,
    /// When it was tested.
    pub last_tested_at: Option<Option<String>>,
    /// When it was used.
    pub last_used_at: Option<Option<String>>,
    /// When it expires.
    pub expires_at: Option<Option<String>>,
}

impl Display {
    pub(super) fn to_json(&self) -> String {
        ObjectWriter::new(512)
            .text("provider", &self.provider)
            .text("keyHint", &self.key_hint)
            .maybe("label", self.label.as_deref())
            .boolean("isActive", self.is_active)
            .integer("priority", self.priority.into())
            .text("status", &self.status)
            .maybe("statusDetail", self.status_detail.as_deref())
            .text("createdAt", &self.created_at)
            .maybe("lastTestedAt", self.last_tested_at.as_deref())
            .maybe("lastUsedAt", self.last_used_at.as_deref())
            .maybe("expiresAt", self.expires_at.as_deref())
            .maybe("host", self.host.as_deref())
            .end_text()
    }

    /// What is missing or of another type is left at its default: it decides nothing.
    pub(super) fn from_object(mut object: Object) -> Self {
        let mut text = |name| object.text(name);
        Self {
            provider: text("provider").unwrap_or_default(),
            key_hint: text("keyHint").unwrap_or_default(),
            label: text("label"),
            status: text("status").unwrap_or_default(),
            status_detail: text("statusDetail"),
            created_at: text("createdAt").unwrap_or_default(),
            last_tested_at: text("lastTestedAt"),
            last_used_at: text("lastUsedAt"),
            expires_at: text("expiresAt"),
            host: text("host"),
            is_active: object.boolean("isActive").unwrap_or_default(),
            priority: object
                .integer("priority")
                .and_then(|priority| i32::try_from(priority).ok())
                .unwrap_or_default(),
        }
    }

    /// Whether it shows the provider and the host that the key is for. The rest its owner may change.
    pub(super) fn agrees(&self, claims: &KeyClaims) -> bool {
        self.provider == claims.provider && self.host == claims.host
    }

    pub(super) fn apply(&mut self, patch: Patch) {
        fn set<T>(place: &mut T, value: Option<T>) {
            if let Some(value) = value {
                *place = value;
            }
        }
        set(&mut self.label, patch.label);
        set(&mut self.is_active, patch.is_active);
        set(&mut self.priority, patch.priority);
        set(&mut self.status, patch.status);
        set(&mut self.status_detail, patch.status_detail);
        set(&mut self.last_tested_at, patch.last_tested_at);
        set(&mut self.last_used_at, patch.last_used_at);
        set(&mut self.expires_at, patch.expires_at);
    }
}

/// An entry as it is listed.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Its id.
    pub id: String,
    /// Always `browser`.
    pub storage: &'static str,
    /// What is shown of it.
    #[serde(flatten)]
    pub display: Display,
    /// The code of what is wrong with its record; `None` where it is sound.
    pub damaged: Option<&'static str>,
}

impl Entry {
    pub(super) fn damaged(rid: &str, code: &'static str) -> Self {
        Self {
            id: rid.to_owned(),
            storage: "browser",
            display: Display::default(),
            damaged: Some(code),
        }
    }
}

/// The record as it is stored.
pub(super) struct Record {
    text: String,
    jwe: CompactJwe,
    pub display: Display,
}

impl Record {
    pub(super) fn seal(
        claims: &KeyClaims,
        display: Display,
        vault: &str,
        key: &VaultKey,
    ) -> Result<Self, VaultError> {
        claims.check()?;
        let header = Header {
            alg: Alg::Dir,
            typ: TYP_VAULT,
            kid: vault.to_owned(),
            rid: Some(claims.rid.clone()),
        };
        let text = CompactJwe::seal(&header, &[], key.cipher(), claims.encode())?;
        Ok(Self {
            jwe: parse_jwe(&text).ok_or(SealError::Cipher)?,
            text,
            display,
        })
    }

    #[cfg_attr(
        not(any(test, target_arch = "wasm32")),
        allow(dead_code, reason = "only the browser opens entries")
    )]
    pub(super) fn open(
        &self,
        rid: &str,
        vault: &str,
        key: &VaultKey,
    ) -> Result<KeyClaims, VaultError> {
        let damaged = || VaultError::EntryDamaged(rid.to_owned());
        let header = &self.jwe.header;
        if header.kid != vault {
            return Err(VaultError::KeyLost);
        }
        self.jwe
            .open(key.cipher())
            .and_then(|plaintext| KeyClaims::decode(&plaintext))
            .filter(|claims| claims.rid == rid && header.rid.as_deref() == Some(rid))
            .ok_or_else(damaged)
    }

    /// What was decrypted, if it is this user's and what is shown of it.
    #[cfg_attr(
        not(any(test, target_arch = "wasm32")),
        allow(dead_code, reason = "only the browser opens entries")
    )]
    pub(super) fn checked(
        &self,
        claims: KeyClaims,
        rid: &str,
        sub: &str,
    ) -> Result<KeyClaims, VaultError> {
        if claims.sub != sub {
            Err(VaultError::OtherUser)
        } else if self.display.agrees(&claims) {
            Ok(claims)
        } else {
            // Somebody wants it taken for another's than it is.
            Err(VaultError::EntryDamaged(rid.to_owned()))
        }
    }

    /// The vault whose key it is encrypted under.
    pub(super) fn vault(&self) -> &str {
        &self.jwe.header.kid
    }

    pub(super) fn shown(&self, rid: &str) -> Entry {
        Entry {
            id: rid.to_owned(),
            storage: "browser",
            display: self.display.clone(),
            damaged: None,
        }
    }

    pub(super) fn to_json(&self) -> String {
        ObjectWriter::new(2048)
            .integer("v", 1)
            .text("jwe", &self.text)
            .raw("display", &self.display.to_json())
            .end_text()
    }

    pub(super) fn parse(json: &str) -> Option<Self> {
        let mut object = Object::parse(json.as_bytes()).ok()?;
        let text = object.text("jwe")?;
        let record = Self {
            jwe: parse_jwe(&text)?,
            text,
            display: Display::from_object(object.object("display")?),
        };
        (object.integer("v") == Some(1) && object.end()).then_some(record)
    }
}

fn parse_jwe(text: &str) -> Option<CompactJwe> {
    CompactJwe::parse(text, Alg::Dir, TYP_VAULT, true).ok()
}
