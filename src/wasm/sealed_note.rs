//! An app's notes, sealed and opened.

use wasm_bindgen::prelude::*;

use super::core::VaultCore;
use super::error::Outcome;
use super::input::text;

#[wasm_bindgen]
impl VaultCore {
    /// Decrypts what `sealNote` made under this name; nothing else.
    #[wasm_bindgen(js_name = openNote)]
    pub fn open_note(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] name: &JsValue,
        #[wasm_bindgen(unchecked_param_type = "string")] sealed: &JsValue,
    ) -> Outcome<String> {
        let (name, sealed) = (text(name)?, text(sealed)?);
        let mut opened = self.vault.borrow().open_note(&name, &sealed)?;
        Ok(core::mem::take(&mut *opened))
    }
}

impl VaultCore {
    /// Encrypts a text of the app's own under a name.
    pub async fn seal_note(&self, name: &JsValue, given: &JsValue) -> Outcome<String> {
        let (name, given) = (text(name)?, text(given)?.into());
        self.make_vault().await?;
        Ok(self.vault.borrow_mut().seal_note(&name, given)?)
    }
}
