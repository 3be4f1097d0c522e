//! The vault as JavaScript holds it.

use std::cell::{Cell, RefCell};
use std::ops::Deref;
use std::rc::Rc;

use js_sys::{Array, Date, JSON, Object, Reflect};
use wasm_bindgen::prelude::*;
use zeroize::Zeroizing;

use super::error::{Failure, Outcome};
use super::functions::{fingerprint, sealed};
use super::input::{Given, list, named_text, take, text};
use super::local::Records;
use super::output::Plain;
use super::platform::{Step, Stop, Work, forget_device};
use crate::catalogue;
use crate::envelope::keyset::Published;
use crate::envelope::{
    KeyClaims, PublicKey, RequestClaims, Secret, Session, encode_base64url, nonce,
};
use crate::vault::slot::RecoveryCode;
use crate::vault::{Display, Patch, Vault, VaultError};

/// A session is renewed when less than this is left of it, in seconds.
const SESSION_MARGIN: i64 = 120;
/// How long a session is asked for, in seconds.
const SESSION_SECONDS: i64 = 3000;

/// One user's vault in this browser.
///
/// JavaScript holds a handle; the vault key and every plaintext stay in wasm memory. No method
/// returns a stored key.
#[wasm_bindgen]
#[derive(Clone)]
pub struct VaultCore(Rc<State>);

/// What the handles of one vault share: a promise that is under way holds one too.
pub struct State {
    pub(super) issuer: String,
    pub(super) sub: String,
    pub(super) vault: RefCell<Vault<Records>>,
    pub(super) companion: RefCell<Option<Companion>>,
    pub(super) session: RefCell<Option<Live>>,
    /// Companion's clock minus this one, in seconds.
    offset: Cell<i64>,
    pub(super) persistent: Cell<bool>,
    /// The records are here and the device's key is not.
    pub(super) key_lost: Cell<bool>,
    /// The device's key is gone, whether or not another slot opens the vault.
    pub(super) device_lost: Cell<bool>,
    /// Somebody locked it: the device does not unlock it by itself again.
    pub(super) held: Cell<bool>,
    /// A recovery code that is shown and not yet kept.
    pub(super) made_code: Cell<Option<RecoveryCode>>,
}

impl Deref for VaultCore {
    type Target = State;

    fn deref(&self) -> &State {
        &self.0
    }
}

pub(super) struct Companion {
    pub identity: String,
    key: PublicKey,
}

pub(super) struct Live {
    session: Session,
    /// The caller's token that it is bound to: a string that stays where JavaScript keeps it.
    token: JsValue,
    /// The value of `Keyseal-Session`, likewise: the same for every request.
    header: JsValue,
    kid: String,
}

#[wasm_bindgen]
extern "C" {
    /// The two headers, as a plain object. A property of its own costs less than `Reflect.set`.
    #[wasm_bindgen(js_name = Object)]
    type RequestHeaders;
    #[wasm_bindgen(constructor, js_class = "Object")]
    fn new() -> RequestHeaders;
    #[wasm_bindgen(method, setter, js_name = "Keyseal-Session")]
    fn set_session(this: &RequestHeaders, value: &JsValue);
    #[wasm_bindgen(method, setter, js_name = "Keyseal-Key")]
    fn set_key(this: &RequestHeaders, value: &str);

    /// The options of a request, read likewise.
    #[wasm_bindgen(js_name = Object)]
    type RequestOptions;
    #[wasm_bindgen(method, getter, catch)]
    fn method(this: &RequestOptions) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, getter, catch)]
    fn path(this: &RequestOptions) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, getter, catch)]
    fn token(this: &RequestOptions) -> Result<JsValue, JsValue>;
}

#[wasm_bindgen]
impl VaultCore {
    /// False where nothing outlives this page: a private window, or storage that is blocked.
    #[wasm_bindgen(getter)]
    pub fn persistent(&self) -> bool {
        self.persistent.get()
    }

    /// Whether browser-only entries can be used now.
    #[wasm_bindgen(getter)]
    pub fn unlocked(&self) -> bool {
        self.vault.borrow().is_unlocked()
    }

