//! What answers used, counted on this device by the parsers that the companion counts with.

use wasm_bindgen::prelude::*;

use super::connection::pairs;
use crate::usage::{Reader, Route, Usage};
use crate::wasm::error::Outcome;
use crate::wasm::input::{bytes_of, text};
use crate::wasm::one_time::object;

/// Counts one answer.
#[wasm_bindgen]
pub struct RelayUsage {
    route: Route,
    reader: Option<Reader>,
}

#[wasm_bindgen]
impl RelayUsage {
    /// For the answer to a request; `path` is that below the provider's origin.
    #[wasm_bindgen(constructor)]
    pub fn new(
        #[wasm_bindgen(unchecked_param_type = "string")] provider: &JsValue,
        #[wasm_bindgen(unchecked_param_type = "string")] method: &JsValue,
        #[wasm_bindgen(unchecked_param_type = "string")] path: &JsValue,
    ) -> Outcome<RelayUsage> {
        let (provider, method, path) = (text(provider)?, text(method)?, text(path)?);
        let id = provider.split(':').next().unwrap_or_default();
        let path = path.split('?').next().unwrap_or_default();
        Ok(Self {
            route: Route::of(id, &method, path),
            reader: None,
        })
    }

    /// Takes the headers of a successful answer.
    pub fn begin(
        &mut self,
        #[wasm_bindgen(unchecked_param_type = "[string, string][]")] headers: JsValue,
    ) -> Outcome<()> {
        let headers = pairs(headers)?;
        let value = |name: &str| {
            let found = headers.iter().find(|(header, _)| header == name);
            found.map(|(_, value)| value.as_str())
        };
        let (content_type, encoding) = (value("content-type"), value("content-encoding"));
        let reader = Reader::new(self.route.clone(), content_type, encoding);
        self.reader = Some(reader.with_characters(value("x-character-count")));
        Ok(())
    }

    /// Reads on.
    pub fn push(
        &mut self,
        #[wasm_bindgen(js_name = bytes, unchecked_param_type = "Uint8Array")] chunk: &JsValue,
    ) {
        if let (Some(reader), Some(chunk)) = (&mut self.reader, bytes_of(chunk)) {
            reader.push(&chunk.to_vec());
        }
    }

    /// What it used; `whole`: the answer came to its end. What it did not say is not there.
    #[wasm_bindgen(unchecked_return_type = "AnswerUsage")]
    pub fn finish(&mut self, whole: bool) -> Outcome {
        let usage = self.reader.take().map(|reader| reader.finish(whole));
        let usage = usage.unwrap_or_else(|| Usage {
            model: self.route.model.clone(),
            ..Usage::default()
        });
        let counts = [
            ("inputTokens", usage.input_tokens),
            ("outputTokens", usage.output_tokens),
            ("totalTokens", usage.total_tokens()),
            ("cachedTokens", usage.cached_tokens),
            ("cacheWriteTokens", usage.cache_write_tokens),
            ("reasoningTokens", usage.reasoning_tokens),
            ("images", usage.images),
            ("audioMs", usage.audio_ms),
            ("characters", usage.characters),
            ("webSearches", usage.web_searches),
            ("rerankSearches", usage.rerank_searches),
            ("costMicroUsd", usage.cost.map(|cost| cost.0)),
        ];
        let counts = counts.into_iter();
        let mut members: Vec<(&str, JsValue)> = counts
            .filter_map(|(name, count)| Some((name, JsValue::from_f64(count? as f64))))
            .collect();
        for (name, text) in [("model", usage.model), ("tier", usage.tier)] {
            members.extend(text.map(|text| (name, text.into())));
        }
        Ok(object(&members)?.into())
    }
}
