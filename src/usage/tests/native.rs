//! OpenAI, Anthropic, Gemini, Cohere.

use super::super::{MicroUsd, Reader, Route, Usage};
use super::{JSON, SSE, chat, model, read, read_to};

/// platform.openai.com/docs/api-reference/chat/object, .../chat/streaming
#[test]
fn openai_chat_counts_cached_and_reasoning_tokens_within_their_wholes() {
    let body = r#"{"id":"chatcmpl-B9","object":"chat.completion","created":1741569952,
        "model":"gpt-5-2025-08-07","choices":[{"index":0,"message":{"role":"assistant",
        "content":"a \"usage\": {\"prompt_tokens\": 999} in a text"},"finish_reason":"stop"}],
        "usage":{"prompt_tokens":2006,"completion_tokens":300,"total_tokens":2306,
        "prompt_tokens_details":{"cached_tokens":1920,"audio_tokens":0},
        "completion_tokens_details":{"reasoning_tokens":192,"audio_tokens":0,
        "accepted_prediction_tokens":0,"rejected_prediction_tokens":0}},
        "service_tier":"flex"}"#;
    let expected = Usage {
        model: model("gpt-5-2025-08-07"),
        tier: model("flex"),
        input_tokens: Some(2006),
        cached_tokens: Some(1920),
        input_audio_tokens: Some(0),
        output_tokens: Some(300),
        reasoning_tokens: Some(192),
        output_audio_tokens: Some(0),
        ..Usage::default()
    };
    assert_eq!(chat("openai", JSON, body), expected);
    assert_eq!(expected.total_tokens(), Some(2306));
}

/// The counts come in a chunk of their own before `[DONE]`; the others carry a null.
#[test]
fn openai_chat_streams_count_in_their_last_chunk() {
    let stream = concat!(
        "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"model\":\"gpt-4o-mini\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"}}],\"usage\":null}\n\n",
        "data: {\"id\":\"c\",\"model\":\"gpt-4o-mini\",\"choices\":[],\"usage\":{\"prompt_tokens\":19,\"completion_tokens\":10,\"total_tokens\":29}}\n\n",
        "data: [DONE]\n\n"
    );
    let usage = chat("openai", SSE, stream);
    assert_eq!(
        (usage.input_tokens, usage.output_tokens),
        (Some(19), Some(10))
    );
    assert_eq!(usage.model, model("gpt-4o-mini"));
    let unasked = stream.replace(
        "{\"prompt_tokens\":19,\"completion_tokens\":10,\"total_tokens\":29}",
        "null",
    );
    let usage = chat("openai", SSE, &unasked);
    assert_eq!((usage.input_tokens, usage.output_tokens), (None, None));
}

/// platform.openai.com/docs/api-reference/responses-streaming: counts stand in `response.completed`,
/// which holds the whole answer.
#[test]
fn openai_responses_count_whole_and_streamed() {
    let usage = r#"{"input_tokens":36,"input_tokens_details":{"cached_tokens":8},"output_tokens":87,"output_tokens_details":{"reasoning_tokens":64},"total_tokens":123}"#;
    let answer = format!(
        r#"{{"id":"resp_1","object":"response","status":"completed","model":"gpt-5","output":[{{"type":"message","content":[{{"type":"output_text","text":"{}"}}]}}],"service_tier":"default","usage":{usage}}}"#,
        "x".repeat(50_000)
    );
    let stream = format!(
        "event: response.created\ndata: {{\"type\":\"response.created\",\"response\":{{\"model\":\"gpt-5\",\"usage\":null}}}}\n\nevent: response.completed\ndata: {{\"type\":\"response.completed\",\"response\":{answer}}}\n\n"
    );
    let expected = Usage {
        model: model("gpt-5"),
        tier: model("default"),
        input_tokens: Some(36),
        cached_tokens: Some(8),
        output_tokens: Some(87),
        reasoning_tokens: Some(64),
        ..Usage::default()
    };
    assert_eq!(read("openai", "/v1/responses", JSON, &answer), expected);
    assert_eq!(read("openai", "/v1/responses", SSE, &stream), expected);
}

/// platform.openai.com/docs/api-reference/embeddings
#[test]
fn embeddings_count_what_went_in_behind_any_amount_of_vectors() {
    let vector = "0.0023064255,-0.009327292,".repeat(20_000);
    let body = format!(
        r#"{{"object":"list","data":[{{"object":"embedding","embedding":[{vector}0.1],"index":0}}],"model":"text-embedding-3-small","usage":{{"prompt_tokens":8,"total_tokens":8}}}}"#
    );
    let usage = read("openai", "/v1/embeddings", JSON, &body);
    assert_eq!((usage.input_tokens, usage.output_tokens), (Some(8), None));
    assert_eq!(usage.images, None, "`data` holds vectors here");
}

