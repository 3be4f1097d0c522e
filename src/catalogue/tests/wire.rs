use serde::Deserialize;

use crate::catalogue::{Forbidden, TestCost, Verdict, Wire, all, find};

/// Written down from other sources than the data file, each with its address.
const EXPECTED: &str = include_str!("expected.json");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    #[serde(rename = "about")]
    _about: Vec<String>,
    providers: Vec<ExpectedProvider>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ExpectedProvider {
    id: String,
    header: String,
    call: String,
    source: String,
    test: String,
    test_source: String,
}

fn expected() -> Vec<ExpectedProvider> {
    let file: Expected = serde_json::from_str(EXPECTED).expect("the expectations are JSON");
    file.providers
}

fn wire(id: &str) -> &'static Wire {
    &find(id).expect("it is in the catalogue").wire
}

/// `("POST", "https://api.openai.com", "/v1/chat/completions")`
fn parts(call: &str) -> (&str, &str, &str) {
    let (method, url) = call.split_once(' ').expect("a method and a URL");
    let host = url.strip_prefix("https://").expect("https");
    let path = host.find('/').expect("a path") + "https://".len();
    (method, &url[..path], &url[path..])
}

#[test]
fn header_host_and_paths_are_what_others_say_of_each_provider() {
    let expected = expected();
    assert_eq!(all().len(), expected.len());
    for (provider, said) in all().iter().zip(&expected) {
        let (id, wire) = (provider.id, &provider.wire);
        assert_eq!(id, said.id);
        let own = |origin: &str| {
            if provider.custom_host {
                origin == "https://my-resource.openai.azure.com"
            } else {
                origin == wire.origin
            }
        };
        let (method, origin, path) = parts(&said.call);
        assert!(own(origin), "{id}: {origin}, says {}", said.source);
        assert!(
            wire.allows(path),
            "{id}: {method} {path}, says {}",
            said.source
        );
        let auth = wire.auth_for(path);
        let header = format!("{}: {}KEY", auth.header, auth.scheme);
        assert_eq!(header, said.header, "{id}: says {}", said.source);

        let call = wire.test.as_ref().expect("every provider has a test");
        let (method, origin, path) = parts(&said.test);
        assert_eq!(call.method, method, "{id}");
        assert_eq!(call.path.split('?').next(), Some(path), "{id}");
        match call.origin {
            Some(other) => assert_eq!(other, origin, "{id}"),
            None => assert!(own(origin), "{id}: {origin}"),
        }
    }
}

/// A source is somebody else's.
#[test]
fn every_expectation_names_its_source() {
    for said in expected() {
        for source in [&said.source, &said.test_source] {
            let is_named = source.starts_with("https://") && !source.contains("keyseal");
            assert!(is_named, "{}", said.id);
        }
    }
}

#[test]
fn there_are_51_providers_and_demo_is_apart() {
    assert_eq!(all().len(), 51);
    assert!(all().iter().all(|provider| provider.id != "demo"));
    let demo = find("demo").expect("find knows it");
    assert_eq!(demo.wire.origin, "");
    assert_eq!(demo.wire.chat_path, Some("/v1/chat/completions"));
    assert!(find("nobody").is_none() && find("").is_none() && find("OpenAI").is_none());
}

#[test]
fn keys_go_in_headers_and_never_in_a_url_or_body() {
    for provider in all() {
        let call = provider
            .wire
            .test
            .as_ref()
            .expect("every provider has a test");
        for text in [call.path, call.body.unwrap_or_default()] {
            assert!(
                !text.contains("key=") && !text.contains("{key}"),
                "{}",
                provider.id
            );
        }
        let auths = provider.wire.auth_elsewhere.iter().map(|(_, auth)| auth);
        for auth in auths.chain([&provider.wire.auth]) {
            assert!(
                !auth
                    .header
                    .bytes()
                    .any(|b| b.is_ascii_uppercase() || b == b' ')
            );
        }
    }
}

