//! Export and import: browser-only entries on their way to another device, under a passphrase.

use super::TYP_EXPORT;
use super::Vault;
use super::entry::Display;
use super::error::VaultError;
use super::key::VaultKey;
use super::slot::{Kind, Slot, Stretching};
use super::store::Store;
use zeroize::Zeroizing;

use crate::envelope::{
    Alg, CompactJwe, Header, KeyClaims, Object, ObjectWriter, Strict, encode_base64url, random,
};

/// An export, and what is not in it.
#[derive(Debug, PartialEq, Eq)]
pub struct Exported {
    /// What the passphrase opens.
    pub file: String,
    /// Ids of the entries that do not open here, and so could not be taken along.
    pub left_out: Vec<String>,
}

/// What an import did, entry by entry.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Ids of the entries that were taken.
    pub taken: Vec<String>,
    /// Ids of those that were here already, with the same key or a newer one.
    pub known: Vec<String>,
    /// Ids of those that were refused: damaged, changed, or another user's.
    pub refused: Vec<String>,
}

impl<S: Store> Vault<S> {
    /// All browser-only entries, encrypted anew under a key that `passphrase` opens. What does not
    /// open here is named.
    ///
    /// # Errors
    /// [`VaultError`]: locked, a passphrase that is too short, or no memory to stretch it.
    ///
    /// ```
    /// # mod given { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/given.rs")); }
    /// # use given::*;
    /// let mut vault = vault();
    /// vault.put(&claims(), display())?;
    /// let exported = vault.export("correct horse battery staple")?;
    /// assert!(!exported.file.contains("sk-proj"));
    /// assert!(exported.left_out.is_empty());
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    pub fn export(&self, passphrase: &str) -> Result<Exported, VaultError> {
        self.unlocked()?;
        let id = encode_base64url(&random::<16>()?);
        let key = VaultKey::generate()?;
        let (stretching, secret) = Stretching::of_new(passphrase)?;
        let slot = Slot::wrap(&id, Kind::Passphrase(stretching), &*secret, &key)?;
        let (mut entries, mut left_out) = (Vec::new(), Vec::new());
        for entry in self.entries()? {
            let Ok(claims) = self.claims(&entry.id) else {
                left_out.push(entry.id);
                continue;
            };
            let jwe = seal(&claims, &entry.display, &id, &key)?;
            entries.push(
                ObjectWriter::new(4096)
                    .text("id", &entry.id)
                    .text("jwe", &jwe)
                    .end_text(),
            );
        }
        let file = ObjectWriter::new(4096)
            .integer("v", 1)
            .text("typ", "keyseal-export")
            .text("id", &id)
            .raw("slot", &slot.to_json())
            .raw("entries", &format!("[{}]", entries.join(",")))
            .end_text();
        Ok(Exported { file, left_out })
    }

    /// Takes the entries of an export into this vault. Each stands on its own: one that is damaged
    /// is named and hides no other. Of two keys for one entry the one sealed later stays.
    ///
    /// # Errors
    /// [`VaultError`]: locked, not an export, a wrong passphrase, no room. What was taken stays.
    ///
    /// ```
    /// # mod given { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/given.rs")); }
    /// # use given::*;
    /// let mut old = vault();
    /// old.put(&claims(), display())?;
    /// let file = old.export("correct horse battery staple")?.file;
    ///
    /// let mut new = vault(); // in another browser
    /// let imported = new.import(&file, "correct horse battery staple")?;
    /// assert_eq!(imported.taken, [claims().rid]);
    /// assert!(new.import(&file, "a guess").is_err());
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    pub fn import(&mut self, export: &str, passphrase: &str) -> Result<Imported, VaultError> {
        self.unlocked()?;
        let opened = OpenExport::of(export, passphrase, &self.sub)?;
        self.take(&opened)
    }