    /// Checks what `GET /.well-known/keyseal` answered and pins the companion's identity.
    #[wasm_bindgen(js_name = acceptKeyset, unchecked_return_type = "AcceptedKeyset")]
    pub fn accept_keyset(
        &self,
        #[wasm_bindgen(js_name = wellKnown, unchecked_param_type = "object")] published: JsValue,
        #[wasm_bindgen(js_name = options, unchecked_param_type = "AcceptOptions | undefined")]
        given: JsValue,
    ) -> Outcome {
        let clock = Reflect::get(&published, &"now".into()).unwrap_or(JsValue::UNDEFINED);
        let published = Given::new(published)?;
        let published = Published {
            identity: published.object("identity")?.jwk()?,
            keyset: published.text("keyset")?,
            identity_change: published.maybe_text("identityChange")?,
        };
        let trusted = match given.is_undefined() {
            true => None,
            false => Given::new(given)?.maybe_text("trustedIdentity")?,
        };
        let accepted = self.vault.borrow_mut().accept(
            &published,
            &self.issuer,
            trusted.as_deref(),
            own_clock(),
        )?;
        let key = accepted
            .keyset
            .current()
            .map_err(crate::vault::PinError::Keyset)?;
        let identity = accepted.pin.thumbprint();
        let readable = fingerprint(&identity);
        let summary = Plain::Object(vec![
            ("identity", identity.as_str().into()),
            ("fingerprint", readable.as_str().into()),
            ("kid", key.kid().into()),
            ("firstUse", Plain::Flag(accepted.first_use)),
            ("firstSeen", Plain::Number(accepted.pin.first_seen as f64)),
            ("seq", Plain::Number(accepted.pin.seq as f64)),
        ])
        .to_js();
        self.companion.replace(Some(Companion { identity, key }));
        // Only `iat` follows the companion's clock: it is the one that is compared with it.
        let theirs = clock
            .as_f64()
            .unwrap_or_else(|| Date::new(&clock).get_time() / 1000.0);
        self.offset.set(if theirs.is_finite() {
            theirs as i64 - own_clock()
        } else {
            0
        });
        summary
    }

    /// Seals a pasted key to the pinned companion, for storage `synced`.
    #[wasm_bindgen(unchecked_return_type = "SealedKey")]
    pub fn seal(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string | Uint8Array")] pasted: &JsValue,
        #[wasm_bindgen(js_name = options, unchecked_param_type = "SealOptions")] given: JsValue,
    ) -> Outcome {
        // Read first: what is read may be code of the page's, which may call the vault again.
        let claims = self.given_claims(pasted, &Given::new(given)?)?;
        let companion = self.companion.borrow();
        let companion = companion.as_ref().ok_or_else(no_companion)?;
        sealed(&claims, &companion.key)
    }

    /// The entries of this browser: browser-only ones, and the local copies of synced ones.
    #[wasm_bindgen(unchecked_return_type = "LocalEntry[]")]
    pub fn entries(&self) -> Outcome {
        let vault = self.vault.borrow();
        let list = Array::new();
        for mut entry in vault.entries()? {
            if self.key_lost.get() {
                entry.damaged = entry.damaged.or(Some(VaultError::KeyLost.code()));
            }
            list.push(&Plain::entry(&entry).to_js()?);
        }
        for (id, json) in vault.synced()? {
            let (copy, damaged) = match JSON::parse(&json) {
                Ok(copy) if copy.is_object() => (copy, JsValue::NULL),
                _ => (Object::new().into(), "entry_damaged".into()),
            };
            for (name, value) in [
                ("id", id.into()),
                ("storage", "synced".into()),
                ("damaged", damaged),
            ] {
                Reflect::set(&copy, &name.into(), &value)?;
            }
            list.push(&copy);
        }
        Ok(list.into())
    }

    /// Keeps the entries that the companion listed as this browser's local copies.
    #[wasm_bindgen(js_name = putSynced)]
    pub fn put_synced(
        &self,
        #[wasm_bindgen(unchecked_param_type = "object[]")] keys: JsValue,
    ) -> Outcome<()> {
        let mut copies = Vec::new();
        for key in list(keys)?.iter() {
            let id = Reflect::get(&key, &"id".into())?;
            let id = id
                .as_string()
                .ok_or_else(|| Failure::argument("An entry has no id."))?;
            copies.push((id, String::from(JSON::stringify(&key)?)));
        }
        Ok(self.vault.borrow_mut().put_synced(&copies)?)
    }

    /// Changes what is shown of a browser-only entry.
    #[wasm_bindgen(unchecked_return_type = "LocalEntry")]
    pub fn update(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] rid: &JsValue,
        #[wasm_bindgen(unchecked_param_type = "LocalEntryPatch")] patch: JsValue,
    ) -> Outcome {
        let rid = text(rid)?;
        let patch = Given::new(patch)?;
        let patch = Patch {
            label: patch.change("label")?,
            is_active: patch.flag("isActive")?,
            priority: priority(&patch)?,
            status: patch.maybe_text("status")?,
            status_detail: patch.change("statusDetail")?,
            last_tested_at: patch.change("lastTestedAt")?,
            last_used_at: patch.change("lastUsedAt")?,
            expires_at: patch.change("expiresAt")?,
        };
        Plain::entry(&self.vault.borrow_mut().update(&rid, patch)?).to_js()
    }

    /// Removes a browser-only entry.
    pub fn remove(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] rid: &JsValue,
    ) -> Outcome<()> {
        Ok(self.vault.borrow_mut().remove(&text(rid)?)?)
    }

    /// All records of this vault as they stand in this browser, for the page that shows them.
    #[wasm_bindgen(js_name = rawRecords, unchecked_return_type = "RawRecord[]")]
    pub fn raw_records(&self) -> Outcome {
        let records = self.vault.borrow().records()?;
        let place = if self.persistent.get() {
            "localStorage"
        } else {
            "memory"
        };
        let records = records.iter().map(|(name, value)| {
            Plain::Object(vec![
                ("where", place.into()),
                ("name", name.as_str().into()),
                ("value", value.as_str().into()),
            ])
        });
        Plain::List(records.collect()).to_js()
    }
}

