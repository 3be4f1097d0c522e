//! The catalogue's test of a key, made through the relay.

use js_sys::Array;
use wasm_bindgen::prelude::*;

use crate::catalogue::{self, Verdict};
use crate::relay;
use crate::transit::Against;
use crate::wasm::error::{Failure, Outcome};
use crate::wasm::input::text;
use crate::wasm::one_time::object;

/// The cheapest call that tells a good key from a bad one; `undefined` where there is none that the
/// provider's own host answers.
#[wasm_bindgen(js_name = testCall, unchecked_return_type = "RelayTestCall | undefined")]
pub fn test_call(#[wasm_bindgen(unchecked_param_type = "string")] provider: &JsValue) -> Outcome {
    let provider = catalogue::find(&text(provider)?);
    let Some(call) = provider.and_then(relay::test_call) else {
        return Ok(JsValue::UNDEFINED);
    };
    let accept = Some(("accept", "application/json"));
    let sent = call.content_type.map(|it| ("content-type", it));
    let headers = accept.into_iter().chain(sent);
    let headers: Array = headers
        .map(|(name, value)| JsValue::from(Array::of2(&name.into(), &value.into())))
        .collect();
    let mut members: Vec<(&str, JsValue)> = vec![
        ("method", call.method.into()),
        ("path", call.path.into()),
        ("headers", headers.into()),
    ];
    members.extend(call.body.map(|body| ("body", body.into())));
    Ok(object(&members)?.into())
}

/// What the answer to it says about the key.
#[wasm_bindgen(unchecked_return_type = "'valid' | 'limited' | 'invalid' | 'unknown'")]
pub fn judge(
    #[wasm_bindgen(unchecked_param_type = "string")] provider: &JsValue,
    #[wasm_bindgen(unchecked_param_type = "number")] status: &JsValue,
    #[wasm_bindgen(js_name = contentType, unchecked_param_type = "string | undefined")]
    content_type: &JsValue,
    #[wasm_bindgen(unchecked_param_type = "string")] body: &JsValue,
) -> Outcome {
    let provider = catalogue::find(&text(provider)?);
    let status = status_of(status)?;
    let content_type = content_type.as_string().unwrap_or_default();
    let is_html = content_type.to_ascii_lowercase().contains("html");
    let body = text(body)?;
    let verdict = provider.map(|it| it.wire.judge(status, is_html, &body));
    let word = match verdict.unwrap_or(Verdict::Unknown) {
        Verdict::Valid => "valid",
        Verdict::Limited => "limited",
        Verdict::Invalid => "invalid",
        Verdict::Unknown => "unknown",
    };
    Ok(word.into())
}

/// What the answer to any request says against the key that it was made with; `undefined`: nothing.
/// Without a body the answer may be that its beginning has to be looked at.
#[wasm_bindgen(
    unchecked_return_type = "'refused' | 'limited' | 'wait' | 'unsaid' | 'look' | undefined"
)]
pub fn against(
    #[wasm_bindgen(unchecked_param_type = "string")] provider: &JsValue,
    #[wasm_bindgen(unchecked_param_type = "number")] status: &JsValue,
    #[wasm_bindgen(js_name = contentType, unchecked_param_type = "string | undefined")]
    content_type: &JsValue,
    #[wasm_bindgen(unchecked_param_type = "string | undefined")] body: &JsValue,
) -> Outcome {
    let Some(provider) = catalogue::find(&text(provider)?) else {
        return Ok(JsValue::UNDEFINED);
    };
    let (wire, status) = (&provider.wire, status_of(status)?);
    let content_type = content_type.as_string().unwrap_or_default();
    let body = body.as_string();
    if body.is_none() && Against::needs_body(wire, status, &content_type) {
        return Ok("look".into());
    }
    let against = Against::read(wire, status, &content_type, &body.unwrap_or_default());
    Ok(match against {
        None => JsValue::UNDEFINED,
        Some(Against::Refused) => "refused".into(),
        Some(Against::Limited) => "limited".into(),
        Some(Against::Wait) => "wait".into(),
        Some(Against::Unsaid) => "unsaid".into(),
    })
}

fn status_of(status: &JsValue) -> Result<u16, Failure> {
    let status = status
        .as_f64()
        .filter(|status| (100.0..1000.0).contains(status));
    let status = status.ok_or_else(|| Failure::argument("The status is none."))?;
    Ok(status as u16)
}
