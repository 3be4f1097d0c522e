//! Rows as JSON.

use serde_json::{Map, Value, json};

use super::entry_of;
use crate::clock;
use crate::store::{Counts, Dimension, Part, UsageRow};

/// A row: what it is of, then its sums.
pub fn row(by: &[Dimension], row: &UsageRow) -> Value {
    let mut members = Map::new();
    for (dimension, part) in by.iter().zip(&row.key) {
        let value = match (dimension, part) {
            (_, Part::Day(day)) => json!(clock::date(*day)),
            (Dimension::Entry, Part::Text(credential)) => {
                let (id, kind) = entry_of(credential);
                members.insert("credential".into(), json!(kind));
                json!(id)
            }
            (_, Part::Text(text)) if text.is_empty() => Value::Null,
            (_, Part::Text(text)) => json!(text),
        };
        members.insert(dimension.as_str().into(), value);
    }
    if let Value::Object(sums) = counts(&row.counts) {
        members.extend(sums);
    }
    Value::Object(members)
}

/// Sums. What is unknown of a request is not in them; `unknownRequests` and `uncountedRequests` say
/// of how many.
pub fn counts(counts: &Counts) -> Value {
    json!({
        "requests": counts.requests,
        "failedRequests": counts.failed,
        "unknownRequests": counts.unpriced,
        "uncountedRequests": counts.uncounted,
        "inputTokens": counts.input_tokens,
        "cachedTokens": counts.cached_tokens,
        "cacheWriteTokens": counts.cache_write_tokens,
        "outputTokens": counts.output_tokens,
        "reasoningTokens": counts.reasoning_tokens,
        "totalTokens": counts.input_tokens.saturating_add(counts.output_tokens),
        "images": counts.images,
        "audioSeconds": counts.audio_ms as f64 / 1e3,
        "characters": counts.characters,
        "estimatedCostUsd": money(counts, counts.cost_micro_usd).map(|micro| micro as f64 / 1e6),
        "feeUsd": money(counts, counts.fee_micro_usd).map(|micro| micro as f64 / 1e6),
    })
}

/// The known sum; unknown where nothing of it is known.
pub fn money(counts: &Counts, sum: i64) -> Option<i64> {
    (counts.priced > 0 || counts.unpriced == 0).then_some(sum)
}
