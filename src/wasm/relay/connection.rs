//! One connection.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Array, Uint8Array};
use wasm_bindgen::prelude::*;

use super::keys::{RelayKeys, Shared};
use crate::relay::{Body, Connection, Head, Part, Request, State};
use crate::wasm::error::{Failure, Outcome};
use crate::wasm::input::{bytes_of, list, text};
use crate::wasm::one_time::object;

/// A connection to a provider through whatever carries its bytes.
#[wasm_bindgen]
pub struct RelayConnection {
    keys: Rc<Shared>,
    connection: Rc<RefCell<Connection>>,
}

#[wasm_bindgen]
impl RelayConnection {
    /// Begins a connection for requests to `provider` (`openai`, `fal:queue`) with the key of an
    /// entry. The server's name is the catalogue's, or the one sealed into the entry; `roots` (DER)
    /// count only for the latter.
    #[wasm_bindgen(constructor)]
    pub fn new(
        keys: &RelayKeys,
        #[wasm_bindgen(unchecked_param_type = "string")] provider: &JsValue,
        #[wasm_bindgen(js_name = entryId, unchecked_param_type = "string")] entry: &JsValue,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array[] | undefined")] roots: JsValue,
    ) -> Outcome<RelayConnection> {
        let (provider, entry) = (text(provider)?, text(entry)?);
        let mut ders = Vec::new();
        if !roots.is_undefined() {
            for root in list(roots)?.iter() {
                ders.push(bytes(&root)?.to_vec());
            }
        }
        let keys = keys.shared();
        let connection = keys.with(|held| {
            Ok(Connection::new(
                &held.granted,
                &provider,
                &entry,
                &ders,
                &held.trust,
            )?)
        })?;
        let connection = Rc::new(RefCell::new(connection));
        keys.watch(&connection);
        Ok(Self { keys, connection })
    }

    /// `host`, or `host:port`.
    #[wasm_bindgen(getter, js_name = serverName)]
    pub fn server_name(&self) -> String {
        self.connection.borrow().target().authority().to_owned()
    }

    /// The companion's path for this connection, with its query.
    #[wasm_bindgen(getter, js_name = relayPath)]
    pub fn relay_path(&self) -> String {
        self.connection.borrow().target().relay_path()
    }

