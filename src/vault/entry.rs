//! A browser-only entry: an encrypted record, and what is shown of it.

use serde::{Deserialize, Serialize};

use super::TYP_VAULT;
use super::error::VaultError;
use super::key::VaultKey;
use crate::envelope::{Alg, CompactJwe, Header, KeyClaims};

/// What is shown of an entry. It stands outside the ciphertext, so it decides nothing.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
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
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
#[allow(clippy::option_option)]
pub struct Patch {
    /// See [`Display`]; likewise the others.
    #[serde(deserialize_with = "present")]
    pub label: Option<Option<String>>,
    /// Whether it is used.
    pub is_active: Option<bool>,
    /// Its place.
    pub priority: Option<i32>,
    /// The result of a test.
    pub status: Option<String>,
    /// What the provider said.
    #[serde(deserialize_with = "present")]
    pub status_detail: Option<Option<String>>,
    /// When it was tested.
    #[serde(deserialize_with = "present")]
    pub last_tested_at: Option<Option<String>>,
    /// When it was used.
    #[serde(deserialize_with = "present")]
    pub last_used_at: Option<Option<String>>,
    /// When it expires.
    #[serde(deserialize_with = "present")]
    pub expires_at: Option<Option<String>>,
}

/// Tells a member that is `null` from one that is absent.
#[allow(clippy::option_option)]
fn present<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl Display {
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
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Record {
    v: u8,
    jwe: String,
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
        let jwe = CompactJwe::seal(&header, &[], &key.cipher(), claims.encode())?;
        Ok(Self { v: 1, jwe, display })
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
        let jwe = self.parse_jwe().ok_or_else(damaged)?;
        if jwe.header.kid != vault {
            return Err(VaultError::KeyLost);
        }
        jwe.open(&key.cipher())
            .and_then(|plaintext| KeyClaims::decode(&plaintext))
            .filter(|claims| claims.rid == rid && jwe.header.rid.as_deref() == Some(rid))
            .ok_or_else(damaged)
    }

    /// The vault whose key it is encrypted under.
    pub(super) fn vault(&self) -> Option<String> {
        Some(self.parse_jwe()?.header.kid)
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
        serde_json::to_string(self).unwrap_or_default()
    }

    pub(super) fn parse(json: &str) -> Option<Self> {
        let record: Self = serde_json::from_str(json).ok()?;
        (record.v == 1 && record.parse_jwe().is_some()).then_some(record)
    }

    fn parse_jwe(&self) -> Option<CompactJwe> {
        CompactJwe::parse(&self.jwe, Alg::Dir, TYP_VAULT, true).ok()
    }
}
