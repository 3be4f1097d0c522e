//! The `usage` member, in every shape that providers write it. They share names, so one reading
//! serves OpenAI, Anthropic, Cohere and those who follow them.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::Usage;
use super::count::{Count, milliseconds};
use super::money::MicroUsd;

/// What was said so far. A later word of the same stream replaces an earlier one: all of them count
/// from the beginning.
#[derive(Default)]
pub(super) struct Counts {
    pub input: Option<u64>,
    pub output: Option<u64>,
    pub total: Option<u64>,
    pub cached: Option<u64>,
    pub cache_write: Option<u64>,
    pub cache_write_1h: Option<u64>,
    pub input_audio: Option<u64>,
    pub input_image: Option<u64>,
    pub reasoning: Option<u64>,
    pub output_audio: Option<u64>,
    pub output_image: Option<u64>,
    pub audio_ms: Option<u64>,
    pub images: Option<u64>,
    pub web_searches: Option<u64>,
    pub rerank_searches: Option<u64>,
    pub cost: Option<MicroUsd>,
    /// `input` leaves out what was read from a cache and written into one (Anthropic).
    pub input_without_cache: bool,
    /// `output` leaves out reasoning, whose tokens `total` has (xAI, and Gemini's OpenAI-compatible
    /// endpoint).
    pub output_by_total: bool,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Wire<'a> {
    prompt_tokens: Option<Count>,
    completion_tokens: Option<Count>,
    total_tokens: Count,
    input_tokens: Option<Count>,
    output_tokens: Option<Count>,
    #[serde(alias = "input_tokens_details", alias = "input_token_details")]
    prompt_tokens_details: Option<Details>,
    #[serde(alias = "output_tokens_details", alias = "output_token_details")]
    completion_tokens_details: Option<Details>,
    // Anthropic
    cache_read_input_tokens: Option<Count>,
    cache_creation_input_tokens: Option<Count>,
    cache_creation: Option<CacheCreation>,
    server_tool_use: Option<ServerTools>,
    // DeepSeek; Moonshot
    #[serde(alias = "cached_tokens")]
    prompt_cache_hit_tokens: Count,
    // Cohere
    billed_units: Option<Billed>,
    // OpenAI's transcriptions
    #[serde(borrow)]
    seconds: Option<&'a RawValue>,
    // Perplexity
    num_search_queries: Count,
    // OpenRouter and Perplexity; DeepInfra; xAI
    #[serde(borrow)]
    cost: Option<&'a RawValue>,
    #[serde(borrow)]
    estimated_cost: Option<&'a RawValue>,
    #[serde(borrow)]
    cost_in_usd_ticks: Option<&'a RawValue>,
    is_byok: bool,
    cost_details: Option<CostDetails<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Details {
    cached_tokens: Count,
    cache_write_tokens: Count,
    audio_tokens: Count,
    image_tokens: Count,
    reasoning_tokens: Count,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct CacheCreation {
    ephemeral_1h_input_tokens: Count,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ServerTools {
    web_search_requests: Count,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Billed {
    input_tokens: Count,
    output_tokens: Count,
    search_units: Count,
    images: Count,
}

#[derive(Deserialize)]
struct CostDetails<'a> {
    #[serde(borrow, default)]
    upstream_inference_cost: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct CostParts<'a> {
    #[serde(borrow)]
    total_cost: &'a RawValue,
}

impl Counts {
    /// Reads a `usage` member (of Cohere also `meta`). `None`: it is none, and says nothing.
    pub fn read(json: &[u8]) -> Option<Self> {
        // serde would also take the members' values as an array, in their order.
        if json.first() != Some(&b'{') {
            return None;
        }
        let wire = serde_json::from_slice(json).ok()?;
        Some(Self::of(&wire))
    }

    fn of(wire: &Wire<'_>) -> Self {
        let known = |count: &Option<Count>| count.and_then(|count| count.0);
        let none = Details::default();
        let input = wire.prompt_tokens_details.as_ref().unwrap_or(&none);
        let output = wire.completion_tokens_details.as_ref().unwrap_or(&none);
        let billed = wire.billed_units.as_ref();
        let cache_read = known(&wire.cache_read_input_tokens);
        let cache_creation = known(&wire.cache_creation_input_tokens);
        let mut counts = Self {
            input: known(&wire.prompt_tokens)
                .or(known(&wire.input_tokens))
                .or(billed.and_then(|billed| billed.input_tokens.0)),
            output: known(&wire.completion_tokens)
                .or(known(&wire.output_tokens))
                .or(billed.and_then(|billed| billed.output_tokens.0)),
            total: wire.total_tokens.0,
            cached: input
                .cached_tokens
                .0
                .or(cache_read)
                .or(wire.prompt_cache_hit_tokens.0),
            cache_write: input.cache_write_tokens.0.or(cache_creation),
            cache_write_1h: wire
                .cache_creation
                .as_ref()
                .and_then(|cache| cache.ephemeral_1h_input_tokens.0),
            input_audio: input.audio_tokens.0,
            input_image: input.image_tokens.0,
            reasoning: output.reasoning_tokens.0,
            output_audio: output.audio_tokens.0,
            output_image: output.image_tokens.0,
            audio_ms: wire.seconds.and_then(|it| milliseconds(it.get())),
            images: billed.and_then(|billed| billed.images.0),
            web_searches: wire
                .server_tool_use
                .as_ref()
                .and_then(|tools| tools.web_search_requests.0)
                .or(wire.num_search_queries.0),
            rerank_searches: billed.and_then(|billed| billed.search_units.0),
            cost: cost(wire),
            input_without_cache: wire.prompt_tokens.is_none()
                && (cache_read.is_some() || cache_creation.is_some()),
            output_by_total: false,
        };
        counts.output_by_total = counts.leaves_reasoning_out();
        counts
    }

    /// Whether the total has exactly the reasoning tokens more than input and output together.
    fn leaves_reasoning_out(&self) -> bool {
        let beyond = || {
            let said = self.input?.checked_add(self.output?)?;
            self.total?.checked_sub(said)
        };
        self.reasoning.is_some_and(|reasoning| reasoning > 0) && beyond() == self.reasoning
    }

    /// Takes over what a later word says.
    pub fn replace_by(&mut self, later: Self) {
        macro_rules! replace {
            ($($name:ident),*) => { $( self.$name = later.$name.or(self.$name); )* };
        }
        replace!(
            input,
            output,
            total,
            cached,
            cache_write,
            cache_write_1h,
            input_audio,
            input_image,
            reasoning,
            output_audio,
            output_image,
            audio_ms,
            images,
            web_searches,
            rerank_searches,
            cost
        );
        self.input_without_cache |= later.input_without_cache;
        self.output_by_total |= later.output_by_total;
    }

    /// Forgets what only the end of a stream could say.
    pub fn forget_end(&mut self) {
        self.output = None;
        self.total = None;
        self.reasoning = None;
        self.output_audio = None;
        self.output_image = None;
        self.cost = None;
    }

    /// In one meaning for all providers; parts that are larger than their whole are no counts.
    pub fn into_usage(self) -> Usage {
        let cache = |count: Option<u64>| {
            if self.input_without_cache {
                count
            } else {
                None
            }
        };
        let input = self.input.and_then(|input| {
            let read = cache(self.cached).unwrap_or(0);
            input
                .checked_add(read)?
                .checked_add(cache(self.cache_write).unwrap_or(0))
        });
        let output = if self.output_by_total {
            input.and_then(|input| self.total?.checked_sub(input))
        } else {
            self.output
        };
        // Embeddings say only how many tokens there were.
        let only_total = self.input.is_none() && output.is_none();
        let input = input.or(self.total.filter(|_| only_total));
        let part_of =
            |part: Option<u64>, whole: Option<u64>| part.filter(|part| whole >= Some(*part));
        Usage {
            model: None,
            tier: None,
            input_tokens: input,
            cached_tokens: part_of(self.cached, input),
            cache_write_tokens: part_of(self.cache_write, input),
            cache_write_1h_tokens: part_of(self.cache_write_1h, self.cache_write),
            input_audio_tokens: part_of(self.input_audio, input),
            input_image_tokens: part_of(self.input_image, input),
            output_tokens: output,
            reasoning_tokens: part_of(self.reasoning, output),
            output_audio_tokens: part_of(self.output_audio, output),
            output_image_tokens: part_of(self.output_image, output),
            images: self.images,
            audio_ms: self.audio_ms,
            characters: None,
            web_searches: self.web_searches,
            rerank_searches: self.rerank_searches,
            cost: self.cost,
        }
    }
}

/// What the provider says it charged.
fn cost(wire: &Wire<'_>) -> Option<MicroUsd> {
    if let Some(ticks) = wire.cost_in_usd_ticks {
        return MicroUsd::scaled(ticks.get(), -10);
    }
    let Some(cost) = wire.cost else {
        return MicroUsd::from_dollars(wire.estimated_cost?.get());
    };
    if let Ok(parts) = serde_json::from_str::<CostParts<'_>>(cost.get()) {
        return MicroUsd::from_dollars(parts.total_cost.get());
    }
    let charged = MicroUsd::from_dollars(cost.get())?;
    if !wire.is_byok {
        return Some(charged);
    }
    // Under a key of the user's own at OpenRouter the upstream provider charges apart.
    let details = wire.cost_details.as_ref()?;
    let upstream = MicroUsd::from_dollars(details.upstream_inference_cost?.get())?;
    charged.0.checked_add(upstream.0).map(MicroUsd)
}