impl VaultCore {
    pub(super) fn opening(given: JsValue) -> Outcome<Work> {
        let given = Given::new(given)?;
        let (issuer, sub) = (given.text("issuer")?, given.text("sub")?);
        let records = Records::new(given.flag("memory")?.unwrap_or(false));
        let persistent = records.is_local();
        let mut vault = Vault::unread(records, &issuer, &sub);
        if let Some(namespace) = given.maybe_text("namespace")? {
            vault = vault.within(&namespace);
        }
        match vault.reload() {
            // Entries of the companion can be used all the same; whoever needs the vault is told.
            Ok(()) | Err(VaultError::Damaged) => {}
            Err(error) => return Err(error.into()),
        }
        let core = Self(Rc::new(State {
            vault: RefCell::new(vault),
            issuer,
            sub,
            companion: RefCell::default(),
            session: RefCell::default(),
            offset: Cell::new(0),
            persistent: Cell::new(persistent),
            key_lost: Cell::new(false),
            device_lost: Cell::new(false),
            held: Cell::new(given.flag("held")?.unwrap_or(false)),
            made_code: Cell::default(),
        }));
        Ok(Box::new(move |answers| {
            match core.unlock_by_device(answers) {
                Err(Stop::Failed(failure)) if failure.is(VaultError::Damaged.code()) => {}
                unlocked => unlocked?,
            }
            Ok(core.clone().into())
        }))
    }

    pub(super) fn adding(&self, pasted: &JsValue, given: JsValue) -> Outcome<Work> {
        let given = Given::new(given)?;
        let label = given.maybe_text("label")?;
        let priority = priority(&given)?.unwrap_or(0);
        let expires_at = given.maybe_text("expiresAt")?;
        let claims = self.given_claims(pasted, &given)?;
        let display = Display {
            provider: claims.provider.clone(),
            key_hint: catalogue::hint(claims.key.expose()),
            host: claims.host.clone(),
            label,
            is_active: true,
            priority,
            status: "untested".into(),
            created_at: String::from(Date::new_0().to_iso_string()),
            expires_at,
            ..Display::default()
        };
        let core = self.clone();
        Ok(Box::new(move |answers| {
            core.make_vault(answers)?;
            let display = display.clone();
            Ok(Plain::entry(&core.vault.borrow_mut().put(&claims, display)?).to_js()?)
        }))
    }

    pub(super) fn replacing(&self, rid: &JsValue, pasted: &JsValue) -> Outcome<Work> {
        let rid = text(rid)?;
        let Display { provider, host, .. } = self.entry(&rid)?.display;
        let claims = self.key_claims(pasted, provider, rid, host)?;
        let core = self.clone();
        Ok(Box::new(move |answers| {
            core.make_vault(answers)?;
            // What became of it meanwhile counts: a label that was changed, or that it was removed.
            let display = Display {
                key_hint: catalogue::hint(claims.key.expose()),
                status: "untested".into(),
                status_detail: None,
                last_tested_at: None,
                ..core.entry(&claims.rid)?.display
            };
            Ok(Plain::entry(&core.vault.borrow_mut().put(&claims, display)?).to_js()?)
        }))
    }

    /// The headers of a request, once the vault is unlocked where this device can.
    pub(super) fn requesting(&self, rid: &JsValue, given: JsValue) -> Outcome<Work> {
        let rid = text(rid)?;
        let core = self.clone();
        Ok(Box::new(move |answers| {
            core.unlock_by_device(answers)?;
            match core.request_headers_now(&rid, &given) {
                // Another tab made another vault key, and the word of it has not come yet.
                Err(failure) if failure.is(VaultError::KeyLost.code()) => {
                    core.vault.borrow_mut().reload()?;
                    core.unlock_by_device(answers)?;
                    Ok(core.request_headers_now(&rid, &given)?)
                }
                settled => Ok(settled?),
            }
        }))
    }

