//! One row a provider: how surely each shape of its keys is taken for one of its own, and on whose
//! domain the link to make one leads. A provider without a row fails the test.

use super::keys;
use crate::catalogue::{Confidence, all, detect};

/// `certain`: nobody else has such keys. `likely`: chosen, others may be named. `shared`: others have
/// the same shape, so none is chosen and this one is named. `unknown`: nothing is known of its keys.
const ROWS: &[(&str, &str, &str)] = &[
    ("openai", "certain certain certain", "openai.com"),
    ("anthropic", "certain", "claude.com"),
    ("gemini", "certain certain", "google.com"),
    ("openrouter", "certain", "openrouter.ai"),
    ("groq", "certain", "groq.com"),
    ("deepseek", "shared", "deepseek.com"),
    ("mistral", "shared", "mistral.ai"),
    ("xai", "certain", "x.ai"),
    ("together", "certain likely", "together.ai"),
    ("fireworks", "certain", "fireworks.ai"),
    ("perplexity", "certain", "perplexity.ai"),
    ("cohere", "likely", "cohere.com"),
    ("replicate", "certain", "replicate.com"),
    ("stability", "shared", "stability.ai"),
    ("fal", "likely", "fal.ai"),
    ("runway", "certain", "runwayml.com"),
    ("luma", "likely", "lumalabs.ai"),
    // Served by fal, with fal's keys: that one is chosen, this one named.
    ("pika", "shared", "fal.ai"),
    ("elevenlabs", "certain shared", "elevenlabs.io"),
    ("cartesia", "certain", "cartesia.ai"),
    ("deepgram", "shared", "deepgram.com"),
    ("assemblyai", "shared", "assemblyai.com"),
    ("tavily", "certain certain", "tavily.com"),
    ("serper", "shared", "serper.dev"),
    ("brave", "certain", "brave.com"),
    ("exa", "shared", "exa.ai"),
    ("huggingface", "certain", "huggingface.co"),
    ("azure_openai", "shared likely", "azure.com"),
    ("cerebras", "certain", "cerebras.ai"),
    ("sambanova", "shared", "sambanova.ai"),
    ("nvidia", "certain", "nvidia.com"),
    ("voyage", "certain certain", "voyageai.com"),
    ("jina", "certain", "jina.ai"),
    ("moonshot", "shared", "moonshot.ai"),
    ("zai", "likely", "z.ai"),
    ("dashscope", "shared", "alibabacloud.com"),
    ("minimax", "certain shared", "minimax.io"),
    ("deepinfra", "shared", "deepinfra.com"),
    ("siliconflow", "shared", "siliconflow.com"),
    ("novita", "likely", "novita.ai"),
    ("nebius", "shared", "nebius.com"),
    ("baseten", "likely", "baseten.co"),
    ("upstage", "certain likely", "upstage.ai"),
    ("bfl", "shared", "bfl.ai"),
    ("hume", "unknown", "hume.ai"),
    ("lmnt", "unknown", "lmnt.com"),
    ("revai", "unknown", "rev.ai"),
    ("gladia", "shared", "gladia.io"),
    ("ai21", "unknown", "ai21.com"),
    ("recraft", "unknown", "recraft.ai"),
    ("segmind", "likely", "segmind.com"),
];

#[test]
fn every_provider_has_a_row() {
    let known: Vec<&str> = all().iter().map(|provider| provider.id).collect();
    let rows: Vec<&str> = ROWS.iter().map(|(id, ..)| *id).collect();
    assert_eq!(rows.len(), 51);
    for id in known.iter().filter(|id| **id != "demo") {
        assert!(rows.contains(id), "{id} has no row");
    }
    for id in rows {
        assert!(known.contains(&id), "{id} is in no catalogue");
    }
}

#[test]
fn each_shape_of_each_provider_is_taken_for_its_own_as_surely_as_it_can_be() {
    for (id, shapes, _) in ROWS {
        let own: Vec<&str> = keys()
            .into_iter()
            .filter(|(of, _)| of == id)
            .map(|(_, key)| {
                let found = detect(&key);
                let named = found.alternatives.contains(id);
                match (found.provider, found.confidence) {
                    (Some(chosen), Confidence::Certain) if chosen == *id => {
                        assert!(found.alternatives.is_empty(), "{id}: {found:?}");
                        "certain"
                    }
                    (Some(chosen), Confidence::Likely) if chosen == *id => "likely",
                    _ if named => "shared",
                    (None, Confidence::None) => "unknown",
                    _ => panic!("{id} is taken for another: {found:?}"),
                }
            })
            .collect();
        assert_eq!(own.join(" "), *shapes, "{id}");
    }
}

#[test]
fn each_link_to_make_a_key_leads_to_the_providers_own_domain() {
    for (id, _, domain) in ROWS {
        let provider = crate::catalogue::find(id).expect("it has a row");
        let rest = provider.dashboard.strip_prefix("https://").expect("https");
        let host = rest.split('/').next().unwrap_or_default();
        let own = host == *domain || host.ends_with(&format!(".{domain}"));
        assert!(own, "{id}: {host} is not of {domain}");
    }
}
