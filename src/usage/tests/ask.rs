use super::super::{Ask, Request};

const PATH: &str = "/v1/chat/completions";

fn instead(body: &str) -> Option<String> {
    match Request::read("openai", PATH, body.as_bytes()).ask {
        Ask::Nothing => None,
        Ask::Instead(bytes) => Some(String::from_utf8(bytes).expect("text")),
    }
}

/// platform.openai.com/docs/api-reference/chat/create#stream_options
#[test]
fn a_stream_is_asked_for_counts_and_all_else_stays_byte_for_byte() {
    for (body, expected) in [
        (
            " {\"model\":\"m\", \"n\":1.0,\"stream\":true}",
            " {\"stream_options\":{\"include_usage\":true},\"model\":\"m\", \"n\":1.0,\"stream\":true}",
        ),
        (
            r#"{"stream":true,"stream_options": null ,"x":"\u00e9"}"#,
            r#"{"stream":true,"stream_options": {"include_usage":true} ,"x":"\u00e9"}"#,
        ),
        (
            r#"{"stream":true,"stream_options":{ }}"#,
            r#"{"stream":true,"stream_options":{"include_usage":true }}"#,
        ),
        (
            r#"{"stream":true,"stream_options":{"include_obfuscation":false}}"#,
            r#"{"stream":true,"stream_options":{"include_usage":true,"include_obfuscation":false}}"#,
        ),
        (
            r#"{"stream":true,"stream_options":{"include_usage": false}}"#,
            r#"{"stream":true,"stream_options":{"include_usage": true}}"#,
        ),
    ] {
        assert_eq!(instead(body).as_deref(), Some(expected));
    }
}

#[test]
fn where_the_caller_asked_or_nothing_is_streamed_the_body_stays() {
    for body in [
        r#"{"stream":true,"stream_options":{"include_usage":true}}"#,
        r#"{"stream":false}"#,
        r#"{"model":"m"}"#,
        r#"{"stream":"true"}"#,
        r#"{"stream":true,"stream_options":7}"#,
        r#"{"stream":true,"stream_options":{"include_usage":true,"include_usage":false}}"#,
        r#"{"stream":true,"stream":true}"#,
        r#"["m",true,null]"#,
        r#"{"stream":true"#,
        "",
        "not JSON",
    ] {
        assert_eq!(instead(body), None, "{body}");
    }
}

#[test]
fn only_where_the_provider_is_known_to_take_it() {
    let asked = |provider: &str, path: &str| {
        Request::read(provider, path, br#"{"stream":true}"#).ask != Ask::Nothing
    };
    assert!(asked("gemini", "/v1beta/openai/chat/completions"));
    assert!(asked("demo", PATH));
    assert!(!asked("mistral", PATH), "it counts unasked");
    assert!(!asked("openai", "/v1/responses"), "they count unasked");
    assert!(!asked("anthropic", "/v1/messages"));
    let azure = "/openai/deployments/d/chat/completions?api-version=";
    assert!(!asked("azure_openai", &format!("{azure}2024-06-01")));
    assert!(asked("azure_openai", &format!("{azure}2024-10-21")));
    assert!(asked("azure_openai", "/openai/v1/chat/completions"));
}

#[test]
fn what_is_asked_for_is_told() {
    let request = Request::read("mistral", PATH, br#"{"model":"m-1","stream":true}"#);
    assert_eq!(
        (request.model.as_deref(), request.streams),
        (Some("m-1"), true)
    );
    let request = Request::read("mistral", PATH, br#"{"model":"a b"}"#);
    assert_eq!((request.model, request.streams), (None, false));
}
