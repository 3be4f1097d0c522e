use proptest::prelude::*;

use super::{ALNUM, HEX, LOWER, Random, WORD, keys, refused_keys};
use crate::catalogue::{Confidence, all, detect, find, mismatch};

#[test]
fn every_provider_has_a_synthetic_key_here() {
    for provider in all() {
        assert!(
            keys().iter().any(|(id, _)| *id == provider.id),
            "{}",
            provider.id
        );
    }
}

#[test]
fn every_key_of_a_known_shape_is_detected_or_named_as_possible() {
    let unknown = ["hume", "lmnt", "revai", "ai21", "recraft"];
    for (id, key) in keys().into_iter().filter(|(id, _)| !unknown.contains(id)) {
        let detection = detect(&key);
        let possible = detection.provider == Some(id) || detection.alternatives.contains(&id);
        assert!(possible, "{id}: {detection:?}");
        assert!(detection.warnings.is_empty(), "{id}: {detection:?}");
    }
}

#[test]
fn distinctive_keys_are_certain_and_have_no_alternatives() {
    let certain = [
        "openai",
        "anthropic",
        "gemini",
        "openrouter",
        "groq",
        "xai",
        "fireworks",
        "perplexity",
        "replicate",
        "runway",
        "cartesia",
        "tavily",
        "brave",
        "huggingface",
        "cerebras",
        "nvidia",
        "voyage",
        "jina",
        "demo",
    ];
    for (id, key) in keys().into_iter().filter(|(id, _)| certain.contains(id)) {
        let detection = detect(&key);
        assert_eq!(detection.provider, Some(id));
        assert_eq!(detection.confidence, Confidence::Certain, "{id}");
        assert!(detection.alternatives.is_empty(), "{id}");
    }
}

/// Where several providers have such keys, none is chosen: a wrong guess would send the key to
/// somebody it does not belong to.
#[test]
fn no_provider_is_chosen_where_shapes_collide() {
    let mut random = Random(7);
    for (key, possible) in [
        (
            format!("sk-{}a", random.text(ALNUM, 47)),
            &["openai", "stability", "moonshot"][..],
        ),
        (
            format!("sk-{}", random.text(LOWER, 48)),
            &["siliconflow", "openai", "stability", "moonshot"],
        ),
        (
            format!("sk-{}", random.text(HEX, 32)),
            &["deepseek", "dashscope"],
        ),
        (
            format!("{}Z", random.text(ALNUM, 31)),
            &["mistral", "assemblyai", "deepinfra"],
        ),
        (
            random.text(HEX, 32),
            &[
                "elevenlabs",
                "azure_openai",
                "mistral",
                "assemblyai",
                "deepinfra",
            ],
        ),
        (
            random.text(HEX, 40),
            &["deepgram", "serper", "cohere", "upstage"],
        ),
        (random.uuid(), &["exa", "sambanova", "bfl", "gladia"]),
        (
            format!("eyJ{}", random.text(WORD, 300)),
            &["minimax", "nebius"],
        ),
    ] {
        let detection = detect(&key);
        assert_eq!(detection.provider, None, "{key}");
        assert_eq!(detection.confidence, Confidence::None, "{key}");
        assert_eq!(detection.alternatives, possible, "{key}");
    }
}

#[test]
fn the_mark_inside_tells_an_old_openai_key_from_the_others() {
    let mut random = Random(8);
    let key = format!(
        "sk-{}T3BlbkFJ{}",
        random.text(ALNUM, 20),
        random.text(ALNUM, 20)
    );
    let detection = detect(&key);
    assert_eq!(detection.provider, Some("openai"));
    assert_eq!(detection.confidence, Confidence::Certain);
}

