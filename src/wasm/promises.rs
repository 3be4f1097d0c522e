//! The asynchronous exports: all go through one machinery, that of [`super::platform`].

use js_sys::Promise;
use wasm_bindgen::prelude::*;

use super::core::VaultCore;
use super::input::text;
use super::platform::start;

#[wasm_bindgen]
impl VaultCore {
    /// Opens the vault of a user at a companion, unlocked where this device can. Nothing is written
    /// yet: a vault key is made when the first browser-only entry is added.
    #[wasm_bindgen(js_name = open, unchecked_return_type = "Promise<VaultCore>")]
    pub fn open(#[wasm_bindgen(unchecked_param_type = "OpenOptions")] options: JsValue) -> Promise {
        start(Self::opening(options))
    }

    /// Encrypts a pasted key into this browser's vault, for storage `browser`.
    #[wasm_bindgen(js_name = addBrowser, unchecked_return_type = "Promise<LocalEntry>")]
    pub fn add_browser(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string | Uint8Array")] pasted: JsValue,
        #[wasm_bindgen(unchecked_param_type = "AddOptions")] options: JsValue,
    ) -> Promise {
        start(self.adding(&pasted, options))
    }

    /// Replaces the key of a browser-only entry; its label, order and history stay.
    #[wasm_bindgen(js_name = replaceBrowser, unchecked_return_type = "Promise<LocalEntry>")]
    pub fn replace_browser(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] rid: JsValue,
        #[wasm_bindgen(unchecked_param_type = "string | Uint8Array")] pasted: JsValue,
    ) -> Promise {
        start(self.replacing(&rid, &pasted))
    }

    /// The two headers that carry a browser-only key for exactly one request. `path` is the path at
    /// the companion, without query.
    #[wasm_bindgen(js_name = requestHeaders, unchecked_return_type = "Promise<RequestHeaders>")]
    pub fn request_headers(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] rid: JsValue,
        #[wasm_bindgen(unchecked_param_type = "RequestOptions")] options: JsValue,
    ) -> Promise {
        // Mostly there is nothing to wait for, and then no task is made: every request passes here.
        if self.is_settled()
            && let Ok(headers) = text(&rid).and_then(|rid| self.request_headers_now(&rid, &options))
        {
            return Promise::resolve(&headers);
        }
        start(self.requesting(&rid, options))
    }

    /// Removes the vault with all its entries, local copies and the device's key.
    #[wasm_bindgen(js_name = destroy, unchecked_return_type = "Promise<void>")]
    pub fn destroy(&self) -> Promise {
        start(self.destroying())
    }

    /// Gives up a vault that nobody can unlock: its slots go, its entries wait to be entered again.
    #[wasm_bindgen(js_name = startOver, unchecked_return_type = "Promise<void>")]
    pub fn start_over(&self) -> Promise {
        start(self.starting_over())
    }

    /// Unlocks with a passphrase, a recovery code or a passkey; with nothing, by this device.
    #[wasm_bindgen(js_name = unlock, unchecked_return_type = "Promise<void>")]
    pub fn unlock(
        &self,
        #[wasm_bindgen(unchecked_param_type = "UnlockSecret | undefined")] secret: JsValue,
    ) -> Promise {
        start(self.unlocking(secret))
    }

    /// Lets this device unlock the vault by itself.
    #[wasm_bindgen(js_name = addDevice, unchecked_return_type = "Promise<void>")]
    pub fn add_device(
        &self,
        #[wasm_bindgen(unchecked_param_type = "UnlockSecret | undefined")] proof: JsValue,
    ) -> Promise {
        start(self.adding_device(proof))
    }

    /// Adds a passphrase. Like every new way in, it needs one of the others now, where there is one
    /// besides the device's own.
    #[wasm_bindgen(js_name = addPassphrase, unchecked_return_type = "Promise<void>")]
    pub fn add_passphrase(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] passphrase: JsValue,
        #[wasm_bindgen(unchecked_param_type = "UnlockSecret | undefined")] proof: JsValue,
    ) -> Promise {
        start(self.adding_passphrase(&passphrase, proof))
    }

    /// Makes a recovery code and returns it, to be shown once. It opens nothing before
    /// [`VaultCore::keep_recovery_code`].
    #[wasm_bindgen(js_name = makeRecoveryCode, unchecked_return_type = "Promise<string>")]
    pub fn make_recovery_code(
        &self,
        #[wasm_bindgen(unchecked_param_type = "UnlockSecret | undefined")] proof: JsValue,
    ) -> Promise {
        start(self.making_recovery_code(proof))
    }

    /// Adds a passkey: the browser asks for one, `name` stands beside it in the person's list.
    #[wasm_bindgen(js_name = addPasskey, unchecked_return_type = "Promise<void>")]
    pub fn add_passkey(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] name: JsValue,
        #[wasm_bindgen(unchecked_param_type = "UnlockSecret | undefined")] proof: JsValue,
    ) -> Promise {
        start(self.adding_passkey(&name, proof))
    }

    /// Makes a new vault key and keeps exactly the slots named, each with its secret. Where none of
    /// those is the proof, `proof` is.
    #[wasm_bindgen(js_name = keepSlots, unchecked_return_type = "Promise<void>")]
    pub fn keep_slots(
        &self,
        #[wasm_bindgen(unchecked_param_type = "KeptSlot[]")] kept: JsValue,
        #[wasm_bindgen(unchecked_param_type = "UnlockSecret | undefined")] proof: JsValue,
    ) -> Promise {
        start(self.keeping_slots(kept, proof))
    }

    /// What the relay's wasm needs to use these browser-only entries: their records, and the vault key
    /// under a key of WebCrypto's that is made for this one use and cannot be read.
    #[wasm_bindgen(js_name = relayGrant, unchecked_return_type = "Promise<RelayGrant>")]
    pub fn relay_grant(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string[]")] ids: JsValue,
    ) -> Promise {
        start(self.granting(ids))
    }

    /// All browser-only entries as a file that `passphrase` opens; needs a secret of this vault now.
    #[wasm_bindgen(js_name = exportEntries, unchecked_return_type = "Promise<ExportResult>")]
    pub fn export_entries(
        &self,
        #[wasm_bindgen(unchecked_param_type = "UnlockSecret")] proof: JsValue,
        #[wasm_bindgen(unchecked_param_type = "string")] passphrase: JsValue,
    ) -> Promise {
        start(self.exporting(proof, &passphrase))
    }

    /// Takes the entries of an export into this vault, and says what became of each.
    #[wasm_bindgen(js_name = importEntries, unchecked_return_type = "Promise<ImportResult>")]
    pub fn import_entries(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] file: JsValue,
        #[wasm_bindgen(unchecked_param_type = "string")] passphrase: JsValue,
    ) -> Promise {
        start(self.importing(&file, &passphrase))
    }
}