#[test]
fn only_azure_takes_a_host_of_the_users_own() {
    let own: Vec<_> = all()
        .iter()
        .filter(|p| p.custom_host || p.wire.origin.is_empty())
        .collect();
    assert_eq!(own.len(), 1);
    assert_eq!(own[0].id, "azure_openai");
    assert!(own[0].custom_host && own[0].wire.origin.is_empty());
}

#[test]
fn required_headers_are_there() {
    let headers: Vec<_> = all()
        .iter()
        .flat_map(|p| p.wire.extra_headers.iter().map(|h| (p.id, *h)))
        .collect();
    assert_eq!(
        headers,
        [
            ("anthropic", ("anthropic-version", "2023-06-01")),
            ("runway", ("x-runway-version", "2024-11-06")),
            ("cartesia", ("cartesia-version", "2026-03-01")),
        ]
    );
}

#[test]
fn compatible_routes_take_the_header_that_their_documentation_names() {
    for (id, path, header) in [
        (
            "gemini",
            "/v1beta/models/gemini-flash-lite-latest:generateContent",
            "x-goog-api-key: ",
        ),
        (
            "gemini",
            "/v1beta/openai/chat/completions",
            "authorization: Bearer ",
        ),
        ("gemini", "/v1beta/openai", "authorization: Bearer "),
        ("gemini", "/v1beta/openaix", "x-goog-api-key: "),
        ("anthropic", "/v1/messages", "x-api-key: "),
        (
            "anthropic",
            "/v1/chat/completions",
            "authorization: Bearer ",
        ),
        ("openai", "/v1/chat/completions", "authorization: Bearer "),
        ("deepgram", "/v1/listen", "authorization: Token "),
        ("fal", "/fal-ai/flux/dev", "authorization: Key "),
        ("assemblyai", "/v2/transcript", "authorization: "),
    ] {
        let auth = wire(id).auth_for(path);
        assert_eq!(
            format!("{}: {}", auth.header, auth.scheme),
            header,
            "{id} {path}"
        );
    }
}

#[test]
fn what_an_app_needs_is_forwarded() {
    for (id, path) in [
        ("openai", "/v1/chat/completions"),
        ("openai", "/v1/responses/resp_1"),
        ("openai", "/v1/files"),
        ("openai", "/v1/batches/batch_1/cancel"),
        ("openai", "/v1/models"),
        ("anthropic", "/v1/messages/batches"),
        (
            "gemini",
            "/v1beta/models/gemini-2.5-flash:streamGenerateContent",
        ),
        ("gemini", "/v1beta/models"),
        ("gemini", "/upload/v1beta/files"),
        ("groq", "/openai/v1/audio/transcriptions"),
        ("openrouter", "/api/v1/chat/completions"),
        (
            "replicate",
            "/v1/models/black-forest-labs/flux-schnell/predictions",
        ),
        ("replicate", "/v1/predictions/abc"),
        (
            "elevenlabs",
            "/v1/text-to-speech/21m00Tcm4TlvDq8ikWAM/stream",
        ),
        ("fal", "/fal-ai/flux/dev"),
        ("pika", "/fal-ai/pika/v2.2/text-to-video"),
        ("bfl", "/v1/flux-pro-1.1"),
        ("bfl", "/v1/get_result"),
        ("huggingface", "/hf-inference/models/a/b"),
        ("huggingface", "/fal-ai/fal-ai/flux/dev"),
        ("huggingface", "/replicate/v1/models/a/b/predictions"),
        ("azure_openai", "/openai/deployments/mine/chat/completions"),
        ("dashscope", "/compatible-mode/v1/chat/completions"),
    ] {
        assert!(wire(id).allows(path), "{id} {path}");
    }
    for provider in all() {
        let wire = &provider.wire;
        assert!(
            wire.chat_path.is_none_or(|path| wire.allows(path)),
            "{}",
            provider.id
        );
    }
}

