//! Export and import of browser-only entries. For the elements' own pages, like [`super::slots`].

use serde::Serialize;
use wasm_bindgen::prelude::*;
use zeroize::Zeroizing;

use super::core::VaultCore;
use super::error::Outcome;
use super::input::{Given, to_js};
use super::unlock::Secret;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExportedInfo {
    file: String,
    left_out: Vec<String>,
}

#[derive(Serialize)]
struct ImportedInfo {
    taken: Vec<String>,
    known: Vec<String>,
    refused: Vec<String>,
}

impl VaultCore {
    /// All browser-only entries as a file that `passphrase` opens. Needs a passphrase, a passkey or
    /// the recovery code of this vault now: that it is unlocked is not enough.
    pub async fn export_entries(&self, given: JsValue, passphrase: Zeroizing<String>) -> Outcome {
        self.vault.borrow_mut().reload()?;
        let key = self.key_by(&Secret::new(&Given::new(given)?)?).await?;
        let mut vault = self.vault.borrow_mut();
        vault.unlock(key)?;
        let exported = vault.export(&passphrase)?;
        to_js(&ExportedInfo {
            file: exported.file,
            left_out: exported.left_out,
        })
    }

    /// Takes the entries of an export into this vault, and says what became of each.
    pub async fn import_entries(&self, file: String, passphrase: Zeroizing<String>) -> Outcome {
        self.make_vault().await?;
        let done = self.vault.borrow_mut().import(&file, &passphrase)?;
        to_js(&ImportedInfo {
            taken: done.taken,
            known: done.known,
            refused: done.refused,
        })
    }
}
