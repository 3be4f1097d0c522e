use crate::catalogue::{Forbidden, TestCost, Verdict, Wire, all, find};

/// Written down from the providers' documentation, not from the data file: id, credential header,
/// base URL, chat path below the origin, test call.
#[rustfmt::skip]
const EXPECTED: [(&str, &str, &str, &str, &str); 51] = [
    ("openai", "authorization: Bearer KEY", "https://api.openai.com/v1", "/v1/chat/completions", "GET https://api.openai.com/v1/models"),
    ("anthropic", "x-api-key: KEY", "https://api.anthropic.com/v1", "/v1/chat/completions", "GET https://api.anthropic.com/v1/models"),
    ("gemini", "x-goog-api-key: KEY", "https://generativelanguage.googleapis.com/v1beta", "/v1beta/openai/chat/completions", "GET https://generativelanguage.googleapis.com/v1beta/models?pageSize=1"),
    ("openrouter", "authorization: Bearer KEY", "https://openrouter.ai/api/v1", "/api/v1/chat/completions", "GET https://openrouter.ai/api/v1/key"),
    ("groq", "authorization: Bearer KEY", "https://api.groq.com/openai/v1", "/openai/v1/chat/completions", "GET https://api.groq.com/openai/v1/models"),
    ("deepseek", "authorization: Bearer KEY", "https://api.deepseek.com", "/chat/completions", "GET https://api.deepseek.com/user/balance"),
    ("mistral", "authorization: Bearer KEY", "https://api.mistral.ai/v1", "/v1/chat/completions", "GET https://api.mistral.ai/v1/models"),
    ("xai", "authorization: Bearer KEY", "https://api.x.ai/v1", "/v1/chat/completions", "GET https://api.x.ai/v1/api-key"),
    ("together", "authorization: Bearer KEY", "https://api.together.xyz/v1", "/v1/chat/completions", "GET https://api.together.xyz/v1/models"),
    ("fireworks", "authorization: Bearer KEY", "https://api.fireworks.ai/inference/v1", "/inference/v1/chat/completions", "GET https://api.fireworks.ai/inference/v1/models"),
    ("perplexity", "authorization: Bearer KEY", "https://api.perplexity.ai", "/chat/completions", "POST https://api.perplexity.ai/chat/completions"),
    ("cohere", "authorization: Bearer KEY", "https://api.cohere.com/v2", "/compatibility/v1/chat/completions", "GET https://api.cohere.com/v1/models"),
    ("replicate", "authorization: Bearer KEY", "https://api.replicate.com/v1", "", "GET https://api.replicate.com/v1/account"),
    ("stability", "authorization: Bearer KEY", "https://api.stability.ai", "", "GET https://api.stability.ai/v1/user/balance"),
    ("fal", "authorization: Key KEY", "https://fal.run", "", "GET https://api.fal.ai/v1/models/pricing?endpoint_id=fal-ai/flux/dev"),
    ("runway", "authorization: Bearer KEY", "https://api.dev.runwayml.com/v1", "", "GET https://api.dev.runwayml.com/v1/organization"),
    ("luma", "authorization: Bearer KEY", "https://api.lumalabs.ai/dream-machine/v1", "", "GET https://api.lumalabs.ai/dream-machine/v1/credits"),
    ("pika", "authorization: Key KEY", "https://fal.run/fal-ai/pika", "", "GET https://api.fal.ai/v1/models/pricing?endpoint_id=fal-ai/flux/dev"),
    ("elevenlabs", "xi-api-key: KEY", "https://api.elevenlabs.io/v1", "", "GET https://api.elevenlabs.io/v1/user"),
    ("cartesia", "authorization: Bearer KEY", "https://api.cartesia.ai", "", "GET https://api.cartesia.ai/voices?limit=1"),
    ("deepgram", "authorization: Token KEY", "https://api.deepgram.com/v1", "", "GET https://api.deepgram.com/v1/projects"),
    ("assemblyai", "authorization: KEY", "https://api.assemblyai.com/v2", "", "GET https://api.assemblyai.com/v2/transcript?limit=1"),
    ("tavily", "authorization: Bearer KEY", "https://api.tavily.com", "", "GET https://api.tavily.com/usage"),
    ("serper", "x-api-key: KEY", "https://google.serper.dev", "", "GET https://google.serper.dev/account"),
    ("brave", "x-subscription-token: KEY", "https://api.search.brave.com/res/v1", "", "GET https://api.search.brave.com/res/v1/web/search?q=test&count=1"),
    ("exa", "x-api-key: KEY", "https://api.exa.ai", "", "POST https://api.exa.ai/search"),
    ("huggingface", "authorization: Bearer KEY", "https://router.huggingface.co/v1", "/v1/chat/completions", "GET https://huggingface.co/api/whoami-v2"),
    ("azure_openai", "api-key: KEY", "/openai/v1", "/openai/v1/chat/completions", "GET /openai/v1/models"),
    ("cerebras", "authorization: Bearer KEY", "https://api.cerebras.ai/v1", "/v1/chat/completions", "GET https://api.cerebras.ai/v1/models"),
    ("sambanova", "authorization: Bearer KEY", "https://api.sambanova.ai/v1", "/v1/chat/completions", "POST https://api.sambanova.ai/v1/chat/completions"),
    ("nvidia", "authorization: Bearer KEY", "https://integrate.api.nvidia.com/v1", "/v1/chat/completions", "POST https://integrate.api.nvidia.com/v1/chat/completions"),
    ("voyage", "authorization: Bearer KEY", "https://api.voyageai.com/v1", "", "GET https://api.voyageai.com/v1/files"),
    ("jina", "authorization: Bearer KEY", "https://api.jina.ai/v1", "", "POST https://api.jina.ai/v1/embeddings"),
    ("moonshot", "authorization: Bearer KEY", "https://api.moonshot.ai/v1", "/v1/chat/completions", "GET https://api.moonshot.ai/v1/users/me/balance"),
    ("zai", "authorization: Bearer KEY", "https://api.z.ai/api/paas/v4", "/api/paas/v4/chat/completions", "POST https://api.z.ai/api/paas/v4/tokenizer"),
    ("dashscope", "authorization: Bearer KEY", "https://dashscope-intl.aliyuncs.com/compatible-mode/v1", "/compatible-mode/v1/chat/completions", "GET https://dashscope-intl.aliyuncs.com/compatible-mode/v1/models"),
    ("minimax", "authorization: Bearer KEY", "https://api.minimax.io/v1", "/v1/chat/completions", "GET https://api.minimax.io/v1/models"),
    ("deepinfra", "authorization: Bearer KEY", "https://api.deepinfra.com/v1/openai", "/v1/openai/chat/completions", "GET https://api.deepinfra.com/v1/me"),
    ("siliconflow", "authorization: Bearer KEY", "https://api.siliconflow.com/v1", "/v1/chat/completions", "GET https://api.siliconflow.com/v1/user/info"),
    ("novita", "authorization: Bearer KEY", "https://api.novita.ai/openai", "/openai/chat/completions", "GET https://api.novita.ai/openapi/v1/billing/balance/detail"),
    ("nebius", "authorization: Bearer KEY", "https://api.tokenfactory.nebius.com/v1", "/v1/chat/completions", "GET https://api.tokenfactory.nebius.com/v1/models"),
    ("baseten", "authorization: Bearer KEY", "https://inference.baseten.co/v1", "/v1/chat/completions", "GET https://inference.baseten.co/v1/models"),
    ("upstage", "authorization: Bearer KEY", "https://api.upstage.ai/v1", "/v1/chat/completions", "GET https://api.upstage.ai/v1/models"),
    ("bfl", "x-key: KEY", "https://api.bfl.ai/v1", "", "GET https://api.bfl.ai/v1/credits"),
    ("hume", "x-hume-api-key: KEY", "https://api.hume.ai/v0", "", "GET https://api.hume.ai/v0/tts/voices?provider=HUME_AI"),
    ("lmnt", "x-api-key: KEY", "https://api.lmnt.com/v1", "", "GET https://api.lmnt.com/v1/account"),
    ("revai", "authorization: Bearer KEY", "https://api.rev.ai/speechtotext/v1", "", "GET https://api.rev.ai/speechtotext/v1/account"),
    ("gladia", "x-gladia-key: KEY", "https://api.gladia.io/v2", "", "GET https://api.gladia.io/v2/pre-recorded?limit=1"),
    ("ai21", "authorization: Bearer KEY", "https://api.ai21.com/studio/v1", "/studio/v1/chat/completions", "GET https://api.ai21.com/studio/v1/models"),
    ("recraft", "authorization: Bearer KEY", "https://external.api.recraft.ai/v1", "", "GET https://external.api.recraft.ai/v1/users/me"),
    ("segmind", "x-api-key: KEY", "https://api.segmind.com/v1", "", "GET https://api.segmind.com/v1/get-user-credits"),
];

fn wire(id: &str) -> &'static Wire {
    &find(id).expect("it is in the catalogue").wire
}

#[test]
fn header_host_and_paths_are_those_of_the_providers_documentation() {
    for (provider, (id, header, base, chat, test)) in all().iter().zip(EXPECTED) {
        let wire = &provider.wire;
        assert_eq!(provider.id, id);
        assert_eq!(
            format!("{}: {}KEY", wire.auth.header, wire.auth.scheme),
            header,
            "{id}"
        );
        assert_eq!(
            format!("{}{}", wire.origin, provider.base_path),
            base,
            "{id}"
        );
        assert_eq!(wire.chat_path.unwrap_or_default(), chat, "{id}");
        let call = wire.test.as_ref().expect("every provider has a test");
        let origin = call.origin.unwrap_or(wire.origin);
        assert_eq!(
            format!("{} {origin}{}", call.method, call.path),
            test,
            "{id}"
        );
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