/// Whatever returns, makes or exchanges credentials, or manages the account.
#[test]
fn credentials_and_accounts_are_out_of_reach() {
    for (id, path) in [
        ("openai", "/v1/organization/admin_api_keys"),
        ("openai", "/v1/organization/projects/p/api_keys"),
        ("openai", "/v1/realtime/client_secrets"),
        ("openai", "/v1/realtime/sessions"),
        ("openai", "/v1/me"),
        ("openai", "/"),
        ("openai", "/v1"),
        ("openai", "/v1/chatx"),
        ("openai", "/V1/chat"),
        ("anthropic", "/v1/organizations/api_keys"),
        ("anthropic", "/v1/oauth/token"),
        ("gemini", "/v1beta/auth_tokens"),
        ("gemini", "/v1alpha/auth_tokens"),
        ("openrouter", "/api/v1/keys"),
        ("openrouter", "/api/v1/key"),
        ("openrouter", "/api/v1/auth/keys"),
        ("openrouter", "/api/v1/credits"),
        ("xai", "/v1/api-key"),
        ("deepseek", "/user/balance"),
        ("fireworks", "/v1/accounts/a/users/u/apiKeys"),
        ("perplexity", "/generate_auth_token"),
        ("replicate", "/v1/account"),
        ("replicate", "/v1/webhooks/default/secret"),
        ("elevenlabs", "/v1/user"),
        ("elevenlabs", "/v1/service-accounts/x/api-keys"),
        ("elevenlabs", "/v1/single-use-token/realtime_scribe"),
        ("elevenlabs", "/v1/convai/conversation/get-signed-url"),
        ("deepgram", "/v1/auth/grant"),
        ("deepgram", "/v1/projects/p/keys"),
        ("cartesia", "/access-token"),
        ("cartesia", "/api-keys"),
        ("assemblyai", "/v2/realtime/token"),
        ("assemblyai", "/v3/token"),
        ("hume", "/oauth2-cc/token"),
        ("gladia", "/v2/live"),
        ("huggingface", "/api/whoami-v2"),
        ("huggingface", "/replicate/v1/account"),
        ("huggingface", "/novita/openapi/v1/billing/balance/detail"),
        ("deepinfra", "/v1/api-tokens"),
        ("deepinfra", "/v1/scoped-jwt"),
        ("dashscope", "/api/v1/tokens"),
        ("dashscope", "/api/v1/uploads"),
        ("siliconflow", "/v1/user/info"),
        ("moonshot", "/v1/users/me/balance"),
        ("bfl", "/v1/delete_finetune"),
        ("bfl", "/v1/flux-"),
        ("recraft", "/v1/users/me"),
        ("pika", "/fal-ai/flux/dev"),
    ] {
        assert!(!wire(id).allows(path), "{id} {path}");
    }
    let telling = [
        "key", "token", "secret", "auth", "account", "user", "organi", "billing",
    ];
    for provider in all() {
        for prefix in provider.wire.path_prefixes {
            let prefix = prefix.replace("tokeniz", "");
            let named = telling.iter().find(|word| prefix.contains(*word));
            assert_eq!(named, None, "{} {prefix}", provider.id);
        }
    }
}