#[test]
fn a_bare_shape_is_likely_at_most() {
    let mut random = Random(9);
    for (key, id, others) in [
        (
            format!("{}Z", random.text(ALNUM, 39)),
            "cohere",
            &["upstage"][..],
        ),
        (
            format!("{}.{}", random.text(HEX, 32), random.text(ALNUM, 16)),
            "zai",
            &[],
        ),
        (
            format!("{}:{}", random.uuid(), random.text(HEX, 32)),
            "fal",
            &["pika"],
        ),
        (random.text(HEX, 64), "together", &[]),
        (format!("{}Z", random.text(ALNUM, 83)), "azure_openai", &[]),
        (format!("luma-{}", random.uuid()), "luma", &[]),
        (format!("sk-{}", "a_-".repeat(16)), "moonshot", &[]),
    ] {
        let detection = detect(&key);
        assert_eq!(detection.provider, Some(id), "{key}");
        assert_eq!(detection.confidence, Confidence::Likely, "{key}");
        assert_eq!(detection.alternatives, others, "{key}");
    }
}

#[test]
fn credentials_of_another_kind_are_detected_with_a_message() {
    for (id, code, key) in refused_keys() {
        let detection = detect(&key);
        assert_eq!(detection.provider, Some(id));
        assert_eq!(detection.warnings.len(), 1);
        assert_eq!(detection.warnings[0].code, code);
        assert!(detection.warnings[0].message.len() > 40);
        assert_eq!(mismatch(id, &key), Some(detection.warnings[0]));
    }
}

#[test]
fn a_key_that_was_cut_off_is_detected_with_a_warning() {
    for (id, key) in [
        ("openai", "sk-proj-"),
        ("anthropic", "sk-ant-api03-"),
        ("openrouter", "sk-or-v1-"),
        ("groq", "gsk_"),
        ("perplexity", "pplx-"),
    ] {
        let detection = detect(&format!("{key}{}", "aB3".repeat(8)));
        assert_eq!(detection.provider, Some(id));
        assert_eq!(detection.warnings[0].code, "shape_unusual", "{id}");
    }
}

#[test]
fn a_masked_key_is_called_so() {
    for key in ["sk-proj-************f3Qa", "sk-...f3Qa"] {
        assert_eq!(detect(key).warnings[0].code, "masked");
    }
}

#[test]
fn a_key_of_unknown_shape_is_nobodys_and_nothing_is_refused() {
    for key in [
        "",
        "x",
        "hunter2",
        "sk-",
        "sk-proj-",
        "~!@#$%^&*",
        &"k".repeat(5000),
    ] {
        let detection = detect(key);
        assert_eq!(detection.provider, None, "{key}");
        assert_eq!(detection.confidence, Confidence::None, "{key}");
        assert!(detection.alternatives.is_empty(), "{key}");
    }
}

#[test]
fn detection_looks_past_what_is_copied_along() {
    let key = format!("gsk_{}", "aB3x".repeat(13));
    for pasted in [
        format!("export GROQ_API_KEY=\"{key}\"\n"),
        format!("Bearer {key}"),
    ] {
        assert_eq!(detect(&pasted).provider, Some("groq"));
    }
}

#[test]
fn a_key_of_the_chosen_provider_raises_no_warning_and_another_one_does() {
    for (id, key) in keys() {
        assert_eq!(mismatch(id, &key), None, "{id}");
    }
    assert_eq!(
        mismatch("groq", "hunter2").map(|w| w.code),
        Some("shape_unusual")
    );
    assert_eq!(
        mismatch("hume", "hunter2"),
        None,
        "nothing is known of its keys"
    );
    assert_eq!(
        mismatch("luma", "hunter2"),
        None,
        "what is known is only remembered"
    );
    assert_eq!(mismatch("nobody", "hunter2"), None);
}

proptest! {
    #[test]
    fn detection_takes_anything_and_names_only_known_providers(text in any::<String>()) {
        let detection = detect(&text);
        for id in detection.provider.iter().chain(&detection.alternatives) {
            prop_assert!(find(id).is_some());
        }
        prop_assert_eq!(detection.provider.is_some(), detection.confidence != Confidence::None);
    }

    #[test]
    fn detection_never_names_one_provider_twice(text in "(sk-|sk_|eyJ|)[a-f0-9]{32,64}") {
        let detection = detect(&text);
        let mut ids: Vec<_> = detection.provider.iter().chain(&detection.alternatives).collect();
        let count = ids.len();
        ids.sort();
        ids.dedup();
        prop_assert_eq!(ids.len(), count);
    }
}
