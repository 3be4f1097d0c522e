//! The vault's side of the hand-over to the relay.

use js_sys::{Array, Uint8Array};
use wasm_bindgen::prelude::*;

use super::core::VaultCore;
use super::error::Outcome;
use super::input::{list, text};
use super::one_time::{bound, object, wrap};

impl VaultCore {
    /// What the relay needs to use these entries, once the vault is unlocked where this device can.
    pub async fn relay_grant(&self, ids: JsValue) -> Outcome {
        let ids = list(ids)?;
        let ids = ids.iter().map(|id| text(&id));
        let ids = ids.collect::<Outcome<Vec<_>>>()?;
        // Another tab may have made another vault key: the relay cannot look for itself.
        self.vault.borrow_mut().reload()?;
        self.unlock_by_device().await?;
        let grant = self.vault.borrow().grant(&ids)?;
        let (key, wrapped) = wrap(&bound(&grant.vault, &grant.sub), &grant.key).await?;
        let records = Array::new();
        for (id, record) in &grant.records {
            records.push(&object(&[("id", id.into()), ("record", record.into())])?.into());
        }
        let granted = object(&[
            ("key", key.into()),
            ("wrapped", Uint8Array::from(wrapped.as_slice()).into()),
            ("vault", (&grant.vault).into()),
            ("sub", (&grant.sub).into()),
            ("records", records.into()),
        ])?;
        Ok(granted.into())
    }
}
