//! Those who follow OpenAI, each in its own way.

use super::super::MicroUsd;
use super::{JSON, SSE, chat, read};

fn with_usage(usage: &str) -> String {
    format!(r#"{{"id":"x","object":"chat.completion","model":"m","choices":[],"usage":{usage}}}"#)
}

fn event(data: &str) -> String {
    format!("data: {data}\n\ndata: [DONE]\n\n")
}

/// console.groq.com/docs/api-reference: streams carry the counts in `x_groq` of the last chunk.
#[test]
fn groq_streams_count_apart() {
    let last = r#"{"model":"llama-3.3-70b","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"x_groq":{"id":"req_1","usage":{"queue_time":0.03,"prompt_tokens":18,"prompt_time":0.0004,"completion_tokens":556,"completion_time":0.46,"total_tokens":574,"total_time":0.46}}}"#;
    let usage = chat("groq", SSE, &event(last));
    assert_eq!(
        (usage.input_tokens, usage.output_tokens),
        (Some(18), Some(556))
    );
}

/// api-docs.deepseek.com/api/create-chat-completion: "prompt_tokens … equals prompt_cache_hit_tokens +
/// prompt_cache_miss_tokens".
#[test]
fn deepseek_tells_hits_of_its_cache() {
    let usage = chat(
        "deepseek",
        JSON,
        &with_usage(
            r#"{"completion_tokens":10,"prompt_tokens":16,"prompt_cache_hit_tokens":6,"prompt_cache_miss_tokens":10,"total_tokens":26,"completion_tokens_details":{"reasoning_tokens":4}}"#,
        ),
    );
    assert_eq!(
        (usage.input_tokens, usage.cached_tokens),
        (Some(16), Some(6))
    );
    assert_eq!(
        (usage.output_tokens, usage.reasoning_tokens),
        (Some(10), Some(4))
    );
}

/// docs.mistral.ai/api: the last chunk has a choice and the counts.
#[test]
fn mistral_streams_count_beside_the_last_choice() {
    let last = r#"{"model":"mistral-small-latest","choices":[{"index":0,"delta":{"content":""},"finish_reason":"stop"}],"usage":{"prompt_tokens":16,"total_tokens":50,"completion_tokens":34}}"#;
    let usage = chat("mistral", SSE, &event(last));
    assert_eq!(
        (usage.input_tokens, usage.output_tokens),
        (Some(16), Some(34))
    );
}

/// platform.moonshot.ai/docs/api/chat: streams carry the counts in the last choice.
#[test]
fn moonshot_streams_count_in_the_last_choice() {
    let last = r#"{"model":"kimi-k2","choices":[{"index":0,"delta":{},"finish_reason":"stop","usage":{"prompt_tokens":19,"completion_tokens":13,"total_tokens":32,"cached_tokens":5}}]}"#;
    let usage = chat("moonshot", SSE, &event(last));
    assert_eq!(
        (usage.input_tokens, usage.cached_tokens, usage.output_tokens),
        (Some(19), Some(5), Some(13))
    );
}

/// docs.x.ai/developers/cost-tracking: "1 USD = 10,000,000,000 ticks (10^10)"; 37756000 ticks are
/// $0.0038. Reasoning tokens stand beside the completion's, and in the total.
#[test]
fn xai_tells_its_cost_and_leaves_reasoning_out_of_the_completion() {
    let usage = chat(
        "xai",
        JSON,
        &with_usage(
            r#"{"prompt_tokens":32,"completion_tokens":9,"total_tokens":135,"prompt_tokens_details":{"cached_tokens":6},"completion_tokens_details":{"reasoning_tokens":94},"cost_in_usd_ticks":37756000}"#,
        ),
    );
    assert_eq!(
        (
            usage.input_tokens,
            usage.output_tokens,
            usage.reasoning_tokens
        ),
        (Some(32), Some(103), Some(94))
    );
    assert_eq!(usage.cost, Some(MicroUsd(3_776)));
    let within = chat(
        "xai",
        JSON,
        &with_usage(
            r#"{"prompt_tokens":163,"completion_tokens":241,"total_tokens":404,"completion_tokens_details":{"reasoning_tokens":204}}"#,
        ),
    );
    assert_eq!(within.output_tokens, Some(241), "here they are in it");
}

/// openrouter.ai/docs/use-cases/usage-accounting: `cost` is "the total amount charged to your
/// account"; under a key of one's own (BYOK) `upstream_inference_cost` is charged upstream.
#[test]
fn openrouter_tells_its_cost() {
    let usage = chat(
        "openrouter",
        JSON,
        &with_usage(
            r#"{"completion_tokens":2,"completion_tokens_details":{"reasoning_tokens":0},"cost":0.95,"cost_details":{"upstream_inference_cost":null},"prompt_tokens":194,"prompt_tokens_details":{"cached_tokens":0,"cache_write_tokens":100,"audio_tokens":0},"total_tokens":196}"#,
        ),
    );
    assert_eq!(usage.cost, Some(MicroUsd(950_000)));
    assert_eq!(
        (usage.cached_tokens, usage.cache_write_tokens),
        (Some(0), Some(100))
    );
    let own_key = chat(
        "openrouter",
        JSON,
        &with_usage(
            r#"{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2,"cost":0.0001,"is_byok":true,"cost_details":{"upstream_inference_cost":0.002}}"#,
        ),
    );
    assert_eq!(own_key.cost, Some(MicroUsd(2_100)));
    let hidden = chat(
        "openrouter",
        JSON,
        &with_usage(
            r#"{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2,"cost":0.0001,"is_byok":true}"#,
        ),
    );
    assert_eq!(hidden.cost, None, "what is charged upstream is not known");
    let free = chat(
        "openrouter",
        JSON,
        &with_usage(r#"{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2,"cost":0}"#),
    );
    assert_eq!(
        free.cost,
        Some(MicroUsd(0)),
        "a cost of nothing that was said is known"
    );
}

/// docs.perplexity.ai/api-reference/chat-completions-post: `usage.cost.total_cost`.
#[test]
fn perplexity_tells_its_cost_in_parts() {
    let usage = chat(
        "perplexity",
        JSON,
        &with_usage(
            r#"{"prompt_tokens":8,"completion_tokens":439,"total_tokens":447,"search_context_size":"low","num_search_queries":1,"cost":{"input_tokens_cost":2.4e-05,"output_tokens_cost":0.006585,"request_cost":0.006,"total_cost":0.012609}}"#,
        ),
    );
    assert_eq!(usage.cost, Some(MicroUsd(12_609)));
    assert_eq!(usage.web_searches, Some(1));
}

/// deepinfra.com/docs/openai_api: `usage.estimated_cost`.
#[test]
fn deepinfra_tells_its_cost() {
    let usage = chat(
        "deepinfra",
        JSON,
        &with_usage(
            r#"{"prompt_tokens":11,"completion_tokens":25,"total_tokens":36,"estimated_cost":0.00000188}"#,
        ),
    );
    assert_eq!(
        usage.cost,
        Some(MicroUsd(2)),
        "rounded up, never to nothing"
    );
}

/// docs.voyageai.com/reference/embeddings-api, jina.ai/embeddings: only a total.
#[test]
fn some_embeddings_say_only_a_total() {
    for provider in ["voyage", "jina"] {
        let body = r#"{"object":"list","data":[{"embedding":[0.1],"index":0}],"model":"voyage-3","usage":{"total_tokens":10}}"#;
        let usage = read(provider, "/v1/embeddings", JSON, body);
        assert_eq!((usage.input_tokens, usage.output_tokens), (Some(10), None));
    }
}

/// Some count in every chunk of a stream (vLLM: `continuous_usage_stats`): the last is the whole.
#[test]
fn counts_in_every_chunk_are_not_added_up() {
    let chunk = |output: u32| {
        format!(
            "data: {{\"model\":\"m\",\"choices\":[{{\"index\":0}}],\"usage\":{{\"prompt_tokens\":4,\"completion_tokens\":{output},\"total_tokens\":{}}}}}\n\n",
            4 + output
        )
    };
    let stream = format!("{}{}{}data: [DONE]\n\n", chunk(1), chunk(2), chunk(3));
    let usage = chat("siliconflow", SSE, &stream);
    assert_eq!(
        (usage.input_tokens, usage.output_tokens),
        (Some(4), Some(3))
    );
}

/// ai.google.dev/gemini-api/docs/openai: thoughts are in the total only.
#[test]
fn geminis_compatible_endpoint_counts_thoughts_in_its_total() {
    let body = with_usage(r#"{"prompt_tokens":10,"completion_tokens":20,"total_tokens":130}"#);
    let usage = read("gemini", "/v1beta/openai/chat/completions", JSON, &body);
    assert_eq!(
        (usage.input_tokens, usage.output_tokens),
        (Some(10), Some(120))
    );
    let usage = chat("openai", JSON, &body);
    assert_eq!(
        usage.output_tokens,
        Some(20),
        "elsewhere it is what it says"
    );
}

/// api-docs.deepseek.com/guides/anthropic_api and others like it.
#[test]
fn anthropics_shape_is_read_wherever_it_comes_from() {
    let body = r#"{"type":"message","model":"deepseek-chat","usage":{"input_tokens":5,"cache_read_input_tokens":20,"output_tokens":3}}"#;
    let usage = read("deepseek", "/anthropic/v1/messages", JSON, body);
    assert_eq!(
        (usage.input_tokens, usage.cached_tokens, usage.output_tokens),
        (Some(25), Some(20), Some(3))
    );
}
