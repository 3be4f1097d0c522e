//! The vault's side of the hand-over to the relay.

use js_sys::{Array, Uint8Array};
use wasm_bindgen::prelude::*;

use super::core::VaultCore;
use super::error::Outcome;
use super::input::{list, text};
use super::one_time::{IV_BYTES, bound, object};
use super::platform::{Stop, Work, encrypt_once};
use crate::envelope::random;
use crate::vault::VaultError;

impl VaultCore {
    /// What the relay needs to use these entries, once the vault is unlocked where this device can.
    pub(super) fn granting(&self, ids: JsValue) -> Outcome<Work> {
        let ids = list(ids)?;
        let ids = ids.iter().map(|id| text(&id));
        let ids = ids.collect::<Outcome<Vec<_>>>()?;
        let core = self.clone();
        Ok(Box::new(move |answers| {
            // Another tab may have made another vault key: the relay cannot look for itself.
            core.vault.borrow_mut().reload()?;
            core.unlock_by_device(answers)?;
            let key = match core.vault.borrow().is_unlocked() {
                true => answers.one_time_key()?,
                false => return Err(VaultError::Locked.into()),
            };
            let grant = core.vault.borrow().grant(&ids)?;
            let iv: [u8; IV_BYTES] = random().map_err(VaultError::from)?;
            let sealed = encrypt_once(&key, &bound(&grant.vault, &grant.sub), &iv, &*grant.key);
            let records = Array::new();
            for (id, record) in &grant.records {
                records.push(&object(&[("id", id.into()), ("record", record.into())])?.into());
            }
            let (vault, sub) = (grant.vault, grant.sub);
            let finish = move |sealed: JsValue| {
                let sealed: Uint8Array = sealed.dyn_into()?;
                let wrapped = [iv.as_slice(), &sealed.to_vec()].concat();
                let granted = object(&[
                    ("key", key),
                    ("wrapped", Uint8Array::from(wrapped.as_slice()).into()),
                    ("vault", vault.into()),
                    ("sub", sub.into()),
                    ("records", records.into()),
                ])?;
                Ok(granted.into())
            };
            Err(Stop::Last(sealed, Box::new(finish)))
        }))
    }
}
