//! What a request cost: as the provider says, else by the list prices of `genai-prices`. Unknown
//! stays unknown; it is never 0.

use std::sync::Once;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use genai_prices::{Calculator, PriceRequest, Usage as Units, UsageKey};
use keyseal::usage::{Kind, MicroUsd, Usage};
use tokio::sync::OnceCell;

use crate::clock::Micros;

/// Where list prices come from: they are as old as this release.
pub const SOURCE: &str = "genai-prices 0.2.1";

/// The companion's own mock.
pub const FREE: &str = "demo";

/// The price list's name for a provider of the catalogue. Without one there is no price.
const NAMES: [(&str, &str); 21] = [
    ("anthropic", "anthropic"),
    ("azure_openai", "azure"),
    ("baseten", "baseten"),
    ("cerebras", "cerebras"),
    ("cohere", "cohere"),
    ("deepseek", "deepseek"),
    ("elevenlabs", "elevenlabs"),
    ("fireworks", "fireworks"),
    ("gemini", "google"),
    ("groq", "groq"),
    ("minimax", "minimax"),
    ("mistral", "mistral"),
    ("moonshot", "moonshotai"),
    ("novita", "novita"),
    ("openai", "openai"),
    ("openrouter", "openrouter"),
    ("perplexity", "perplexity"),
    ("together", "together"),
    ("voyage", "voyageai"),
    ("xai", "x-ai"),
    ("zai", "zai"),
];

/// Decodes the price list beside the first request that needs it: it takes a moment, and some 20 MB
/// that an idle server does not have.
pub fn prepare() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        tokio::task::spawn_blocking(Calculator::bundled);
    });
}

/// Waits until the price list is decoded: for who needs a price before a request is sent.
pub async fn ready() {
    static DECODED: OnceCell<()> = OnceCell::const_new();
    let decode = || async {
        // Who asks for a price decodes the list too, where no thread could be had for it.
        let _ = tokio::task::spawn_blocking(Calculator::bundled).await;
    };
    DECODED.get_or_init(decode).await;
}

/// The list's own name for a model of the provider, if it knows it.
pub fn known_as(provider: &str, model: &str) -> Option<String> {
    let (_, name) = NAMES.iter().find(|(id, _)| *id == provider)?;
    let units = Units::from([
        (UsageKey::INPUT_TOKENS, 1.0),
        (UsageKey::OUTPUT_TOKENS, 1.0),
    ]);
    let request = PriceRequest::new(model, &units).with_provider_id(name);
    let price = Calculator::bundled().calculate(&request).ok()?;
    Some(price.model_id)
}

/// What one answer cost. `model` as the answer names it, else as it was asked for.
pub fn cost(
    provider: &str,
    model: Option<&str>,
    kind: Kind,
    usage: &Usage,
    at: Micros,
) -> Option<MicroUsd> {
    if usage.cost.is_some() {
        return usage.cost;
    }
    // Also where an answer broke off before it said so.
    if provider == FREE {
        return Some(MicroUsd(0));
    }
    let (_, name) = NAMES.iter().find(|(id, _)| *id == provider)?;
    let units = units(kind, usage)?;
    let price = |units: &Units| {
        let since = Duration::from_micros(u64::try_from(at).ok()?);
        let when: SystemTime = UNIX_EPOCH.checked_add(since)?;
        let mut request = PriceRequest::new(model?, units)
            .with_provider_id(name)
            .with_timestamp(when);
        if let Some(tier) = &usage.tier {
            request = request.with_price_context("service_tier", tier);
        }
        let price = Calculator::bundled().calculate(&request).ok()?;
        price.warnings.is_empty().then_some(price.total_price)
    };
    let total = price(&units)?;
    // A model without a price for a unit takes that unit for free: what is not in the sum is unknown.
    for key in [UsageKey::WEB_SEARCHES, UsageKey::RERANK_SEARCHES] {
        if units.get(&key).is_some_and(|count| count > 0.0) {
            let mut without = units.clone();
            without.remove(&key);
            if price(&without)? >= total {
                return None;
            }
        }
    }
    to_micro(total)
}

