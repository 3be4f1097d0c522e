//! An app's notes, sealed and opened. One export for both: each brings its own wrapping of arguments
//! and results, which is more than the work.

use wasm_bindgen::prelude::*;

use super::core::VaultCore;
use super::error::Outcome;
use super::input::text;

#[wasm_bindgen]
impl VaultCore {
    /// Encrypts a text of the app's own under a name; or, `opening`, decrypts what that gave, and
    /// nothing else. The vault has to be made before: `addDevice` does so.
    #[wasm_bindgen(js_name = appNote)]
    pub fn app_note(
        &self,
        opening: bool,
        #[wasm_bindgen(unchecked_param_type = "string")] name: &JsValue,
        #[wasm_bindgen(unchecked_param_type = "string", js_name = text)] given: &JsValue,
    ) -> Outcome<String> {
        let (name, given) = (text(name)?, text(given)?);
        let mut vault = self.vault.borrow_mut();
        Ok(if opening {
            let mut opened = vault.open_note(&name, &given)?;
            core::mem::take(&mut *opened)
        } else {
            vault.seal_note(&name, given.into())?
        })
    }
}
