//! The asynchronous exports. An exported async function brings its own copy of the machinery of
//! promises, some kilobytes each; here all go through one boxed future.

use std::pin::Pin;

use js_sys::Promise;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::future_to_promise;
use zeroize::Zeroizing;

use super::core::VaultCore;
use super::error::Outcome;
use super::input::{new_passphrase, text};

type Work = Pin<Box<dyn Future<Output = Result<JsValue, JsValue>>>>;

fn promise<T: Into<JsValue>>(work: impl Future<Output = Outcome<T>> + 'static) -> Promise {
    let work: Work = Box::pin(async { Ok(work.await?.into()) });
    future_to_promise(work)
}

fn nothing<T>(work: impl Future<Output = Outcome<T>> + 'static) -> Promise {
    promise(async { work.await.map(|_| JsValue::UNDEFINED) })
}

#[wasm_bindgen]
impl VaultCore {
    /// Opens the vault of a user at a companion, unlocked where this device can. Nothing is written
    /// yet: a vault key is made when the first browser-only entry is added.
    #[wasm_bindgen(js_name = open, unchecked_return_type = "Promise<VaultCore>")]
    pub fn open_promise(
        #[wasm_bindgen(unchecked_param_type = "OpenOptions")] options: JsValue,
    ) -> Promise {
        promise(Self::open(options))
    }

    /// Encrypts a pasted key into this browser's vault, for storage `browser`.
    #[wasm_bindgen(js_name = addBrowser, unchecked_return_type = "Promise<LocalEntry>")]
    pub fn add_browser_promise(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string | Uint8Array")] pasted: JsValue,
        #[wasm_bindgen(unchecked_param_type = "AddOptions")] options: JsValue,
    ) -> Promise {
        let core = self.clone();
        promise(async move { core.add_browser(pasted, options).await })
    }

