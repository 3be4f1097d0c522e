//! Records in localStorage, or in memory where the browser does not let the site store data.

use std::cell::RefCell;

use gloo_storage::{LocalStorage, Storage};
use js_sys::JsString;
use wasm_bindgen::prelude::*;
use web_sys::DomException;

use crate::vault::store::insert;
use crate::vault::{MemoryStore, Store, StoreError};

const PROBE: &str = "keyseal.v1.probe";

/// Where this browser keeps the records.
pub(super) enum Records {
    /// localStorage, shared by the site's tabs.
    Local(Local),
    /// This page's memory: gone with it.
    Memory(MemoryStore),
}

impl Records {
    /// localStorage, if it takes a record; reading alone proves nothing where a quota of 0 applies.
    pub(super) fn new(memory: bool) -> Self {
        let usable = !memory
            && web_sys::window()
                .and_then(|window| window.local_storage().ok().flatten())
                .is_some_and(|storage| {
                    storage.set_item(PROBE, "").is_ok() && storage.remove_item(PROBE).is_ok()
                        // A full store is still one: what it holds must be seen.
                        || storage.length().is_ok_and(|length| length > 0)
                });
        if usable {
            Self::Local(Local::default())
        } else {
            Self::Memory(MemoryStore::default())
        }
    }

    pub(super) fn is_local(&self) -> bool {
        matches!(self, Self::Local(_))
    }
}

#[wasm_bindgen]
extern "C" {
    /// `Storage`, giving the record as it lies in JavaScript.
    type Texts;
    #[wasm_bindgen(method, catch, js_name = getItem)]
    fn get_item(this: &Texts, name: &JsString) -> Result<Option<JsString>, JsValue>;
}

/// localStorage, and what was read last. Every request reads the same record, and a text is copied
/// out of JavaScript character by character: telling that it is still the same is much faster.
pub(super) struct Local {
    /// Held, because finding it costs as much as reading it.
    storage: web_sys::Storage,
    last: RefCell<Option<Read>>,
}

struct Read {
    name: String,
    js_name: JsString,
    js_text: JsString,
    text: String,
}

impl Default for Local {
    fn default() -> Self {
        Self {
            storage: LocalStorage::raw(),
            last: RefCell::default(),
        }
    }
}

impl Local {
    fn get(&self, name: &str) -> Result<Option<String>, JsValue> {
        let last = self.last.take().filter(|last| last.name == name);
        let js_name = match &last {
            Some(last) => last.js_name.clone(),
            None => name.into(),
        };
        let texts: &Texts = self.storage.unchecked_ref();
        let Some(js_text) = texts.get_item(&js_name)? else {
            return Ok(None);
        };
        let text = match last {
            Some(last) if last.js_text == js_text => last.text,
            _ => String::from(&js_text),
        };
        self.last.replace(Some(Read {
            name: name.to_owned(),
            js_name,
            js_text,
            text: text.clone(),
        }));
        Ok(Some(text))
    }
}

fn failed(error: JsValue) -> StoreError {
    match error
        .dyn_ref::<DomException>()
        .map(DomException::name)
        .as_deref()
    {
        Some("QuotaExceededError" | "NS_ERROR_DOM_QUOTA_REACHED") => StoreError::Full,
        _ => StoreError::Blocked,
    }
}

impl Store for Records {
    fn get(&self, name: &str) -> Result<Option<String>, StoreError> {
        match self {
            Self::Local(local) => local.get(name).map_err(failed),
            Self::Memory(store) => store.get(name),
        }
    }

    fn set(&self, name: &str, value: &str) -> Result<(), StoreError> {
        match self {
            Self::Local(local) => local.storage.set_item(name, value).map_err(failed),
            Self::Memory(store) => store.set(name, value),
        }
    }

    fn remove(&self, name: &str) -> Result<(), StoreError> {
        match self {
            Self::Local(local) => local.storage.remove_item(name).map_err(failed),
            Self::Memory(store) => store.remove(name),
        }
    }

    fn names(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        let storage = match self {
            Self::Local(local) => &local.storage,
            Self::Memory(store) => return store.names(prefix),
        };
        let mut names = Vec::new();
        for at in 0..storage.length().map_err(failed)? {
            if let Some(name) = storage.key(at).map_err(failed)?
                && name.starts_with(prefix)
            {
                insert(&mut names, name);
            }
        }
        Ok(names)
    }
}