    /// Where it stands.
    #[wasm_bindgen(
        getter,
        unchecked_return_type = "'handshaking' | 'idle' | 'busy' | 'closed'"
    )]
    pub fn state(&self) -> JsValue {
        let state = match self.connection.borrow().state() {
            State::Handshaking => "handshaking",
            State::Idle => "idle",
            State::Busy => "busy",
            State::Closed => "closed",
        };
        state.into()
    }

    /// How many bytes that arrived were used up, in all.
    #[wasm_bindgen(getter)]
    pub fn taken(&self) -> f64 {
        self.connection.borrow().taken() as f64
    }

    /// Takes bytes that arrived.
    pub fn receive(
        &self,
        #[wasm_bindgen(js_name = bytes, unchecked_param_type = "Uint8Array")] arrived: &JsValue,
    ) -> Outcome<()> {
        let arrived = bytes(arrived)?.to_vec();
        Ok(self.connection.borrow_mut().receive(arrived)?)
    }

    /// Nothing more will arrive.
    #[wasm_bindgen(js_name = receiveEnd)]
    pub fn receive_end(&self) -> Outcome<()> {
        Ok(self.connection.borrow_mut().receive_end()?)
    }

    /// Bytes to send, 64 KiB at most; to be called until there are none.
    #[wasm_bindgen(unchecked_return_type = "Uint8Array | undefined")]
    pub fn outgoing(&self) -> JsValue {
        let bytes = self.connection.borrow_mut().outgoing();
        bytes.map_or(JsValue::UNDEFINED, |bytes| {
            Uint8Array::from(bytes.as_slice()).into()
        })
    }

    /// Sends a request with the key of an entry that goes to the same place; `path` is path and
    /// query below the provider's origin.
    pub fn request(
        &self,
        #[wasm_bindgen(js_name = entryId, unchecked_param_type = "string")] entry: &JsValue,
        #[wasm_bindgen(unchecked_param_type = "string")] method: &JsValue,
        #[wasm_bindgen(unchecked_param_type = "string")] path: &JsValue,
        #[wasm_bindgen(unchecked_param_type = "[string, string][]")] headers: JsValue,
        #[wasm_bindgen(unchecked_param_type = "'none' | 'chunked' | number")] body: &JsValue,
    ) -> Outcome<()> {
        let (entry, method, path) = (text(entry)?, text(method)?, text(path)?);
        let headers = pairs(headers)?;
        let request = Request {
            method: &method,
            path: &path,
            headers: &headers,
            body: upload(body)?,
        };
        self.keys.with(|held| {
            let mut connection = self.connection.borrow_mut();
            Ok(connection.request(&held.granted, &entry, &request)?)
        })
    }

    /// Takes bytes of the request's body, and says how many: 0 where none can be taken before
    /// something was sent.
    pub fn write(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] chunk: &JsValue,
    ) -> Outcome<u32> {
        let chunk = bytes(chunk)?;
        let mut connection = self.connection.borrow_mut();
        // No more is copied than there is room for.
        let room = u32::try_from(connection.room()).unwrap_or(u32::MAX);
        let piece = chunk.subarray(0, room.min(chunk.length())).to_vec();
        Ok(connection.write(&piece)? as u32)
    }

    /// Ends the request's body.
    pub fn finish(&self) -> Outcome<()> {
        Ok(self.connection.borrow_mut().finish()?)
    }

    /// The next part of the answer; `undefined`: it has not arrived.
    #[wasm_bindgen(unchecked_return_type = "RelayPart | undefined")]
    pub fn next(&self) -> Outcome {
        let part = self.connection.borrow_mut().next()?;
        let members: [(&str, JsValue); 3] = match part {
            None => return Ok(JsValue::UNDEFINED),
            Some(Part::Head(head)) => [
                ("kind", "head".into()),
                ("status", head.status.into()),
                ("headers", headers_of(&head).into()),
            ],
            Some(Part::Chunk(bytes)) => {
                let bytes = Uint8Array::from(bytes.as_slice());
                return Ok(object(&[("kind", "chunk".into()), ("bytes", bytes.into())])?.into());
            }
            Some(Part::End { reusable }) => {
                let reusable = reusable.into();
                return Ok(object(&[("kind", "end".into()), ("reusable", reusable)])?.into());
            }
        };
        Ok(object(&members)?.into())
    }

    /// Ends the connection politely: what says so is to be sent.
    pub fn close(&self) {
        self.connection.borrow_mut().close();
    }
}

fn bytes(value: &JsValue) -> Outcome<&Uint8Array> {
    bytes_of(value).ok_or_else(|| Failure::argument("A Uint8Array is expected."))
}

pub(super) fn pairs(value: JsValue) -> Outcome<Vec<(String, String)>> {
    let mut pairs = Vec::new();
    for pair in list(value)?.iter() {
        let pair = list(pair)?;
        pairs.push((text(&pair.get(0))?, text(&pair.get(1))?));
    }
    Ok(pairs)
}

fn upload(body: &JsValue) -> Outcome<Body> {
    let wrong = || Failure::argument("The body is \"none\", \"chunked\" or its length.");
    if let Some(length) = body.as_f64() {
        let whole = (0.0..9e15).contains(&length) && length.fract() == 0.0;
        return whole
            .then_some(Body::Length(length as u64))
            .ok_or_else(wrong);
    }
    match body.as_string().as_deref() {
        Some("none") => Ok(Body::None),
        Some("chunked") => Ok(Body::Chunked),
        _ => Err(wrong()),
    }
}

/// As `fetch` gives them: bytes are the characters of the same numbers.
fn headers_of(head: &Head) -> Array {
    let all = head.headers.iter().map(|(name, value)| {
        let value: String = value.iter().map(|byte| char::from(*byte)).collect();
        JsValue::from(Array::of2(&name.into(), &value.into()))
    });
    all.collect()
}