    pub(super) fn destroying(&self) -> Outcome<Work> {
        let core = self.clone();
        Ok(Box::new(move |_| {
            let id = core.header().ok().map(|header| header.id().to_owned());
            core.session.replace(None);
            core.vault.borrow_mut().destroy()?;
            core.key_lost.set(false);
            core.device_lost.set(false);
            without_device(id)
        }))
    }
}

/// The end of work that leaves the device's key of the vault `id` without a use.
pub(super) fn without_device(id: Option<String>) -> Step<JsValue> {
    match id {
        Some(id) => Err(Stop::Last(
            forget_device(&id),
            Box::new(|_| Ok(JsValue::UNDEFINED)),
        )),
        None => Ok(JsValue::UNDEFINED),
    }
}

impl VaultCore {
    /// The two headers that carry a browser-only key for exactly one request.
    ///
    /// `path` is the path at the companion, without query. The session is made when there is none
    /// for this token and key, and renewed before it ends.
    pub(super) fn request_headers_now(&self, rid: &str, given: &JsValue) -> Outcome {
        let Given(given) = Given::new(given.clone())?;
        let given: RequestOptions = given.unchecked_into();
        let method = named_text("method", &given.method().unwrap_or_default())?;
        let path = named_text("path", &given.path().unwrap_or_default())?;
        let token = given.token().unwrap_or_default();
        let claims = self.vault.borrow().claims(rid)?;
        let now = self.now();
        let envelope = RequestClaims {
            key: claims.key,
            provider: claims.provider,
            host: claims.host,
            sub: claims.sub,
            m: method,
            p: path,
            iat: now,
            jti: encode_base64url(&nonce::<16>().map_err(VaultError::from)?),
        };
        self.renew_session(token, now)?;
        let live = self.session.borrow();
        let live = live.as_ref().ok_or(VaultError::Locked)?;
        let sealed = live.session.seal_request(&envelope);
        let sealed = sealed.map_err(VaultError::from)?;
        // Wiped before JavaScript is called again: what throws there runs no code that wipes here.
        drop(envelope);
        let headers = RequestHeaders::new();
        headers.set_session(&live.header);
        headers.set_key(&sealed);
        Ok(headers.into())
    }

    fn now(&self) -> i64 {
        own_clock() + self.offset.get()
    }

    fn given_claims(&self, pasted: &JsValue, given: &Given) -> Outcome<KeyClaims> {
        let (provider, rid) = (given.text("provider")?, given.text("rid")?);
        self.key_claims(pasted, provider, rid, given.maybe_text("host")?)
    }

    fn key_claims(
        &self,
        pasted: &JsValue,
        provider: String,
        rid: String,
        host: Option<String>,
    ) -> Outcome<KeyClaims> {
        if catalogue::find(&provider).is_none() {
            return Err(Failure::new(
                "provider_unknown",
                "This provider is not in the catalogue.",
                "Choose one of the providers listed.",
            ));
        }
        let key = Secret::from(take(pasted)?);
        Ok(KeyClaims {
            key,
            provider,
            sub: self.sub.clone(),
            rid,
            iat: self.now(),
            host,
        })
    }

    fn entry(&self, rid: &str) -> Outcome<crate::vault::Entry> {
        let entries = self.vault.borrow().entries()?;
        Ok(entries
            .into_iter()
            .find(|entry| entry.id == rid)
            .ok_or(VaultError::NoEntry)?)
    }

    /// One session a token and companion key, shared by all requests until shortly before its end.
    fn renew_session(&self, token: JsValue, now: i64) -> Outcome<()> {
        let companion = self.companion.borrow();
        let companion = companion.as_ref().ok_or_else(no_companion)?;
        let kid = companion.key.kid();
        let usable = self.session.borrow().as_ref().is_some_and(|live| {
            live.token == token
                && live.kid == kid
                // Left of it, and not of the future: the clock may have been put right since.
                && (SESSION_MARGIN..=SESSION_SECONDS).contains(&(live.session.exp() - now))
        });
        if !usable {
            let ends = now + SESSION_SECONDS;
            let bound = Zeroizing::new(named_text("token", &token)?);
            let session = Session::start(&self.sub, &bound, now, ends, &companion.key);
            let session = session.map_err(VaultError::from)?;
            let live = Live {
                header: session.jwe().into(),
                session,
                token,
                kid: kid.to_owned(),
            };
            self.session.replace(Some(live));
        }
        Ok(())
    }
}

fn own_clock() -> i64 {
    (Date::now() / 1000.0) as i64
}

pub(super) fn no_companion() -> Failure {
    Failure::new(
        "companion_unknown",
        "The companion's key set has not been accepted yet.",
        "Connect to the companion first.",
    )
}

fn priority(given: &Given) -> Outcome<Option<i32>> {
    let priority = given.integer("priority")?.map(i32::try_from).transpose();
    priority.map_err(|_| Failure::argument("The option priority is too large."))
}
