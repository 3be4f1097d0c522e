use proptest::prelude::*;

use super::{Random, WORD, keys, refused_keys};
use crate::catalogue::{find, looks_like_key};

/// Providers whose keys nothing else looks like.
const DISTINCTIVE: [&str; 23] = [
    "openai",
    "anthropic",
    "gemini",
    "openrouter",
    "groq",
    "deepseek",
    "xai",
    "fireworks",
    "perplexity",
    "replicate",
    "stability",
    "runway",
    "cartesia",
    "tavily",
    "brave",
    "huggingface",
    "cerebras",
    "nvidia",
    "voyage",
    "jina",
    "moonshot",
    "dashscope",
    "demo",
];

#[test]
fn the_keys_of_every_distinctive_provider_are_recognised() {
    for (id, key) in keys()
        .into_iter()
        .filter(|(id, _)| DISTINCTIVE.contains(id))
    {
        let seen = looks_like_key(&key);
        let shared = ["stability", "moonshot", "dashscope", "siliconflow"].contains(&id);
        assert!(
            seen == Some(id) || (shared && seen.is_some()),
            "{id}: {seen:?}"
        );
        for around in [
            format!(" {key}\n"),
            format!("\"{key}\""),
            format!("Bearer {key}"),
        ] {
            assert!(looks_like_key(&around).is_some(), "{id}: {around:?}");
        }
    }
}

#[test]
fn one_prefix_of_several_is_recognised_too() {
    for id in ["together", "elevenlabs", "minimax", "upstage"] {
        let mut of_it = keys().into_iter().filter(|(other, _)| *other == id);
        assert!(
            of_it.any(|(_, key)| looks_like_key(&key) == Some(id)),
            "{id}"
        );
    }
}

#[test]
fn credentials_that_are_no_keys_for_calls_are_recognised_too() {
    for (id, _, key) in refused_keys() {
        assert_eq!(looks_like_key(&key), Some(id));
    }
}

#[test]
fn keys_of_unusual_length_are_recognised() {
    for (id, key) in [
        ("openai", "sk-proj-"),
        ("anthropic", "sk-ant-api03-"),
        ("openrouter", "sk-or-v1-"),
        ("groq", "gsk_"),
        ("perplexity", "pplx-"),
    ] {
        assert_eq!(
            looks_like_key(&format!("{key}{}", "aB3".repeat(8))),
            Some(id)
        );
    }
}

#[test]
fn jwts_bare_hex_and_uuids_are_no_plain_keys() {
    let mut random = Random(4);
    let uuid = random.uuid();
    let hex = random.text(super::HEX, 64);
    let jwt = format!(
        "eyJ{}.eyJ{}.{}",
        random.text(WORD, 40),
        random.text(WORD, 200),
        "x".repeat(43)
    );
    for value in [
        &*uuid,
        &hex,
        &hex[..40],
        &hex[..32],
        &jwt,
        &format!("{uuid}:{}", &hex[..32]),
        &format!("{}.{}", &hex[..32], &hex[..16]),
    ] {
        assert_eq!(looks_like_key(value), None, "{value}");
    }
}

#[test]
fn what_people_write_is_no_plain_key() {
    for label in [
        "",
        "prod",
        "sk-",
        "sk-proj",
        "my sk-proj- key",
        "OpenAI key of the team (2026)",
        "openai-production-key-2026",
        "sk-proj-…f3Qa",
        "sk-ant-a…77Bc",
        "AIza…9xQ1",
        "demo",
        "demo-key",
        "demo-account",
        "demo-account-for-testing",
        "demo-production-2026",
        "key_of_the_marketing_team",
        "key_1",
        "luma-production-account-2026",
        "tvly-dev-account-of-the-research-team-2026",
        "tvly-production-key-2026-team",
        "sk_car_rental-website-production-2026",
        "hf_token_of_the_research_team_in_paris",
        "xai-key-of-the-research-team",
        "pa-ris",
        "al-ice",
        "gsk_",
        "r8_model",
        "up_to_date",
        "BSA account",
        "BSA-Verwaltung Hauptkonto 2026",
        "fw_production_key_of_the_team",
        "nvapi-key",
        "jina_embeddings_production",
        "csk-production",
        "pplx-production-key-2026",
        "https://example.com/sk-proj-",
        "2026-11-21T08:00:00.000Z",
        "synced",
        "openai",
        "none",
        "gpt-4.1-mini",
        "my.openai.azure.com",
        "018f4e2a-7b1c-7def-8a90-123456789abc",
    ] {
        assert_eq!(looks_like_key(label), None, "{label:?}");
    }
}

#[test]
fn none_of_a_hundred_thousand_random_base64url_strings_is_a_plain_key() {
    let mut random = Random(5);
    for _ in 0..100_000 {
        let length = 16 + random.below(685);
        let value = random.text(WORD, length);
        assert_eq!(looks_like_key(&value), None, "{value}");
    }
}

/// The lengths of what the protocol itself holds: ids, nonces, tags, hashes, keys.
#[test]
fn no_hash_nonce_or_tag_is_a_plain_key() {
    let mut random = Random(6);
    for length in [16, 22, 43, 64, 86, 342, 512, 683] {
        for _ in 0..100_000 / 8 {
            let value = random.text(WORD, length);
            assert_eq!(looks_like_key(&value), None, "{value}");
        }
    }
}

proptest! {
    #[test]
    fn any_text_is_taken(text in any::<String>()) {
        let seen = looks_like_key(&text);
        prop_assert!(seen.is_none_or(|id| find(id).is_some()));
    }

    #[test]
    fn text_around_a_prefix_is_taken(
        before in "(sk-proj-|sk-ant-|sk_|AQ\\.|demo-|key_|tvly-|T3BlbkFJ){0,3}",
        text in "[A-Za-z0-9_.\\-]{0,300}(T3BlbkFJ){0,40}[A-Za-z0-9_-]{0,300}.?",
    ) {
        let value = format!("{before}{text}");
        prop_assert!(looks_like_key(&value).is_none_or(|id| find(id).is_some()));
    }
}

#[test]
fn a_long_hostile_value_takes_no_long_time() {
    let value = format!("sk-proj-{}!", "T3BlbkFJ".repeat(100_000));
    assert_eq!(looks_like_key(&value), None);
    let value = format!("sk-proj-{}!", "T3BlbkFJ".repeat(500));
    assert_eq!(looks_like_key(&value), None);
}
