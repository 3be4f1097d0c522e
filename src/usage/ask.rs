//! Asking for counts where a provider streams none unless it is asked.

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::reader::name;

/// OpenAI-compatible chat streams that count only if asked. Others count unasked, or are not known to
/// take `stream_options`: they might refuse it.
///
/// That these take it stands in other people's code or in the vendors' pages: openai, azure_openai,
/// baseten, dashscope and deepseek in github.com/vercel/ai at ed857f5 (packages/*/src), anthropic in
/// docs.anthropic.com/en/api/openai-sdk, deepinfra in github.com/RooCodeInc/Roo-Code at 1113ffc
/// (src/api/providers/deepinfra.ts), gemini in github.com/pipecat-ai/pipecat at 6b168d6
/// (src/pipecat/services/google/openai/llm.py, by openai/base_llm.py), huggingface in
/// github.com/maruel/genai at 66b63e6 (providers/huggingface/dto.go), minimax in
/// platform.minimax.io/docs/api-reference/text-chat-openai, nebius in github.com/cline/cline at 2315e49
/// (src/core/api/providers/nebius.ts), novita in
/// novita.ai/docs/api-reference/model-apis-llm-create-chat-completion, nvidia in
/// reference.langchain.com (`ChatNVIDIA.stream_options`), sambanova there too (`ChatSambaNovaCloud`).
const COUNT_IF_ASKED: [&str; 15] = [
    "anthropic",
    "azure_openai",
    "baseten",
    "dashscope",
    "deepinfra",
    "deepseek",
    "demo",
    "gemini",
    "huggingface",
    "minimax",
    "nebius",
    "novita",
    "nvidia",
    "openai",
    "sambanova",
];

/// What a JSON body asks for.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// The model, where the body names it.
    pub model: Option<String>,
    /// Whether the answer is to be streamed.
    pub streams: bool,
    /// Whether the provider is to keep the answer in the account that asks (`"store": true`).
    pub stores: bool,
    /// The most tokens that the model may answer with, over all the answers that are asked for.
    pub most_output: Option<u64>,
    /// What becomes of the body.
    pub ask: Ask,
}

/// What becomes of a body so that its answer is counted.
#[derive(Debug, Default, PartialEq, Eq)]
pub enum Ask {
    /// Nothing: the answer is counted as it is, or the caller asked.
    #[default]
    Nothing,
    /// This one is sent instead; the last chunk is to be hidden from the caller. Byte for byte the
    /// same, but for one member.
    Instead(Vec<u8>),
}

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow, default)]
    model: Option<&'a RawValue>,
    #[serde(borrow, default)]
    stream: Option<&'a RawValue>,
    #[serde(borrow, default)]
    store: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "written")]
    stream_options: Option<&'a RawValue>,
    #[serde(borrow, default)]
    max_tokens: Option<&'a RawValue>,
    #[serde(borrow, default)]
    max_completion_tokens: Option<&'a RawValue>,
    #[serde(borrow, default)]
    max_output_tokens: Option<&'a RawValue>,
    #[serde(borrow, default)]
    n: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "generationConfig")]
    generation: Option<&'a RawValue>,
}

/// Gemini's own form.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Generation<'a> {
    #[serde(borrow, default)]
    max_output_tokens: Option<&'a RawValue>,
    #[serde(borrow, default)]
    candidate_count: Option<&'a RawValue>,
}

impl Body<'_> {
    fn most_output(&self) -> Option<u64> {
        let generation = self.generation.map(RawValue::get);
        let generation = generation.and_then(|text| serde_json::from_str(text).ok());
        let generation: Generation<'_> = generation.unwrap_or_default();
        let number = |member: Option<&RawValue>| member.and_then(|it| it.get().parse().ok());
        let limits = [
            self.max_tokens,
            self.max_completion_tokens,
            self.max_output_tokens,
            generation.max_output_tokens,
        ];
        let most: u64 = limits.into_iter().filter_map(number).max()?;
        let times = number(self.n).or_else(|| number(generation.candidate_count));
        Some(most.saturating_mul(times.unwrap_or(1).max(1)))
    }
}

