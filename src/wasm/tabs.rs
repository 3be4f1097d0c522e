//! What the tabs of a browser tell each other through the records of a vault.

use js_sys::{Object, Reflect};
use wasm_bindgen::prelude::*;

use super::core::{VaultCore, without_device};
use super::error::Outcome;
use super::input::text;
use super::platform::Work;

#[wasm_bindgen]
impl VaultCore {
    /// What the name of each record of this vault starts with.
    #[wasm_bindgen(getter)]
    pub fn prefix(&self) -> String {
        self.vault.borrow().prefix().to_owned()
    }

    /// Whether there is a vault that has to be unlocked before browser-only keys can be used.
    #[wasm_bindgen(getter)]
    pub fn locked(&self) -> bool {
        let vault = self.vault.borrow();
        vault.header().is_some() && !vault.is_unlocked() && !self.key_lost.get()
    }

    /// Whether the device's own way to unlock does not open the vault any more.
    #[wasm_bindgen(getter, js_name = deviceLost)]
    pub fn device_lost(&self) -> bool {
        self.device_lost.get()
    }

    /// Reads the vault's own record again. Where another tab made another vault key, the old one and
    /// its session are wiped.
    pub fn reload(&self) -> Outcome<()> {
        let done = self.vault.borrow_mut().reload();
        if !self.unlocked() {
            self.session.replace(None);
        }
        Ok(done?)
    }

    /// One note of this vault.
    pub fn note(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] name: &JsValue,
    ) -> Outcome<Option<String>> {
        let name = text(name)?;
        Ok(self.vault.borrow().note(&name)?)
    }

    /// All notes of this vault: records of text beside its entries.
    #[wasm_bindgen(unchecked_return_type = "Record<string, string>")]
    pub fn notes(&self) -> Outcome {
        let vault = self.vault.borrow();
        let notes = Object::new();
        for name in vault.notes()? {
            if let Some(value) = vault.note(&name)? {
                Reflect::set(&notes, &name.into(), &value.into())?;
            }
        }
        Ok(notes.into())
    }

    /// Writes a note, or removes it.
    #[wasm_bindgen(js_name = setNote)]
    pub fn set_note(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] name: &JsValue,
        #[wasm_bindgen(unchecked_param_type = "string | null | undefined")] value: &JsValue,
    ) -> Outcome<()> {
        let name = text(name)?;
        let value = match value.is_null() || value.is_undefined() {
            true => None,
            false => Some(text(value)?),
        };
        let mut vault = self.vault.borrow_mut();
        Ok(vault.set_note(&name, value.as_deref())?)
    }
}

impl VaultCore {
    pub(super) fn starting_over(&self) -> Outcome<Work> {
        let core = self.clone();
        Ok(Box::new(move |_| {
            let id = core.header().ok().map(|header| header.id().to_owned());
            core.session.replace(None);
            core.vault.borrow_mut().start_over()?;
            for lost in [&core.key_lost, &core.device_lost, &core.held] {
                lost.set(false);
            }
            without_device(id)
        }))
    }
}
