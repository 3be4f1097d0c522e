//! Export and import of browser-only entries. For the elements' own pages, like [`super::slots`].

use wasm_bindgen::prelude::*;
use zeroize::Zeroizing;

use super::core::VaultCore;
use super::error::Outcome;
use super::input::{new_passphrase, text};
use super::output::Plain;
use super::platform::Work;
use super::unlock::Secret;
use crate::vault::OpenExport;

impl VaultCore {
    /// All browser-only entries as a file that `passphrase` opens. Needs a passphrase, a passkey or
    /// the recovery code of this vault now: that it is unlocked is not enough.
    pub(super) fn exporting(&self, given: JsValue, passphrase: &JsValue) -> Outcome<Work> {
        let passphrase = new_passphrase(passphrase)?;
        let secret = Secret::new(given)?;
        let core = self.clone();
        Ok(Box::new(move |answers| {
            core.vault.borrow_mut().reload()?;
            let key = core.key_by(&secret, answers)?;
            let mut vault = core.vault.borrow_mut();
            vault.unlock(key)?;
            let exported = vault.export(&passphrase)?;
            let left_out = Plain::texts(&exported.left_out);
            let file = exported.file.as_str().into();
            Ok(Plain::Object(vec![("file", file), ("leftOut", left_out)]).to_js()?)
        }))
    }

    /// Takes the entries of an export into this vault, and says what became of each.
    pub(super) fn importing(&self, file: &JsValue, passphrase: &JsValue) -> Outcome<Work> {
        let (file, passphrase) = (text(file)?, Zeroizing::new(text(passphrase)?));
        // Before anything is made or written: a file that nothing comes of leaves no vault behind.
        let opened = OpenExport::of(&file, &passphrase, &self.sub)?;
        let core = self.clone();
        Ok(Box::new(move |answers| {
            if !opened.is_empty() {
                core.make_vault(answers)?;
            }
            let done = core.vault.borrow_mut().take(&opened)?;
            Ok(Plain::Object(vec![
                ("taken", Plain::texts(&done.taken)),
                ("known", Plain::texts(&done.known)),
                ("refused", Plain::texts(&done.refused)),
            ])
            .to_js()?)
        }))
    }
}
