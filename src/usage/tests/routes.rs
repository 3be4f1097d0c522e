use super::super::{Kind, Route};

#[test]
fn paths_say_what_is_billed() {
    for (path, kind) in [
        ("/v1/chat/completions", Kind::Chat),
        ("/openai/v1/chat/completions", Kind::Chat),
        ("/v1/responses", Kind::Chat),
        ("/v1/messages", Kind::Chat),
        ("/v2/chat", Kind::Chat),
        (
            "/v1beta/models/gemini-2.5-pro:generateContent",
            Kind::Gemini,
        ),
        (
            "/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse",
            Kind::Gemini,
        ),
        ("/v1beta/models/gemini-2.5-pro:countTokens", Kind::Free),
        ("/v1beta/models/imagen-4:predict", Kind::Image),
        ("/v1beta/models/veo-3:predictLongRunning", Kind::Other),
        ("/v1/embeddings", Kind::Embeddings),
        ("/v1/images/generations", Kind::Image),
        ("/v1/audio/transcriptions", Kind::Transcription),
        ("/v1/text-to-speech/21m00/stream", Kind::Speech),
        ("/v1/messages/count_tokens", Kind::Free),
        ("/v1/moderations", Kind::Free),
        ("/v1/predictions", Kind::Other),
        ("/v1/something-new", Kind::Other),
    ] {
        assert_eq!(Route::of("x", "POST", path).kind, kind, "{path}");
        assert_eq!(Route::of("x", "GET", path).kind, Kind::Free, "{path}");
    }
}

#[test]
fn some_paths_name_the_model() {
    let model = |path: &str| Route::of("x", "POST", path).model;
    assert_eq!(
        model("/v1beta/models/gemini-2.5-pro:generateContent?key=x").as_deref(),
        Some("gemini-2.5-pro")
    );
    assert_eq!(
        model("/openai/deployments/my-gpt/chat/completions?api-version=1").as_deref(),
        Some("my-gpt")
    );
    assert_eq!(model("/v1/chat/completions"), None);
    assert_eq!(model("/v1/models/a%20b\u{e9}:x"), None);
}