    /// Takes the entries of an export that was opened.
    pub(crate) fn take(&mut self, export: &OpenExport) -> Result<Imported, VaultError> {
        let mut done = Imported::default();
        for (rid, opened) in &export.entries {
            let Some((claims, display)) = opened else {
                done.refused.push(rid.clone());
                continue;
            };
            if self.claims(rid).is_ok_and(|here| here.iat >= claims.iat) {
                done.known.push(rid.clone());
                continue;
            }
            self.put(claims, display.clone())?;
            done.taken.push(rid.clone());
        }
        Ok(done)
    }
}

/// What an export holds, opened; in no vault yet.
pub(crate) struct OpenExport {
    /// By id; nothing where an entry is damaged, changed, or another user's.
    entries: Vec<(String, Option<(KeyClaims, Display)>)>,
}

impl OpenExport {
    /// Opens an export of the user `sub`.
    pub(crate) fn of(export: &str, passphrase: &str, sub: &str) -> Result<Self, VaultError> {
        let export = Export::parse(export).ok_or(VaultError::NotAnExport)?;
        let Kind::Passphrase(stretching) = export.slot.kind() else {
            return Err(VaultError::NotAnExport);
        };
        let secret = stretching.secret(passphrase)?;
        export.open(&*secret, sub)
    }

    /// Whether there is nothing in it that a vault could take.
    #[cfg(any(test, all(feature = "core", target_arch = "wasm32")))]
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.iter().all(|(_, opened)| opened.is_none())
    }
}

pub(super) struct Export {
    id: String,
    pub(super) slot: Slot,
    /// Id and compact JWE of each.
    entries: Vec<(String, String)>,
}

impl Export {
    pub(super) fn parse(json: &str) -> Option<Self> {
        let mut object = Object::parse(json.as_bytes()).ok()?;
        let right = object.integer("v") == Some(1)
            && object.text("typ").as_deref() == Some("keyseal-export");
        let export = Self {
            id: object.text("id")?,
            slot: Slot::from_object(object.object("slot")?)?,
            entries: object
                .array("entries")?
                .into_iter()
                .map(|entry| match entry {
                    Strict::Object(mut entry) => {
                        Some((entry.text("id")?, entry.text("jwe")?)).filter(|_| entry.end())
                    }
                    _ => None,
                })
                .collect::<Option<_>>()?,
        };
        (right && object.end()).then_some(export)
    }

    /// With the `secret` of its slot.
    pub(super) fn open(self, secret: &[u8], sub: &str) -> Result<OpenExport, VaultError> {
        let key = self.slot.unwrap(&self.id, secret)?;
        let open = |(rid, jwe): (String, String)| {
            let opened = open(&jwe, &rid, &self.id, &key).filter(|(claims, _)| claims.sub == sub);
            (rid, opened)
        };
        let entries = self.entries.into_iter().map(open).collect();
        Ok(OpenExport { entries })
    }
}

/// Claims and what is shown, both inside the ciphertext: a file passes through many hands.
fn seal(
    claims: &KeyClaims,
    display: &Display,
    export: &str,
    key: &VaultKey,
) -> Result<String, VaultError> {
    let header = Header {
        alg: Alg::Dir,
        typ: TYP_EXPORT,
        kid: export.to_owned(),
        rid: Some(claims.rid.clone()),
    };
    let claims = Zeroizing::new(String::from_utf8(claims.encode()).unwrap_or_default());
    let plaintext = ObjectWriter::new(claims.len() + 1024)
        .raw("claims", &claims)
        .raw("display", &display.to_json())
        .end();
    Ok(CompactJwe::seal(&header, &[], key.cipher(), plaintext)?)
}

fn open(jwe: &str, rid: &str, export: &str, key: &VaultKey) -> Option<(KeyClaims, Display)> {
    let jwe = CompactJwe::parse(jwe, Alg::Dir, TYP_EXPORT, true).ok()?;
    if jwe.header.kid != export || jwe.header.rid.as_deref() != Some(rid) {
        return None;
    }
    let mut object = Object::parse(&jwe.open(key.cipher())?).ok()?;
    let claims = KeyClaims::from_object(object.object("claims")?)?;
    let display = Display::from_object(object.object("display")?);
    (object.end() && claims.rid == rid).then_some((claims, display))
}