#[derive(Deserialize)]
struct Options<'a> {
    #[serde(borrow, default, deserialize_with = "written")]
    include_usage: Option<&'a RawValue>,
}

/// A member as it is written, `null` too.
fn written<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    Deserialize::deserialize(deserializer).map(Some)
}

impl Request {
    /// Reads the body of a POST to this provider and path (a query may follow). What is no JSON
    /// object asks for nothing that is known here, and is left alone.
    #[must_use]
    pub fn read(provider: &str, path_and_query: &str, body: &[u8]) -> Self {
        let Some(asked) = parse(body) else {
            return Self::default();
        };
        let model = asked.model.and_then(|model| {
            let text: String = serde_json::from_str(model.get()).ok()?;
            name(&text)
        });
        let is_true = |member: Option<&RawValue>| member.is_some_and(|it| it.get() == "true");
        let streams = is_true(asked.stream);
        let ask = if streams && counts_if_asked(provider, path_and_query) {
            with_usage(body, asked.stream_options).map_or(Ask::Nothing, Ask::Instead)
        } else {
            Ask::Nothing
        };
        Self {
            model,
            streams,
            stores: is_true(asked.store),
            most_output: asked.most_output(),
            ask,
        }
    }
}

fn parse(body: &[u8]) -> Option<Body<'_>> {
    // serde would also take the members' values as an array, in their order.
    if body.trim_ascii_start().first() != Some(&b'{') {
        return None;
    }
    serde_json::from_slice(body).ok()
}

fn counts_if_asked(provider: &str, path_and_query: &str) -> bool {
    let (path, query) = path_and_query
        .split_once('?')
        .unwrap_or((path_and_query, ""));
    let completions = path.ends_with("/completions");
    completions
        && COUNT_IF_ASKED.contains(&provider)
        && (provider != "azure_openai" || azure_takes_it(path, query))
}

/// Azure refuses the member in versions before 2024-09-01-preview
/// (github.com/Azure/azure-rest-api-specs/issues/30810).
fn azure_takes_it(path: &str, query: &str) -> bool {
    let version = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("api-version="));
    match version {
        Some("preview" | "latest") => true,
        Some(version) => version.get(..10).is_some_and(|date| date >= "2024-09-01"),
        None => path.starts_with("/openai/v1/"),
    }
}

/// The body with `include_usage`; `None` where it stands already, or where there is no good place.
fn with_usage(body: &[u8], options: Option<&RawValue>) -> Option<Vec<u8>> {
    const WHOLE: &str = r#"{"include_usage":true}"#;
    let Some(options) = options else {
        let open = body.iter().position(|byte| *byte == b'{')? + 1;
        let member = format!(r#""stream_options":{WHOLE},"#);
        return Some(replaced(body, open..open, &member));
    };
    let place = place_of(body, options.get())?;
    if options.get() == "null" {
        return Some(replaced(body, place, WHOLE));
    }
    if !options.get().starts_with('{') {
        return None;
    }
    let inner: Options<'_> = serde_json::from_str(options.get()).ok()?;
    match inner.include_usage.map(RawValue::get) {
        Some("true") => None,
        Some(other) => Some(replaced(body, place_of(body, other)?, "true")),
        None => {
            let open = place.start + 1;
            let empty = options.get()[1..].trim_start().starts_with('}');
            let member = format!(r#""include_usage":true{}"#, if empty { "" } else { "," });
            Some(replaced(body, open..open, &member))
        }
    }
}

/// Where a part of the body stands in it.
fn place_of(body: &[u8], part: &str) -> Option<std::ops::Range<usize>> {
    let start = (part.as_ptr() as usize).checked_sub(body.as_ptr() as usize)?;
    let place = start..start + part.len();
    (body.get(place.clone())? == part.as_bytes()).then_some(place)
}

fn replaced(body: &[u8], place: std::ops::Range<usize>, by: &str) -> Vec<u8> {
    [&body[..place.start], by.as_bytes(), &body[place.end..]].concat()
}
