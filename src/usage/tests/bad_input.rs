//! What is wrong, cut or endless is unknown, in bounded memory; never a wrong number.

use super::super::{Reader, Route, Usage};
use super::{JSON, SSE, chat, read, read_to};

const GOOD: &str =
    r#"{"model":"m","usage":{"prompt_tokens":7,"completion_tokens":2,"total_tokens":9}}"#;

#[test]
fn an_answer_that_is_cut_anywhere_is_unknown() {
    assert_eq!(chat("openai", JSON, GOOD).input_tokens, Some(7));
    for end in 0..GOOD.len() {
        for whole in [true, false] {
            let usage = read_to("openai", "/v1/chat/completions", JSON, &GOOD[..end], whole);
            assert_eq!(usage, Usage::default(), "{end}");
        }
    }
}

#[test]
fn what_is_no_json_or_has_more_behind_it_is_unknown() {
    for body in [
        "",
        "<html>usage</html>",
        "{}{}",
        "[}",
        "{]",
        "{\"usage\":{\"prompt_tokens\":7}]",
        "{\"usage\"{\"prompt_tokens\":7}}",
        "{\"a\":1 \"usage\":{\"prompt_tokens\":7}}",
        "{,\"usage\":{\"prompt_tokens\":7}}",
        "nonsense",
        "\u{0}",
    ] {
        assert_eq!(chat("openai", JSON, body), Usage::default(), "{body:?}");
    }
    let behind = format!("{GOOD}x");
    assert_eq!(chat("openai", JSON, &behind), Usage::default());
}

