//! Tokens, units and reported costs, read out of providers' answers as they pass.
//!
//! Pure and bounded: bytes come in as they arrive, split anywhere; of them only the few members that
//! count are kept. What an answer does not say is unknown, which is not 0. Money is whole millionths
//! of a dollar, never a floating-point number.
//!
//! ```
//! use keyseal::usage::{Reader, Route};
//!
//! let route = Route::of("openai", "POST", "/v1/chat/completions");
//! let mut reader = Reader::new(route, Some("application/json"), None);
//! reader.push(br#"{"model":"gpt-5","usage":{"prompt_tokens":7,"#);
//! reader.push(br#""completion_tokens":2,"total_tokens":9}}"#);
//! let usage = reader.finish(true);
//! assert_eq!((usage.input_tokens, usage.output_tokens), (Some(7), Some(2)));
//! assert_eq!(usage.cached_tokens, None);
//! ```

mod ask;
mod count;
mod counts;
mod event_stream;
mod gemini;
mod hide;
mod money;
mod reader;
mod route;
mod scan;
mod wanted;

pub use ask::{Ask, Request};
pub use hide::{Hider, Shown, end_of_event};
pub use money::MicroUsd;
pub use reader::Reader;
pub use route::{Kind, Route};

/// What one answer said it used. `None`: it did not say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Usage {
    /// The model that answered.
    pub model: Option<String>,
    /// The tier that the provider says it served (`flex`, `priority`): prices differ by it.
    pub tier: Option<String>,
    /// All tokens that went in, those out of a cache and into one included.
    pub input_tokens: Option<u64>,
    /// Of those, read out of a cache.
    pub cached_tokens: Option<u64>,
    /// Of those, written into a cache.
    pub cache_write_tokens: Option<u64>,
    /// Of the written ones, those to be kept for an hour.
    pub cache_write_1h_tokens: Option<u64>,
    /// Of the input, audio.
    pub input_audio_tokens: Option<u64>,
    /// Of the input, images.
    pub input_image_tokens: Option<u64>,
    /// All tokens that came out, reasoning included.
    pub output_tokens: Option<u64>,
    /// Of those, reasoning.
    pub reasoning_tokens: Option<u64>,
    /// Of the output, audio.
    pub output_audio_tokens: Option<u64>,
    /// Of the output, images.
    pub output_image_tokens: Option<u64>,
    /// Images made.
    pub images: Option<u64>,
    /// Audio, in milliseconds.
    pub audio_ms: Option<u64>,
    /// Characters.
    pub characters: Option<u64>,
    /// Searches of the web made for the answer.
    pub web_searches: Option<u64>,
    /// Searches that a reranking is billed as.
    pub rerank_searches: Option<u64>,
    /// What the provider says it charged.
    pub cost: Option<MicroUsd>,
}

impl Usage {
    /// All tokens, in and out; unknown if either is.
    #[must_use]
    pub fn total_tokens(&self) -> Option<u64> {
        self.input_tokens?.checked_add(self.output_tokens?)
    }
}

#[cfg(test)]
mod tests;