/// The one place where an amount of money comes out of a floating-point number: the price list
/// computes in them, with an error far below a billionth of a dollar.
fn to_micro(dollars: f64) -> Option<MicroUsd> {
    // A price of nothing means, as a rule, that the list has none for these units.
    let nano = (dollars * 1e9).round();
    if !(1.0..1e18).contains(&nano) {
        return None;
    }
    MicroUsd::from_nano(nano as u128)
}

/// The units that are billed; `None` if one of those that must be known is not.
fn units(kind: Kind, usage: &Usage) -> Option<Units> {
    let mut units = Units::new();
    let mut add = |key: UsageKey, count: Option<u64>| {
        if let Some(count) = count {
            units.insert(key, count as f64);
        }
    };
    match kind {
        Kind::Chat | Kind::Gemini | Kind::Image => {
            usage.total_tokens()?;
        }
        Kind::Embeddings => {
            usage.input_tokens?;
        }
        Kind::Rerank => {
            usage.rerank_searches.or(usage.input_tokens)?;
        }
        Kind::Transcription if usage.total_tokens().is_none() => {
            // Prices are by the second, and lengths in milliseconds.
            let seconds = usage.audio_ms? as f64 / 1_000.0;
            return Some(Units::from([
                (UsageKey::AUDIO_SECONDS, seconds),
                (UsageKey::INPUT_AUDIO_SECONDS, seconds),
            ]));
        }
        Kind::Transcription => {}
        Kind::Speech | Kind::Other | Kind::Free => return None,
    }
    add(UsageKey::INPUT_TOKENS, usage.input_tokens);
    add(UsageKey::OUTPUT_TOKENS, usage.output_tokens);
    add(UsageKey::CACHE_READ_TOKENS, some(usage.cached_tokens));
    add(UsageKey::CACHE_WRITE_TOKENS, some(usage.cache_write_tokens));
    add(
        UsageKey::CACHE_WRITE_1H_TOKENS,
        some(usage.cache_write_1h_tokens),
    );
    add(UsageKey::INPUT_AUDIO_TOKENS, some(usage.input_audio_tokens));
    add(UsageKey::INPUT_IMAGE_TOKENS, some(usage.input_image_tokens));
    add(
        UsageKey::OUTPUT_AUDIO_TOKENS,
        some(usage.output_audio_tokens),
    );
    add(
        UsageKey::OUTPUT_IMAGE_TOKENS,
        some(usage.output_image_tokens),
    );
    add(UsageKey::WEB_SEARCHES, some(usage.web_searches));
    add(UsageKey::RERANK_SEARCHES, some(usage.rerank_searches));
    Some(units)
}