/// platform.openai.com/docs/api-reference/images/create and .../images-streaming
#[test]
fn images_are_counted_with_the_tokens_they_took() {
    let picture = "A".repeat(300_000);
    let body = format!(
        r#"{{"created":1713833628,"data":[{{"b64_json":"{picture}"}},{{"b64_json":"{picture}"}}],"usage":{{"total_tokens":100,"input_tokens":50,"output_tokens":50,"input_tokens_details":{{"text_tokens":10,"image_tokens":40}}}}}}"#
    );
    let usage = read("openai", "/v1/images/edits", JSON, &body);
    assert_eq!(usage.images, Some(2));
    assert_eq!(usage.input_image_tokens, Some(40));
    assert_eq!(
        (usage.input_tokens, usage.output_tokens),
        (Some(50), Some(50))
    );
    let without = read(
        "openai",
        "/v1/images/generations",
        JSON,
        r#"{"data":[{"url":"https://x"}]}"#,
    );
    assert_eq!((without.images, without.input_tokens), (Some(1), None));
    let stream = "event: image_generation.partial_image\ndata: {\"type\":\"image_generation.partial_image\",\"b64_json\":\"AA\"}\n\nevent: image_generation.completed\ndata: {\"type\":\"image_generation.completed\",\"usage\":{\"input_tokens\":50,\"output_tokens\":60,\"total_tokens\":110}}\n\n";
    let usage = read("openai", "/v1/images/generations", SSE, stream);
    assert_eq!((usage.images, usage.output_tokens), (Some(1), Some(60)));
}

/// platform.openai.com/docs/api-reference/audio: by tokens, by duration, and the length that
/// `verbose_json` tells.
#[test]
fn transcriptions_count_tokens_or_seconds() {
    let path = "/v1/audio/transcriptions";
    let tokens = r#"{"text":"x","usage":{"type":"tokens","input_tokens":14,"input_token_details":{"text_tokens":10,"audio_tokens":4},"output_tokens":101,"total_tokens":115}}"#;
    let usage = read("openai", path, JSON, tokens);
    assert_eq!(
        (
            usage.input_tokens,
            usage.input_audio_tokens,
            usage.output_tokens
        ),
        (Some(14), Some(4), Some(101))
    );
    let seconds = r#"{"text":"x","usage":{"type":"duration","seconds":9}}"#;
    assert_eq!(read("openai", path, JSON, seconds).audio_ms, Some(9_000));
    let verbose =
        r#"{"task":"transcribe","language":"english","duration":8.470000267028809,"text":"x"}"#;
    assert_eq!(read("groq", path, JSON, verbose).audio_ms, Some(8_471));
    let done = "event: transcript.text.done\ndata: {\"type\":\"transcript.text.done\",\"text\":\"x\",\"usage\":{\"type\":\"tokens\",\"input_tokens\":14,\"output_tokens\":31,\"total_tokens\":45}}\n\n";
    assert_eq!(read("openai", path, SSE, done).output_tokens, Some(31));
}

/// docs.anthropic.com/en/api/messages: "Total input tokens in a request is the summation of
/// input_tokens, cache_creation_input_tokens, and cache_read_input_tokens."
#[test]
fn anthropics_input_is_the_sum_of_its_three_parts() {
    let body = r#"{"id":"msg_1","type":"message","role":"assistant","model":"claude-sonnet-4-5","content":[{"type":"text","text":"Hi"}],"usage":{"input_tokens":21,"cache_creation_input_tokens":188086,"cache_read_input_tokens":100,"cache_creation":{"ephemeral_5m_input_tokens":188000,"ephemeral_1h_input_tokens":86},"output_tokens":393,"server_tool_use":{"web_search_requests":2},"service_tier":"standard"}}"#;
    let usage = read("anthropic", "/v1/messages", JSON, body);
    let expected = Usage {
        model: model("claude-sonnet-4-5"),
        input_tokens: Some(21 + 188_086 + 100),
        cached_tokens: Some(100),
        cache_write_tokens: Some(188_086),
        cache_write_1h_tokens: Some(86),
        output_tokens: Some(393),
        web_searches: Some(2),
        ..Usage::default()
    };
    assert_eq!(usage, expected);
}

const CLAUDE: &str = concat!(
    "event: message_start\n",
    "data: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"content\":[],\"model\":\"claude-opus-4-1\",\"usage\":{\"input_tokens\":25,\"cache_read_input_tokens\":10,\"cache_creation_input_tokens\":0,\"output_tokens\":1}}}\n\n",
    "event: ping\ndata: {\"type\": \"ping\"}\n\n",
    "event: content_block_delta\n",
    "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"Hello\"}}\n\n",
    "event: message_delta\n",
    "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":15}}\n\n",
    "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"
);