    /// Replaces the key of a browser-only entry; its label, order and history stay.
    #[wasm_bindgen(js_name = replaceBrowser, unchecked_return_type = "Promise<LocalEntry>")]
    pub fn replace_browser_promise(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] rid: JsValue,
        #[wasm_bindgen(unchecked_param_type = "string | Uint8Array")] pasted: JsValue,
    ) -> Promise {
        let core = self.clone();
        promise(async move { core.replace_browser(text(&rid)?, pasted).await })
    }

    /// The two headers that carry a browser-only key for exactly one request. `path` is the path at
    /// the companion, without query.
    #[wasm_bindgen(js_name = requestHeaders, unchecked_return_type = "Promise<RequestHeaders>")]
    pub fn request_headers_promise(
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
        let core = self.clone();
        promise(async move { core.request_headers(text(&rid)?, options).await })
    }

    /// Removes the vault with all its entries, local copies and the device's key.
    #[wasm_bindgen(js_name = destroy, unchecked_return_type = "Promise<void>")]
    pub fn destroy_promise(&self) -> Promise {
        let core = self.clone();
        nothing(async move { core.destroy().await })
    }

    /// Gives up a vault that nobody can unlock: its slots go, its entries wait to be entered again.
    #[wasm_bindgen(js_name = startOver, unchecked_return_type = "Promise<void>")]
    pub fn start_over_promise(&self) -> Promise {
        let core = self.clone();
        nothing(async move { core.start_over().await })
    }

    /// Unlocks with a passphrase, a recovery code or a passkey; with nothing, by this device.
    #[wasm_bindgen(js_name = unlock, unchecked_return_type = "Promise<void>")]
    pub fn unlock_promise(
        &self,
        #[wasm_bindgen(unchecked_param_type = "UnlockSecret | undefined")] secret: JsValue,
    ) -> Promise {
        let core = self.clone();
        nothing(async move { core.unlock(secret).await })
    }

    /// Lets this device unlock the vault by itself.
    #[wasm_bindgen(js_name = addDevice, unchecked_return_type = "Promise<void>")]
    pub fn add_device_promise(
        &self,
        #[wasm_bindgen(unchecked_param_type = "UnlockSecret | undefined")] proof: JsValue,
    ) -> Promise {
        let core = self.clone();
        nothing(async move { core.add_device(proof).await })
    }

    /// Adds a passphrase. Like every new way in, it needs one of the others now, where there is one
    /// besides the device's own.
    #[wasm_bindgen(js_name = addPassphrase, unchecked_return_type = "Promise<void>")]
    pub fn add_passphrase_promise(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] passphrase: JsValue,
        #[wasm_bindgen(unchecked_param_type = "UnlockSecret | undefined")] proof: JsValue,
    ) -> Promise {
        let core = self.clone();
        nothing(async move {
            core.add_passphrase(new_passphrase(&passphrase)?, proof)
                .await
        })
    }

    /// Adds a recovery code and returns it, to be shown once. It opens the vault; it is no key.
    #[wasm_bindgen(js_name = addRecoveryCode, unchecked_return_type = "Promise<string>")]
    pub fn add_recovery_code_promise(
        &self,
        #[wasm_bindgen(unchecked_param_type = "UnlockSecret | undefined")] proof: JsValue,
    ) -> Promise {
        let core = self.clone();
        promise(async move { core.add_recovery_code(proof).await })
    }

    /// Adds a passkey: the browser asks for one, `name` stands beside it in the person's list.
    #[wasm_bindgen(js_name = addPasskey, unchecked_return_type = "Promise<void>")]
    pub fn add_passkey_promise(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] name: JsValue,
        #[wasm_bindgen(unchecked_param_type = "UnlockSecret | undefined")] proof: JsValue,
    ) -> Promise {
        let core = self.clone();
        nothing(async move { core.add_passkey(text(&name)?, proof).await })
    }

    /// Makes a new vault key and keeps exactly the slots named, each with its secret.
    #[wasm_bindgen(js_name = keepSlots, unchecked_return_type = "Promise<void>")]
    pub fn keep_slots_promise(
        &self,
        #[wasm_bindgen(unchecked_param_type = "KeptSlot[]")] kept: JsValue,
    ) -> Promise {
        let core = self.clone();
        nothing(async move { core.keep_slots(kept).await })
    }

    /// What the relay's wasm needs to use these browser-only entries: their records, and the vault key
    /// under a key of WebCrypto's that is made for this one use and cannot be read.
    #[wasm_bindgen(js_name = relayGrant, unchecked_return_type = "Promise<RelayGrant>")]
    pub fn relay_grant_promise(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string[]")] ids: JsValue,
    ) -> Promise {
        let core = self.clone();
        promise(async move { core.relay_grant(ids).await })
    }

    /// All browser-only entries as a file that `passphrase` opens; needs a secret of this vault now.
    #[wasm_bindgen(js_name = exportEntries, unchecked_return_type = "Promise<ExportResult>")]
    pub fn export_entries_promise(
        &self,
        #[wasm_bindgen(unchecked_param_type = "UnlockSecret")] secret: JsValue,
        #[wasm_bindgen(unchecked_param_type = "string")] passphrase: JsValue,
    ) -> Promise {
        let core = self.clone();
        promise(async move {
            let passphrase = new_passphrase(&passphrase)?;
            core.export_entries(secret, passphrase).await
        })
    }

    /// Takes the entries of an export into this vault, and says what became of each.
    #[wasm_bindgen(js_name = importEntries, unchecked_return_type = "Promise<ImportResult>")]
    pub fn import_entries_promise(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] file: JsValue,
        #[wasm_bindgen(unchecked_param_type = "string")] passphrase: JsValue,
    ) -> Promise {
        let core = self.clone();
        promise(async move {
            let passphrase = Zeroizing::new(text(&passphrase)?);
            core.import_entries(text(&file)?, passphrase).await
        })
    }
}