fn some(count: Option<u64>) -> Option<u64> {
    count.filter(|count| *count > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-01
    const AT: Micros = 1_793_491_200_000_000;

    fn tokens(input: u64, output: u64) -> Usage {
        Usage {
            input_tokens: Some(input),
            output_tokens: Some(output),
            ..Usage::default()
        }
    }

    fn chat(provider: &str, model: &str, usage: &Usage) -> Option<u64> {
        cost(provider, Some(model), Kind::Chat, usage, AT).map(|cost| cost.0)
    }

    /// openai.com/api/pricing: gpt-4o, $2.50 and $10.00 for a million tokens, cached input $1.25.
    /// anthropic.com/pricing: Claude Sonnet 4.5, $3 and $15; cache writes $3.75 and for an hour $6,
    /// reads $0.30; web searches $10 for a thousand. Text embeddings 3 small: $0.02.
    #[test]
    fn list_prices_are_those_that_the_providers_publish() {
        assert_eq!(chat("openai", "gpt-4o", &tokens(1_000, 100)), Some(3_500));
        let cached = Usage {
            cached_tokens: Some(800),
            ..tokens(1_000, 100)
        };
        assert_eq!(chat("openai", "gpt-4o", &cached), Some(2_500));
        let claude = "claude-sonnet-4-5";
        assert_eq!(chat("anthropic", claude, &tokens(1_000, 100)), Some(4_500));
        let written = Usage {
            cached_tokens: Some(100),
            cache_write_tokens: Some(200),
            cache_write_1h_tokens: Some(100),
            ..tokens(1_000, 100)
        };
        let expected = 700 * 3 + 30 + 375 + 600 + 1_500;
        assert_eq!(chat("anthropic", claude, &written), Some(expected));
        let embeddings = Usage {
            input_tokens: Some(1_000_000),
            ..Usage::default()
        };
        let small = Some("text-embedding-3-small");
        let price = cost("openai", small, Kind::Embeddings, &embeddings, AT);
        assert_eq!(price, Some(MicroUsd(20_000)));
        let searched = Usage {
            web_searches: Some(2),
            ..tokens(1_000, 100)
        };
        let price = chat("anthropic", claude, &searched);
        assert!(
            price.is_none_or(|price| price == 4_500 + 20_000),
            "{price:?}"
        );
    }

    #[test]
    fn small_costs_are_rounded_up_and_never_to_nothing() {
        assert_eq!(chat("openai", "gpt-4o-mini", &tokens(1, 0)), Some(1));
        assert_eq!(chat("openai", "gpt-4o", &tokens(1, 0)), Some(3));
    }

    #[test]
    fn what_the_provider_says_counts() {
        let said = Usage {
            cost: Some(MicroUsd(7)),
            ..tokens(1_000, 100)
        };
        assert_eq!(chat("openai", "gpt-4o", &said), Some(7));
        assert_eq!(chat("demo", "demo", &said), Some(7));
        let free = Usage {
            cost: Some(MicroUsd(0)),
            ..tokens(1, 1)
        };
        assert_eq!(chat("openrouter", "x/y:free", &free), Some(0));
        let broken_off = Usage::default();
        assert_eq!(chat("demo", "demo", &broken_off), Some(0));
    }

    #[test]
    fn what_is_not_known_has_no_price() {
        let all = tokens(1_000, 100);
        for (provider, model, usage) in [
            ("openai", "no-such-model", all.clone()),
            ("sambanova", "gpt-4o", all.clone()),
            ("openai", "gpt-4o", Usage::default()),
            (
                "openai",
                "gpt-4o",
                Usage {
                    output_tokens: None,
                    ..all.clone()
                },
            ),
            (
                "openai",
                "gpt-4o",
                Usage {
                    input_tokens: None,
                    ..all.clone()
                },
            ),
            (
                "openai",
                "gpt-4o",
                Usage {
                    rerank_searches: Some(1),
                    ..all.clone()
                },
            ),
        ] {
            assert_eq!(
                chat(provider, model, &usage),
                None,
                "{provider} {model} {usage:?}"
            );
        }
        assert_eq!(cost("openai", None, Kind::Chat, &all, AT), None);
        for kind in [Kind::Other, Kind::Speech, Kind::Free] {
            assert_eq!(cost("openai", Some("gpt-4o"), kind, &all, AT), None);
        }
        let images = Usage {
            images: Some(1),
            ..Usage::default()
        };
        assert_eq!(
            cost("openai", Some("dall-e-3"), Kind::Image, &images, AT),
            None
        );
    }

    #[test]
    fn the_source_that_is_told_is_the_one_that_is_used() {
        let (name, version) = SOURCE.split_once(' ').unwrap();
        let locked = format!("name = \"{name}\"\nversion = \"{version}\"");
        assert!(include_str!("../../../Cargo.lock").contains(&locked));
    }

    #[test]
    fn every_name_is_one_of_the_list_and_of_the_catalogue() {
        let list: Vec<_> = Calculator::bundled()
            .providers()
            .map(|it| it.id())
            .collect();
        for (ours, theirs) in NAMES {
            assert!(keyseal::catalogue::find(ours).is_some(), "{ours}");
            assert!(list.contains(&theirs), "{theirs}");
        }
    }
}