#[test]
fn a_platform_key_serves_only_what_keeps_nothing() {
    for (id, path) in [
        ("openai", "/v1/chat/completions"),
        ("openai", "/v1/embeddings"),
        ("openai", "/v1/images/generations"),
        ("anthropic", "/v1/messages"),
        ("gemini", "/v1beta/models/gemini-2.5-flash:generateContent"),
        ("elevenlabs", "/v1/text-to-speech/voice/stream"),
        ("fal", "/fal-ai/flux/dev"),
        ("azure_openai", "/openai/deployments/mine/embeddings"),
    ] {
        assert!(wire(id).is_stateless(path), "{id} {path}");
    }
    for (id, path) in [
        ("openai", "/v1/responses"),
        ("openai", "/v1/files"),
        ("openai", "/v1/batches"),
        ("openai", "/v1/vector_stores"),
        ("openai", "/v1/chat/completions/chatcmpl-1"),
        ("openai", "/v1/chat/completions/"),
        ("anthropic", "/v1/messages/batches"),
        ("anthropic", "/v1/files"),
        ("gemini", "/v1beta/models/veo-3:predictLongRunning"),
        ("gemini", "/v1beta/models/:generateContent"),
        ("gemini", "/v1beta/models/a/b:generateContent"),
        ("gemini", "/v1beta/cachedContents"),
        ("replicate", "/v1/predictions"),
        ("runway", "/v1/text_to_video"),
        ("assemblyai", "/v2/transcript"),
        ("cohere", "/v1/chat"),
        ("elevenlabs", "/v1/voices"),
        ("mistral", "/v1/files"),
    ] {
        assert!(!wire(id).is_stateless(path), "{id} {path}");
    }
    for provider in all() {
        let wire = &provider.wire;
        for route in wire.stateless {
            assert!(
                wire.allows(&route.replace('*', "x")),
                "{} {route}",
                provider.id
            );
            let kept = [
                "file",
                "/batch",
                "/responses",
                "conversation",
                "histor",
                "vector_store",
            ];
            assert!(
                !kept.iter().any(|word| route.contains(word)
                    && !route.ends_with("/tts/file")
                    && !route.ends_with("/stream/file")),
                "{} {route}",
                provider.id
            );
        }
        assert!(
            wire.chat_path.is_none_or(|path| wire.is_stateless(path)),
            "{}",
            provider.id
        );
    }
}

#[test]
fn a_chat_provider_has_a_default_model_unless_models_are_the_users_own() {
    let without = |p: &&crate::catalogue::Provider| {
        p.wire.chat_path.is_some() && p.wire.default_model.is_none()
    };
    let without: Vec<_> = all().iter().filter(without).map(|p| p.id).collect();
    assert_eq!(without, ["azure_openai"]);
    assert!(
        all()
            .iter()
            .all(|p| p.wire.default_model.is_none() || p.wire.chat_path.is_some())
    );
}

#[test]
fn answers_to_a_test_are_read_as_the_provider_means_them() {
    use Verdict::{Invalid, Limited, Unknown, Valid};
    for (id, status, body, verdict) in [
        ("openai", 200, "{}", Valid),
        ("openai", 401, "{}", Invalid),
        (
            "openai",
            403,
            "{\"error\":{\"message\":\"Missing scopes: api.model.read\"}}",
            Limited,
        ),
        ("openai", 403, "{}", Limited),
        ("openai", 402, "", Limited),
        ("openai", 429, "", Limited),
        ("openai", 500, "", Unknown),
        ("openai", 503, "", Unknown),
        ("openai", 404, "", Unknown),
        ("openai", 302, "", Unknown),
        ("gemini", 400, "{\"reason\": \"API_KEY_INVALID\"}", Invalid),
        ("gemini", 400, "{}", Unknown),
        (
            "xai",
            400,
            "{\"error\":\"Incorrect API key provided\"}",
            Invalid,
        ),
        (
            "elevenlabs",
            401,
            "{\"detail\":{\"status\":\"missing_permissions\"}}",
            Limited,
        ),
        (
            "elevenlabs",
            401,
            "{\"detail\":{\"status\":\"invalid_api_key\"}}",
            Invalid,
        ),
        (
            "elevenlabs",
            401,
            "{\"detail\":{\"status\":\"quota_exceeded\"}}",
            Limited,
        ),
        ("perplexity", 400, "", Valid),
        ("perplexity", 404, "", Valid),
        ("perplexity", 422, "", Valid),
        ("perplexity", 401, "", Invalid),
        ("sambanova", 404, "", Valid),
        ("exa", 400, "", Valid),
        ("jina", 422, "", Valid),
        ("voyage", 403, "", Valid),
        ("tavily", 432, "", Limited),
        ("tavily", 433, "", Limited),
        ("zai", 403, "", Invalid),
        (
            "zai",
            429,
            "{\"error\":{\"message\":\"Insufficient balance\"}}",
            Limited,
        ),
        (
            "nvidia",
            403,
            "{\"detail\":\"Authorization failed\"}",
            Invalid,
        ),
        ("serper", 403, "{\"message\":\"Unauthorized.\"}", Invalid),
        (
            "brave",
            422,
            "{\"code\":\"SUBSCRIPTION_TOKEN_INVALID\"}",
            Invalid,
        ),
        ("minimax", 200, "{\"object\":\"list\",\"data\":[]}", Valid),
        (
            "minimax",
            200,
            "{\"base_resp\":{\"status_code\":1004}}",
            Invalid,
        ),
        (
            "minimax",
            200,
            "{\"base_resp\": {\"status_code\": 1008}}",
            Limited,
        ),
        (
            "minimax",
            200,
            "{\"base_resp\":{\"status_code\":1033}}",
            Unknown,
        ),
        ("cerebras", 403, "{}", Limited),
    ] {
        assert_eq!(
            wire(id).judge(status, false, body),
            verdict,
            "{id} {status} {body}"
        );
    }
}

