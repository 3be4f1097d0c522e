//! The vault key on the relay's side.

use std::cell::RefCell;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::Duration;

use js_sys::{Date, Promise, Reflect};
use rustls::pki_types::UnixTime;
use rustls::time_provider::TimeProvider;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::future_to_promise;
use web_sys::CryptoKey;

use crate::relay::{Connection, Trust};
use crate::vault::{Grant, Granted, VaultError};
use crate::wasm::error::{Failure, Outcome};
use crate::wasm::input::{Given, bytes_of, list, text};
use crate::wasm::one_time;

/// The vault key and the records that it opens, until they are wiped.
#[wasm_bindgen]
pub struct RelayKeys(Rc<Shared>);

/// What the handles of one hand-over share.
pub(super) struct Shared {
    vault: String,
    /// `None` once it is wiped.
    held: RefCell<Option<Held>>,
    open: RefCell<Vec<Weak<RefCell<Connection>>>>,
}

/// What is wiped together: session tickets go too.
pub(super) struct Held {
    pub granted: Granted,
    pub trust: Trust,
}

#[wasm_bindgen]
impl RelayKeys {
    /// Takes what `VaultCore.relayGrant` gave. Drop the grant afterwards: it is for one use.
    #[wasm_bindgen(unchecked_return_type = "Promise<RelayKeys>")]
    pub fn accept(#[wasm_bindgen(unchecked_param_type = "RelayGrant")] grant: JsValue) -> Promise {
        future_to_promise(async move { Ok(accept(grant).await?.into()) })
    }

    /// Names the vault key: where the vault has another one, a new grant is needed.
    #[wasm_bindgen(getter)]
    pub fn vault(&self) -> String {
        self.0.vault.clone()
    }

    /// Takes another entry's record, or a newer one.
    pub fn put(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] id: &JsValue,
        #[wasm_bindgen(unchecked_param_type = "string")] record: &JsValue,
    ) -> Outcome<()> {
        let (id, record) = (text(id)?, text(record)?);
        self.0.with(|held| Ok(held.granted.put(&id, &record)?))
    }

    /// Forgets an entry.
    pub fn remove(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] id: &JsValue,
    ) -> Outcome<()> {
        let id = text(id)?;
        self.0.with(|held| {
            held.granted.remove(&id);
            Ok(())
        })
    }

    /// Wipes the vault key and every copy of a key. Exchanges that still need one are over; streams
    /// past their head go on.
    pub fn wipe(&self) {
        self.0.held.replace(None);
        for connection in self.0.open.take() {
            if let Some(connection) = connection.upgrade() {
                connection.borrow_mut().lock();
            }
        }
    }
}

impl Drop for RelayKeys {
    fn drop(&mut self) {
        self.wipe();
    }
}

impl RelayKeys {
    pub(super) fn shared(&self) -> Rc<Shared> {
        self.0.clone()
    }
}

impl Shared {
    pub(super) fn with<T>(&self, use_it: impl FnOnce(&mut Held) -> Outcome<T>) -> Outcome<T> {
        let mut held = self.held.borrow_mut();
        use_it(held.as_mut().ok_or(VaultError::Locked)?)
    }

    /// So that it is locked with the vault.
    pub(super) fn watch(&self, connection: &Rc<RefCell<Connection>>) {
        let mut open = self.open.borrow_mut();
        open.retain(|connection| connection.strong_count() > 0);
        open.push(Rc::downgrade(connection));
    }
}

async fn accept(grant: JsValue) -> Outcome<RelayKeys> {
    let given = Given::new(grant)?;
    let (vault, sub) = (given.text("vault")?, given.text("sub")?);
    let key: CryptoKey = Reflect::get(&given.0, &"key".into())?
        .dyn_into()
        .map_err(|_| Failure::argument("The option key is no CryptoKey."))?;
    let wrapped = Reflect::get(&given.0, &"wrapped".into())?;
    let wrapped = bytes_of(&wrapped).map(js_sys::Uint8Array::to_vec);
    let wrapped = wrapped.ok_or_else(|| Failure::argument("The option wrapped is no bytes."))?;
    let mut records = Vec::new();
    for record in list(Reflect::get(&given.0, &"records".into())?)?.iter() {
        let record = Given::new(record)?;
        records.push((record.text("id")?, record.text("record")?));
    }
    let opened = one_time::open(&one_time::bound(&vault, &sub), &key, &wrapped).await;
    let key = opened.map_err(|_| {
        Failure::new(
            "grant_refused",
            "The grant does not open.",
            "Ask the vault for a new one.",
        )
    })?;
    let grant = Grant {
        vault: vault.clone(),
        sub,
        key,
        records,
    };
    let held = Held {
        granted: grant.accept()?,
        trust: Trust::new(Arc::new(Browser))?,
    };
    Ok(RelayKeys(Rc::new(Shared {
        vault,
        held: RefCell::new(Some(held)),
        open: RefCell::default(),
    })))
}

/// The browser's clock, by which certificates are judged.
#[derive(Debug)]
struct Browser;

impl TimeProvider for Browser {
    fn current_time(&self) -> Option<UnixTime> {
        let now = Duration::try_from_secs_f64(Date::now() / 1000.0).ok()?;
        Some(UnixTime::since_unix_epoch(now))
    }
}