/// docs.anthropic.com/en/docs/build-with-claude/streaming: "The token counts shown in the usage field
/// of the message_delta event are cumulative."
#[test]
fn anthropics_streams_say_input_first_and_output_last() {
    let usage = read("anthropic", "/v1/messages", SSE, CLAUDE);
    assert_eq!(usage.model, model("claude-opus-4-1"));
    assert_eq!(
        (usage.input_tokens, usage.cached_tokens),
        (Some(35), Some(10))
    );
    assert_eq!(usage.output_tokens, Some(15));
    let later = CLAUDE.replace(
        "{\"output_tokens\":15}",
        "{\"input_tokens\":472,\"cache_read_input_tokens\":10,\"output_tokens\":15}",
    );
    let usage = read("anthropic", "/v1/messages", SSE, &later);
    assert_eq!(
        usage.input_tokens,
        Some(482),
        "what tools brought in is counted at the end"
    );
}

#[test]
fn a_stream_of_anthropic_that_breaks_off_knows_its_input_only() {
    let at = CLAUDE.find("event: message_delta").expect("is there");
    for whole in [true, false] {
        let usage = read_to("anthropic", "/v1/messages", SSE, &CLAUDE[..at], whole);
        assert_eq!((usage.input_tokens, usage.output_tokens), (Some(35), None));
    }
}

/// ai.google.dev/api/generate-content#UsageMetadata: the prompt's count includes the cached part;
/// thoughts and what tools brought in are counted apart, and in the total.
#[test]
fn geminis_thoughts_are_output_and_its_tools_input() {
    let body = r#"{"candidates":[{"content":{"parts":[{"text":"x"}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":100,"cachedContentTokenCount":40,"candidatesTokenCount":20,"thoughtsTokenCount":300,"toolUsePromptTokenCount":7,"totalTokenCount":427,"promptTokensDetails":[{"modality":"TEXT","tokenCount":60},{"modality":"AUDIO","tokenCount":40}],"candidatesTokensDetails":[{"modality":"TEXT","tokenCount":20}]},"modelVersion":"gemini-2.5-pro"}"#;
    let usage = read(
        "gemini",
        "/v1beta/models/gemini-2.5-pro:generateContent",
        JSON,
        body,
    );
    let expected = Usage {
        model: model("gemini-2.5-pro"),
        input_tokens: Some(107),
        cached_tokens: Some(40),
        input_audio_tokens: Some(40),
        output_tokens: Some(320),
        reasoning_tokens: Some(300),
        ..Usage::default()
    };
    assert_eq!(usage, expected);
}

