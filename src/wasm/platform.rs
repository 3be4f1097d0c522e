//! What the browser does in its own time (`platform.js`), and waiting for it.
//!
//! Work that has to wait is a function that is called again, from its beginning, once what it asked
//! for is there: an `async` function would be compiled into a machine of kilobytes each. So each call
//! sees the vault as it is then, and nothing is written before the last answer has come.

use js_sys::{Array, Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use zeroize::Zeroizing;

use super::error::{Failure, Outcome};
use crate::envelope::encode_base64url;
use crate::vault::slot::{DeviceSecret, Kind, Passkey, Stretching};
use crate::vault::{Header, VaultError};

#[wasm_bindgen(module = "/src/wasm/platform.js")]
extern "C" {
    /// Throws nothing. But two functions that need no glue would be two names for the same import in
    /// the glue, and bundlers warn of that.
    #[wasm_bindgen(catch)]
    fn drive(step: &JsValue) -> Result<Promise, JsValue>;
    #[wasm_bindgen(js_name = makeDevice)]
    fn make_device(vault: &str) -> Promise;
    #[wasm_bindgen(js_name = openDevice)]
    fn open_device(vault: &str, iv: &[u8], sealed: &[u8]) -> Promise;
    /// Forgets the device's key of a vault.
    #[wasm_bindgen(js_name = forgetDevice)]
    pub(super) fn forget_device(vault: &str) -> Promise;
    #[wasm_bindgen(js_name = oneTimeKey)]
    fn one_time_key() -> Promise;
    /// Encrypts under a key of [`Answers::one_time_key`].
    #[wasm_bindgen(js_name = encryptOnce)]
    pub(super) fn encrypt_once(key: &JsValue, purpose: &str, iv: &[u8], secret: &[u8]) -> Promise;
    #[wasm_bindgen(js_name = makePasskey)]
    fn make_passkey(name: &str) -> Promise;
    #[wasm_bindgen(js_name = usePasskey)]
    fn use_passkey(id: &[u8], salt: &[u8]) -> Promise;
    #[wasm_bindgen(js_name = forgetPasskey)]
    fn forget_credential(id: &str);
}

/// Work that may have to wait.
pub(super) type Work = Box<dyn FnMut(&mut Answers) -> Step<JsValue>>;

/// What a part of such work gives.
pub(super) type Step<T> = Result<T, Stop>;

/// Why work goes no further now.
pub(super) enum Stop {
    Failed(Failure),
    /// Called again when this is there.
    Wait(Promise),
    /// Done but for this.
    Last(Promise, Finish),
}

pub(super) type Finish = Box<dyn FnOnce(JsValue) -> Outcome>;

impl<E> From<E> for Stop
where
    Failure: From<E>,
{
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

enum Running {
    Work(Work, Answers),
    Last(Finish),
}

/// Starts work, and gives what JavaScript waits for.
pub(super) fn start(work: Outcome<Work>) -> Promise {
    let work = match work {
        Ok(work) => work,
        Err(failure) => return Promise::reject(&failure.into()),
    };
    let mut running = Some(Running::Work(work, Answers::default()));
    let step = move |answer| step(&mut running, answer);
    let step = Closure::<dyn FnMut(JsValue) -> Result<JsValue, JsValue>>::new(step);
    drive(&step.into_js_value()).unwrap_or_else(|error| Promise::reject(&error))
}

/// One call. When the work is over it is dropped here, with all that it held: JavaScript may keep what
/// is around it for long.
fn step(running: &mut Option<Running>, answer: JsValue) -> Result<JsValue, JsValue> {
    let (mut work, mut answers) = match running.take() {
        Some(Running::Work(work, answers)) => (work, answers),
        Some(Running::Last(finish)) => return Ok(finish(answer)?),
        None => return Ok(JsValue::UNDEFINED),
    };
    answers.hear(answer);
    match work(&mut answers) {
        Ok(done) => Ok(done),
        Err(Stop::Failed(failure)) => Err(failure.into()),
        Err(Stop::Wait(promise)) => {
            *running = Some(Running::Work(work, answers));
            Ok(promise.into())
        }
        Err(Stop::Last(promise, finish)) => {
            *running = Some(Running::Last(finish));
            Ok(promise.into())
        }
    }
}

type Bytes = Zeroizing<Vec<u8>>;

/// What work has been told so far.
#[derive(Default)]
pub(super) struct Answers {
    /// What was asked last.
    asked: Option<String>,
    known: Vec<(String, Answer)>,
    header: Option<Header>,
    stretchings: Vec<(String, Stretching)>,
    stretched: Vec<(Stretching, Zeroizing<String>, Bytes)>,
}

#[derive(Clone)]
enum Answer {
    Bytes(Vec<Bytes>),
    Key(JsValue),
    /// The code of why there is none, or the browser's own words.
    Refused(String),
}

impl Answers {
    fn hear(&mut self, answer: JsValue) {
        let Some(asked) = self.asked.take() else {
            return;
        };
        let answer = match answer.as_string() {
            Some(why) => Answer::Refused(why),
            None if Array::is_array(&answer) => {
                let list: Array = answer.unchecked_into();
                Answer::Bytes(list.iter().map(taken).collect())
            }
            None => Answer::Key(answer),
        };
        self.known.push((asked, answer));
    }

    fn ask(&mut self, what: &str, of: &str, promise: &dyn Fn() -> Promise) -> Step<Answer> {
        let asked = [what, of].concat();
        if let Some((_, answer)) = self.known.iter().find(|(known, _)| *known == asked) {
            return Ok(answer.clone());
        }
        self.asked = Some(asked);
        Err(Stop::Wait(promise()))
    }

    fn bytes<const N: usize>(
        &mut self,
        what: &str,
        of: &str,
        promise: &dyn Fn() -> Promise,
    ) -> Step<Result<[Bytes; N], String>> {
        Ok(match self.ask(what, of, promise)? {
            Answer::Bytes(bytes) => bytes.try_into().map_err(|_| String::new()),
            Answer::Key(_) => Err(String::new()),
            Answer::Refused(why) => Err(why),
        })
    }

    /// The record of a vault that is being made, the same in every call.
    pub(super) fn new_header(&mut self, identity: &str) -> Outcome<Header> {
        if let Some(header) = &self.header {
            return Ok(header.clone());
        }
        let header = Header::new(identity).map_err(VaultError::from)?;
        Ok(self.header.insert(header).clone())
    }

    /// How the new passphrase of a slot is stretched, the same in every call.
    pub(super) fn new_stretching(&mut self, slot: &str) -> Outcome<Stretching> {
        if let Some((_, known)) = self.stretchings.iter().find(|(of, _)| of == slot) {
            return Ok(known.clone());
        }
        let new = Stretching::new().map_err(VaultError::from)?;
        self.stretchings.push((slot.to_owned(), new.clone()));
        Ok(new)
    }

    /// What a passphrase gives: worked out once, for it takes long.
    pub(super) fn stretched(
        &mut self,
        stretching: &Stretching,
        passphrase: &str,
    ) -> Outcome<Bytes> {
        let mut known = self.stretched.iter();
        if let Some((.., secret)) =
            known.find(|(by, of, _)| by == stretching && of.as_str() == passphrase)
        {
            return Ok(secret.clone());
        }
        let secret = Zeroizing::new(stretching.secret(passphrase)?.to_vec());
        let of = Zeroizing::new(passphrase.to_owned());
        self.stretched
            .push((stretching.clone(), of, secret.clone()));
        Ok(secret)
    }

    /// The secret of a device slot, if this browser still has the key of its vault.
    pub(super) fn device(&mut self, vault: &str, sealed: &DeviceSecret) -> Step<Option<Bytes>> {
        let of = encode_base64url(&sealed.ciphertext);
        let secret = self.bytes("open", &of, &|| {
            open_device(vault, &sealed.iv, &sealed.ciphertext)
        })?;
        Ok(secret.ok().map(|[secret]| secret))
    }

    /// A new device key for a vault, and the secret that it guards; none where the device keeps no key.
    pub(super) fn new_device(&mut self, vault: &str) -> Step<Option<(Kind, Bytes)>> {
        let made = self.bytes("device", vault, &|| make_device(vault))?;
        Ok(made.ok().and_then(|[iv, ciphertext, secret]| {
            let sealed = DeviceSecret {
                iv: iv.as_slice().try_into().ok()?,
                ciphertext: ciphertext.to_vec(),
            };
            Some((Kind::Device(sealed), secret))
        }))
    }

    /// The PRF output of a passkey.
    pub(super) fn passkey(&mut self, passkey: &Passkey) -> Step<Bytes> {
        let of = encode_base64url(&passkey.credential);
        let ask = || use_passkey(&passkey.credential, &passkey.prf_salt);
        let [secret] = self.bytes("use", &of, &ask)?.map_err(refused)?;
        Ok(secret)
    }

    /// A new passkey, and its PRF output.
    pub(super) fn new_passkey(&mut self, name: &str) -> Step<(Passkey, Bytes)> {
        let made = self.bytes("passkey", "", &|| make_passkey(name))?;
        let [credential, salt, secret] = made.map_err(refused)?;
        let passkey = Passkey {
            credential: credential.to_vec(),
            prf_salt: salt.as_slice().try_into().map_err(|_| JsValue::NULL)?,
        };
        Ok((passkey, secret))
    }

    /// The passkey that was made, if one was.
    pub(super) fn made_passkey(&mut self) -> Option<Passkey> {
        let known = self.known.iter().any(|(asked, _)| asked == "passkey");
        if known {
            self.new_passkey("").ok().map(|(passkey, _)| passkey)
        } else {
            None
        }
    }

    /// A key of WebCrypto's that cannot be read, for one use.
    pub(super) fn one_time_key(&mut self) -> Step<JsValue> {
        match self.ask("key", "", &one_time_key)? {
            Answer::Key(key) => Ok(key),
            _ => Err(JsValue::NULL.into()),
        }
    }
}

/// Bytes of JavaScript's, wiped where they came from.
fn taken(bytes: JsValue) -> Bytes {
    let bytes: Uint8Array = bytes.unchecked_into();
    let taken = Zeroizing::new(bytes.to_vec());
    bytes.fill(0, 0, bytes.length());
    taken
}

/// Takes a passkey that nothing uses any more out of the person's list, where the browser can.
pub(super) fn forget_passkey(passkey: &Passkey) {
    forget_credential(&encode_base64url(&passkey.credential));
}

fn refused(why: String) -> Failure {
    match why.as_str() {
        "passkey_without_prf" => Failure::new(
            "passkey_without_prf",
            "This passkey cannot unlock a vault: it does not offer the PRF extension.",
            "Use another authenticator, or a passphrase.",
        ),
        "passkey_refused" => Failure::new(
            "passkey_refused",
            "The passkey was not used: it was cancelled, timed out, or is not on this device.",
            "Try again, or unlock in another way.",
        ),
        _ => Failure::new(
            "passkey_unavailable",
            "This browser offers no passkeys to this page.",
            "Use HTTPS and a current browser, or a passphrase.",
        ),
    }
}