#[test]
fn an_html_page_says_nothing_about_a_key() {
    for provider in all() {
        for status in [200, 401, 403, 429, 503] {
            assert_eq!(
                provider.wire.judge(status, true, "<html>"),
                Verdict::Unknown
            );
        }
    }
}

#[test]
fn no_test_costs_money() {
    for provider in all() {
        let call = provider
            .wire
            .test
            .as_ref()
            .expect("every provider has a test");
        match provider.test_cost {
            TestCost::Free if call.method == "POST" => assert_eq!(provider.id, "zai"),
            TestCost::Free => {}
            TestCost::Quota => assert!(["brave", "nvidia"].contains(&provider.id)),
            // Rejected before billing: without a body, or for a model that does not exist.
            TestCost::MayCost => {
                let body = call.body.expect("a body that is refused");
                assert!(body == "{}" || body.contains("invalid-model-for-validation"));
                assert!(call.accepted.contains(&422));
            }
            TestCost::None => panic!("{}: it has a test", provider.id),
        }
        assert_eq!(
            call.body.is_some(),
            call.method == "POST",
            "{}",
            provider.id
        );
        assert_eq!(call.body.is_some(), call.content_type.is_some());
    }
}

/// They answer without a key, so they prove nothing.
#[test]
fn public_model_lists_are_no_tests() {
    for id in ["openrouter", "nvidia", "deepinfra", "sambanova"] {
        let call = wire(id).test.as_ref().expect("it has a test");
        assert!(!call.path.ends_with("/models"), "{id}");
    }
}

#[test]
fn a_403_is_read_as_the_provider_means_it() {
    for (id, meaning) in [
        ("openai", Forbidden::Key),
        ("anthropic", Forbidden::Key),
        ("gemini", Forbidden::Key),
        ("openrouter", Forbidden::Content),
        ("stability", Forbidden::Content),
        ("cerebras", Forbidden::Bot),
        ("together", Forbidden::Unknown),
    ] {
        assert_eq!(wire(id).forbidden, meaning, "{id}");
    }
}

#[test]
fn embeddings_and_models_stand_beside_chat_or_are_not_known() {
    for (id, embeddings, models) in [
        ("openai", "/v1/embeddings", "/v1/models"),
        (
            "gemini",
            "/v1beta/openai/embeddings",
            "/v1beta/openai/models",
        ),
        ("groq", "/openai/v1/embeddings", "/openai/v1/models"),
        ("cohere", "/compatibility/v1/embeddings", ""),
        ("deepseek", "", "/models"),
        ("anthropic", "", "/v1/models"),
        ("perplexity", "", ""),
        ("voyage", "/v1/embeddings", ""),
        ("jina", "/v1/embeddings", ""),
        ("elevenlabs", "", ""),
    ] {
        let provider = find(id).expect("a provider");
        let own = provider.wire.embeddings_path(provider.base_path);
        assert_eq!(own.unwrap_or_default(), embeddings, "{id}");
        assert_eq!(
            provider.wire.models_path().unwrap_or_default(),
            models,
            "{id}"
        );
    }
}