fn gemini_pieces() -> [String; 3] {
    let piece = |output: u32, end: &str| {
        format!(
            r#"{{"candidates":[{{"content":{{"parts":[{{"text":"x"}}],"role":"model"}},"index":0{end}}}],"usageMetadata":{{"promptTokenCount":10,"candidatesTokenCount":{output},"totalTokenCount":{}}},"modelVersion":"gemini-2.5-flash"}}"#,
            10 + output
        )
    };
    [
        piece(3, ""),
        piece(9, ""),
        piece(14, r#","finishReason":"STOP""#),
    ]
}

/// ai.google.dev/api/generate-content#method:-models.streamgeneratecontent: an array of answers, or
/// events with `alt=sse`; each counts from the beginning.
#[test]
fn geminis_streams_count_in_both_forms() {
    let path = "/v1beta/models/gemini-2.5-flash:streamGenerateContent";
    let pieces = gemini_pieces();
    let array = format!("[{}\n]", pieces.join("\n,\r\n"));
    let events: String = pieces
        .iter()
        .map(|piece| format!("data: {piece}\r\n\r\n"))
        .collect();
    for usage in [
        read("gemini", path, JSON, &array),
        read("gemini", path, SSE, &events),
    ] {
        assert_eq!(
            (usage.input_tokens, usage.output_tokens),
            (Some(10), Some(14))
        );
        assert_eq!(usage.model, model("gemini-2.5-flash"));
    }
}

#[test]
fn a_stream_of_gemini_that_breaks_off_does_not_take_a_part_for_the_whole() {
    let path = "/v1beta/models/gemini-2.5-flash:streamGenerateContent";
    let pieces = gemini_pieces();
    let array = format!("[{},{}", pieces[0], pieces[1]);
    let events = format!("data: {}\n\ndata: {}\n\n", pieces[0], pieces[1]);
    for whole in [true, false] {
        for usage in [
            read_to("gemini", path, JSON, &array, whole),
            read_to("gemini", path, SSE, &events, whole),
        ] {
            assert_eq!((usage.input_tokens, usage.output_tokens), (Some(10), None));
        }
    }
}

/// A prompt that was refused: ai.google.dev/api/generate-content#PromptFeedback
#[test]
fn a_refused_prompt_of_gemini_has_no_output() {
    let body = "data: {\"promptFeedback\":{\"blockReason\":\"SAFETY\"},\"usageMetadata\":{\"promptTokenCount\":10,\"totalTokenCount\":10}}\n\n";
    let usage = read(
        "gemini",
        "/v1beta/models/gemini-2.5-flash:streamGenerateContent",
        SSE,
        body,
    );
    assert_eq!(
        (usage.input_tokens, usage.output_tokens),
        (Some(10), Some(0))
    );
}

/// docs.cohere.com/reference/chat, /reference/chat-stream, /reference/embed, /reference/rerank:
/// `billed_units`, whose numbers may be written with a fraction.
#[test]
fn cohere_counts_what_it_bills() {
    let v2 = r#"{"id":"c","finish_reason":"COMPLETE","message":{"role":"assistant","content":[{"type":"text","text":"x"}]},"usage":{"billed_units":{"input_tokens":5.0,"output_tokens":418},"tokens":{"input_tokens":71,"output_tokens":418}}}"#;
    let usage = read("cohere", "/v2/chat", JSON, v2);
    assert_eq!(
        (usage.input_tokens, usage.output_tokens),
        (Some(5), Some(418))
    );
    let end = "event: message-end\ndata: {\"type\":\"message-end\",\"delta\":{\"finish_reason\":\"COMPLETE\",\"usage\":{\"billed_units\":{\"input_tokens\":7,\"output_tokens\":11},\"tokens\":{\"input_tokens\":70,\"output_tokens\":11}}}}\n\n";
    let usage = read("cohere", "/v2/chat", SSE, end);
    assert_eq!(
        (usage.input_tokens, usage.output_tokens),
        (Some(7), Some(11))
    );
    let v1 = "{\"is_finished\":false,\"event_type\":\"text-generation\",\"text\":\"x\"}\n{\"is_finished\":true,\"event_type\":\"stream-end\",\"response\":{\"meta\":{\"billed_units\":{\"input_tokens\":6,\"output_tokens\":8}}}}\n";
    let usage = read("cohere", "/v1/chat", "application/stream+json", v1);
    assert_eq!(
        (usage.input_tokens, usage.output_tokens),
        (Some(6), Some(8))
    );
    let embed = r#"{"embeddings":{"float":[[0.1,0.2]]},"meta":{"api_version":{"version":"2"},"billed_units":{"input_tokens":2}}}"#;
    assert_eq!(
        read("cohere", "/v2/embed", JSON, embed).input_tokens,
        Some(2)
    );
    let rerank = r#"{"results":[{"index":3,"relevance_score":0.9}],"meta":{"billed_units":{"search_units":1}}}"#;
    assert_eq!(
        read("cohere", "/v2/rerank", JSON, rerank).rerank_searches,
        Some(1)
    );
}

/// docs.exa.ai/reference/search: `costDollars.total`; developers.deepgram.com: `metadata.duration`.
#[test]
fn searches_and_listeners_say_what_they_bill() {
    let exa = r#"{"results":[],"costDollars":{"total":0.005,"search":{"neural":0.005}}}"#;
    assert_eq!(
        read("exa", "/search", JSON, exa).cost,
        Some(MicroUsd(5_000))
    );
    let deepgram =
        r#"{"metadata":{"request_id":"r","duration":25.933313,"channels":1},"results":{}}"#;
    assert_eq!(
        read("deepgram", "/v1/listen", JSON, deepgram).audio_ms,
        Some(25_934)
    );
}

/// elevenlabs.io/docs/eleven-api/quickstart, "Tracking generation costs": the body is sound alone.
#[test]
fn speech_says_its_characters_in_front_of_the_sound() {
    let of = |path: &str, header: Option<&str>| {
        let route = Route::of("elevenlabs", "POST", path);
        let mut reader = Reader::new(route, Some("audio/mpeg"), None).with_characters(header);
        reader.push(b"ID3");
        reader.finish(true).characters
    };
    let speech = "/v1/text-to-speech/21m00/stream";
    assert_eq!(of(speech, Some("11")), Some(11));
    for odd in [None, Some(""), Some("-1"), Some("1.5"), Some("many")] {
        assert_eq!(of(speech, odd), None, "{odd:?}");
    }
    assert_eq!(of("/v1/speech-to-text", Some("11")), None);
}