#[test]
fn what_is_no_count_is_unknown_and_the_rest_still_counts() {
    for odd in [
        "-1",
        "1.5",
        "1e300",
        "\"7\"",
        "null",
        "true",
        "[]",
        "{}",
        "99999999999999999999",
    ] {
        let body = format!(r#"{{"usage":{{"prompt_tokens":{odd},"completion_tokens":2}}}}"#);
        let usage = chat("openai", JSON, &body);
        assert_eq!(
            (usage.input_tokens, usage.output_tokens),
            (None, Some(2)),
            "{odd}"
        );
    }
    for odd in [
        "7",
        "\"x\"",
        "[1]",
        "true",
        "{\"prompt_tokens\":1,\"prompt_tokens\":2}",
    ] {
        let body = format!(r#"{{"usage":{odd}}}"#);
        assert_eq!(chat("openai", JSON, &body), Usage::default(), "{odd}");
    }
}

#[test]
fn a_part_that_is_larger_than_its_whole_is_unknown() {
    let body = r#"{"usage":{"prompt_tokens":7,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":8},"completion_tokens_details":{"reasoning_tokens":3}}}"#;
    let usage = chat("openai", JSON, body);
    assert_eq!((usage.input_tokens, usage.cached_tokens), (Some(7), None));
    assert_eq!(
        (usage.output_tokens, usage.reasoning_tokens),
        (Some(2), None)
    );
}

#[test]
fn a_wrong_content_type_or_an_encoding_is_unknown() {
    let route = || Route::of("openai", "POST", "/v1/chat/completions");
    for (content_type, encoding) in [
        (Some("text/html"), None),
        (Some("text/event-stream"), None),
        (None, None),
        (Some("application/json"), Some("gzip")),
        (Some("application/json"), Some("br")),
    ] {
        let mut reader = Reader::new(route(), content_type, encoding);
        reader.push(GOOD.as_bytes());
        assert_eq!(
            reader.finish(true),
            Usage::default(),
            "{content_type:?} {encoding:?}"
        );
    }
    let stream = format!("data: {GOOD}\n\n");
    assert_eq!(chat("openai", JSON, &stream), Usage::default());
}

/// A gzip bomb is never inflated: its bytes are looked at only if they say they are not encoded, and
/// then they are no JSON.
#[test]
fn compressed_bytes_are_never_inflated() {
    let bomb = [0x1F, 0x8B, 0x08, 0, 0, 0, 0, 0].repeat(10_000);
    for (content_type, encoding) in [(JSON, Some("gzip")), (JSON, None), (SSE, None)] {
        let route = Route::of("openai", "POST", "/v1/chat/completions");
        let mut reader = Reader::new(route, Some(content_type), encoding);
        reader.push(&bomb);
        assert_eq!(reader.finish(true), Usage::default());
    }
}

#[test]
fn a_stream_without_its_end_does_not_say_what_came_out() {
    let chunk = format!("data: {GOOD}\n\n");
    let usage = read_to("openai", "/v1/chat/completions", SSE, &chunk, false);
    assert_eq!((usage.input_tokens, usage.output_tokens), (Some(7), None));
    let done = format!("{chunk}data: [DONE]\n\n");
    let usage = read_to("openai", "/v1/chat/completions", SSE, &done, false);
    assert_eq!(
        usage.output_tokens,
        Some(2),
        "it said itself that it is over"
    );
}

#[test]
fn garbage_between_events_is_passed_over() {
    let stream = format!(
        ": comment\n\nretry: 7\nid\ndata\ndataset: {{\"usage\":{{\"prompt_tokens\":1}}}}\n\ndata: {{\"usage\": \n\ndata:{GOOD}\n\ndata: \u{fffd}\n\nevent: x\ndata: [DON\n\ndata: }}{{\n\ndata: [DONE]\n\n"
    );
    let usage = chat("openai", SSE, &stream);
    assert_eq!(
        (usage.input_tokens, usage.output_tokens),
        (Some(7), Some(2))
    );
}

#[test]
fn an_event_of_several_lines_is_one_text() {
    let stream = "data: {\"usage\":\r\ndata: {\"prompt_tokens\":7,\rdata:\"completion_tokens\":2}}\n\ndata: [DONE]\n\n";
    let usage = chat("openai", SSE, stream);
    assert_eq!(
        (usage.input_tokens, usage.output_tokens),
        (Some(7), Some(2))
    );
}

#[test]
fn a_last_event_without_its_blank_line_counts() {
    let usage = chat("openai", SSE, &format!("data: {GOOD}"));
    assert_eq!(
        (usage.input_tokens, usage.output_tokens),
        (Some(7), Some(2))
    );
}

#[test]
fn endless_lines_members_names_and_depths_are_not_kept() {
    let long = "x".repeat(1 << 20);
    for body in [
        format!("data: {long}"),
        long.clone(),
        format!("event: {long}\n"),
        format!("data: {{\"usage\":{{\"prompt_tokens\":7,\"x\":\"{long}\"}}}}\n\n"),
        format!("data: {{\"{long}\":1,\"usage\":"),
        format!("data: {}", "[".repeat(1 << 20)),
        format!("data: {}", "{\"a\":".repeat(1 << 18)),
    ] {
        let route = Route::of("openai", "POST", "/v1/chat/completions");
        let mut reader = Reader::new(route, Some(SSE), None);
        reader.push(body.as_bytes());
        assert!(reader.holds() < 40_000, "{}", reader.holds());
        assert_eq!(reader.finish(true), Usage::default());
    }
    let deep = format!(
        "{{\"a\":{}{},\"usage\":{{\"prompt_tokens\":7}}}}",
        "[".repeat(100),
        "]".repeat(100)
    );
    assert_eq!(chat("openai", JSON, &deep).input_tokens, Some(7));
}

#[test]
fn names_that_could_not_be_rows_are_left_out() {
    for name in ["", "a b", "\\u0000", "\\n", "é", &"x".repeat(121)] {
        let body = format!(r#"{{"model":"{name}","usage":{{"prompt_tokens":7}}}}"#);
        let usage = chat("openai", JSON, &body);
        assert_eq!(
            (usage.model, usage.input_tokens),
            (None, Some(7)),
            "{name:?}"
        );
    }
}

#[test]
fn an_error_in_a_stream_is_no_count() {
    let stream = "data: {\"choices\":[{\"index\":0}]}\n\ndata: {\"error\":{\"message\":\"overloaded\",\"usage\":{\"prompt_tokens\":7}}}\n\n";
    assert_eq!(chat("openai", SSE, stream), Usage::default());
}

#[test]
fn what_is_not_billed_is_not_read() {
    let route = Route::of("openai", "GET", "/v1/responses/resp_1");
    let mut reader = Reader::new(route, Some(JSON), None);
    reader.push(GOOD.as_bytes());
    assert_eq!(
        reader.finish(true),
        Usage::default(),
        "an answer that is fetched again is not paid again"
    );
    let counted = read(
        "anthropic",
        "/v1/messages/count_tokens",
        JSON,
        r#"{"input_tokens":2095}"#,
    );
    assert_eq!(counted, Usage::default());
}
