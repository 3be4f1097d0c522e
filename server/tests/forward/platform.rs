//! The operator's key: by permission only, within the tier's limits, never silently.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use axum::body::Body;
use http::StatusCode;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::caller::Answer;
use crate::companion::{Browser, Companion, User, claims, request};
use crate::until::until;
use crate::upstream::{Said, Upstream};

const CHAT: &str = "/forward/openai/v1/chat/completions";
const KEY: &str = "sk-of-the-operator";

/// A companion that lends [`KEY`], with these tiers.
struct Lending {
    companion: Companion,
    upstream: Upstream,
    more: String,
    _folder: TempDir,
}

impl Lending {
    async fn start(tiers: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = key_file(&folder, KEY, 0o600);
        // The test's configuration ends within [providers.openai].
        let more = format!("platform_key_file = \"{}\"\n{tiers}", file.display());
        let upstream = Upstream::start().await;
        Self {
            companion: Companion::start(&upstream.origin(), &more).await,
            upstream,
            more,
            _folder: folder,
        }
    }

    async fn chat(&self, user: &User, headers: &[(&str, &str)]) -> Answer {
        self.ask(user, "POST", CHAT, headers).await
    }

    async fn ask(&self, user: &User, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut asked = request(user, method, path);
        for (name, value) in headers {
            asked = asked.header(*name, *value);
        }
        let body = match method {
            "POST" => Body::from(r#"{"model":"m"}"#),
            _ => Body::empty(),
        };
        self.companion.call(asked.body(body).unwrap()).await
    }

    async fn allow(&self, user: &User, allowed: Value) {
        let body = json!({ "settings": { "platformAllowed": { "openai": allowed } } });
        let answer = self
            .companion
            .api(user, "PATCH", "/api/v1/me", Some(body))
            .await;
        assert_eq!(answer.status, StatusCode::OK);
    }

    async fn left(&self, user: &User) -> Value {
        // Costs are written about once a second.
        self.companion
            .state
            .store
            .flush_settlements()
            .await
            .unwrap();
        let me = self.companion.api(user, "GET", "/api/v1/me", None).await;
        me.json()["limits"]["platform"]["left"].clone()
    }
}

fn key_file(folder: &TempDir, key: &str, mode: u32) -> PathBuf {
    let file = folder.path().join("openai.key");
    std::fs::write(&file, key).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
    file
}

fn served_by(answer: &Answer) -> &str {
    answer.header("keyseal-served-by").unwrap_or_default()
}

#[tokio::test]
async fn who_never_had_a_key_gets_the_operators_ordinary_service_and_is_told_so() {
    let lending = Lending::start("").await;
    let ann = lending.companion.user("ann");
    let answer = lending
        .chat(
            &ann,
            &[
                ("openai-organization", "org-of-ann"),
                ("openai-project", "p"),
            ],
        )
        .await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    assert_eq!(served_by(&answer), "platform");
    let seen = lending.upstream.last();
    assert_eq!(seen.headers["authorization"], format!("Bearer {KEY}"));
    for chosen in ["openai-organization", "openai-project"] {
        assert!(!seen.headers.contains_key(chosen), "{chosen}");
    }
    for refused in ["none", "keys", "platform"] {
        let answer = lending.chat(&ann, &[("keyseal-fallback", refused)]).await;
        assert_eq!(answer.code(), Some("no_credential"), "{refused}");
    }
    assert_eq!(lending.upstream.keys(), [KEY]);

    // Who had one and revoked it is nobody's customer by accident.
    let id = lending.companion.add(&ann, "sk-anns").await;
    let path = format!("/api/v1/api-keys/{id}");
    lending.companion.api(&ann, "DELETE", &path, None).await;
    let answer = lending.chat(&ann, &[]).await;
    assert_eq!(answer.code(), Some("no_credential"));
    assert!(lending.upstream.keys().is_empty());
}

#[tokio::test]
async fn a_failing_key_falls_back_to_the_operators_only_where_the_settings_allow_it() {
    let lending = Lending::start("").await;
    let ann = lending.companion.user("ann");
    let id = lending.companion.add(&ann, "sk-anns").await;
    lending.upstream.say("sk-anns", Said::from(402));
    let own = [
        ("keyseal-entry", id.as_str()),
        ("keyseal-fallback", "platform"),
    ];
    // A page's script cannot decide to spend.
    for headers in [&[][..], &[("keyseal-fallback", "platform")], &own] {
        let answer = lending.chat(&ann, headers).await;
        assert_eq!(answer.status, StatusCode::PAYMENT_REQUIRED);
        assert_eq!(served_by(&answer), format!("entry {id}"));
        assert_eq!(lending.upstream.keys(), ["sk-anns"], "{headers:?}");
    }
    lending.allow(&ann, json!(true)).await;
    for headers in [&[][..], &[("keyseal-fallback", "platform")], &own] {
        let answer = lending.chat(&ann, headers).await;
        assert_eq!(
            (answer.status, served_by(&answer)),
            (StatusCode::OK, "platform")
        );
        assert_eq!(answer.header("keyseal-attempts"), Some("2"));
        assert_eq!(lending.upstream.keys(), ["sk-anns", KEY], "{headers:?}");
    }
    for headers in [
        &[("keyseal-fallback", "keys")][..],
        &[("keyseal-fallback", "none")],
        &[("keyseal-entry", id.as_str())],
    ] {
        let answer = lending.chat(&ann, headers).await;
        assert_eq!(served_by(&answer), format!("entry {id}"), "{headers:?}");
        assert_eq!(lending.upstream.keys(), ["sk-anns"]);
    }
    // Bob's permission is Bob's, another provider's is another's, and one taken back is gone at once.
    let bob = lending.companion.user("bob");
    lending.companion.add(&bob, "sk-bobs").await;
    lending.upstream.say("sk-bobs", Said::from(402));
    let groq = json!({ "settings": { "platformAllowed": { "groq": true } } });
    lending
        .companion
        .api(&bob, "PATCH", "/api/v1/me", Some(groq))
        .await;
    assert_ne!(served_by(&lending.chat(&bob, &[]).await), "platform");
    for value in [json!(false), json!(null)] {
        lending.allow(&ann, json!(true)).await;
        assert_eq!(served_by(&lending.chat(&ann, &[]).await), "platform");
        lending.allow(&ann, value).await;
        assert_ne!(served_by(&lending.chat(&ann, &[]).await), "platform");
    }
}

#[tokio::test]
async fn an_envelope_falls_back_to_the_operators_key_only_where_header_and_settings_say_so() {
    let lending = Lending::start("").await;
    let ann = lending.companion.user("ann");
    let browser = Browser::new(&lending.companion, &ann);
    lending.upstream.say("sk-in-the-browser", Said::from(401));
    for (allowed, fallback, by) in [
        (false, Some("platform"), "envelope"),
        (true, None, "envelope"),
        (true, Some("keys"), "envelope"),
        (true, Some("platform"), "platform"),
    ] {
        lending.allow(&ann, json!(allowed)).await;
        let envelope = browser.envelope(&claims(&ann, "POST", CHAT, "sk-in-the-browser"));
        let mut headers = vec![
            ("keyseal-session", browser.session.jwe()),
            ("keyseal-key", &envelope),
        ];
        headers.extend(fallback.map(|fallback| ("keyseal-fallback", fallback)));
        let answer = lending.chat(&ann, &headers).await;
        assert_eq!(served_by(&answer), by, "{allowed} {fallback:?}");
    }
}

#[tokio::test]
async fn the_operators_key_serves_only_what_leaves_nothing_at_the_provider() {
    let lending = Lending::start("").await;
    let ann = lending.companion.user("ann");
    lending.allow(&ann, json!(true)).await;
    for (method, path) in [
        ("GET", "/forward/openai/v1/models"),
        ("GET", CHAT),
        ("DELETE", CHAT),
        ("POST", "/forward/openai/v1/files"),
        ("GET", "/forward/openai/v1/files"),
        ("POST", "/forward/openai/v1/batches"),
        ("POST", "/forward/openai/v1/responses"),
    ] {
        let answer = lending.ask(&ann, method, path, &[]).await;
        let said = (answer.status, answer.code());
        assert_eq!(
            said,
            (StatusCode::CONFLICT, Some("no_credential")),
            "{method} {path}"
        );
        assert!(
            answer.json()["detail"]
                .as_str()
                .unwrap()
                .contains("operator")
        );
    }
    assert!(lending.upstream.keys().is_empty());
    assert_eq!(
        lending.left(&ann).await["requestsToday"],
        100,
        "nothing was taken"
    );
}

#[tokio::test]
async fn the_operators_key_is_in_no_answer_though_the_provider_repeats_it() {
    let lending = Lending::start("").await;
    let ann = lending.companion.user("ann");
    lending.companion.add(&ann, "sk-anns").await;
    let echo = |status: u16| {
        let body = format!(r#"{{"error":{{"message":"bad key {KEY}"}}}}"#);
        Said::from(status).body(&body).header("x-your-key", KEY)
    };
    // The control: a provider's words do reach the caller.
    lending.upstream.say("sk-anns", echo(400));
    assert!(lending.chat(&ann, &[]).await.text().contains(KEY));

    let bob = lending.companion.user("bob");
    for status in [200, 400, 401, 403, 429, 500] {
        lending.upstream.say(KEY, echo(status));
        let answer = lending.chat(&bob, &[]).await;
        assert_eq!(answer.status.as_u16(), status);
        assert_eq!(served_by(&answer), "platform");
        assert!(answer.text().contains("bad key ***"), "{}", answer.text());
        assert!(!answer.text().contains(KEY) && !format!("{:?}", answer.headers).contains(KEY));
    }
    for path in [
        "/api/v1/me",
        "/api/v1/providers",
        "/api/v1/audit",
        "/api/v1/api-keys",
    ] {
        let answer = lending.companion.api(&bob, "GET", path, None).await;
        assert!(!answer.text().contains(KEY), "{path}");
    }
    let data = lending.companion.folder.path().join("data");
    for file in std::fs::read_dir(data).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        let found = bytes
            .windows(KEY.len())
            .any(|window| window == KEY.as_bytes());
        assert!(!found, "in the database's files");
    }
}

const TIERS: &str = r#"
[tiers]
default = "free"
[tiers.free]
platform = true
requests_per_minute = 3
requests_per_day = 1000
[tiers.day]
platform = true
requests_per_minute = 1000
requests_per_day = 2
[tiers.money]
platform = true
requests_per_minute = 1000
requests_per_day = 1000
usd_per_day = 0.02
usd_per_request = 0.01
[tiers.unlent]
platform = false
[tiers.ended]
byok = false
platform = false
[tiers.service]
byok = false
platform = true
"#;

#[tokio::test]
async fn requests_within_the_tier_are_served_and_the_next_is_told_when_to_come_back() {
    let lending = Lending::start(TIERS).await;
    let ann = lending.companion.user("ann");
    for left in [2, 1, 0] {
        let answer = lending.chat(&ann, &[]).await;
        assert_eq!(answer.status, StatusCode::OK);
        let policy = r#""minute";q=3;w=60, "day";q=1000;w=86400"#;
        assert_eq!(answer.header("ratelimit-policy"), Some(policy));
        let limit = answer.header("ratelimit").unwrap();
        let day = format!("\"day\";r={};t=", 997 + left);
        assert!(
            limit.starts_with(&format!("\"minute\";r={left};t=")),
            "{limit}"
        );
        assert!(limit.contains(&day), "{limit}");
    }
    let answer = lending.chat(&ann, &[]).await;
    assert_eq!(
        (answer.status, answer.code()),
        (StatusCode::TOO_MANY_REQUESTS, Some("rate_limited"))
    );
    let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((15..=20).contains(&wait), "{wait}");
    assert!(
        answer
            .header("ratelimit")
            .unwrap()
            .starts_with("\"minute\";r=0")
    );
    assert_eq!(lending.upstream.keys().len(), 3);

    let bob = lending.companion.user("bob");
    assert_eq!(
        lending.chat(&bob, &[]).await.status,
        StatusCode::OK,
        "each user alone"
    );
    // The limits are for the operator's key only.
    lending.companion.add(&ann, "sk-anns").await;
    for _ in 0..5 {
        let answer = lending.chat(&ann, &[]).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.header("ratelimit"), None);
    }
}

#[tokio::test]
async fn what_a_request_could_cost_is_held_before_it_is_sent() {
    let lending = Lending::start(TIERS).await;
    let money = json!({ "tier": "money" });
    let ann = lending.companion.user_with("ann", &money);
    let ask = async |body: Value| {
        let asked = request(&ann, "POST", CHAT).body(Body::from(body.to_string()));
        lending.companion.call(asked.unwrap()).await
    };
    // At $10 for a million tokens this could cost 3 cents, and 2 are lent a day.
    let much = json!({ "model": "gpt-4o", "max_tokens": 3_000 });
    let refused = ask(much).await;
    assert_eq!(refused.code(), Some("budget_exhausted"));
    assert!(lending.upstream.keys().is_empty(), "nothing was sent");
    let less = json!({ "model": "gpt-4o", "max_tokens": 1_500 });
    assert_eq!(ask(less.clone()).await.status, StatusCode::OK);
    assert_eq!(lending.upstream.keys(), [KEY]);
    // Its answer does not say what it cost: all that was held stays counted, and is more than half.
    assert_eq!(ask(less).await.code(), Some("budget_exhausted"));
}

#[tokio::test]
async fn days_and_money_are_counted_across_restarts_and_replicas() {
    let lending = Lending::start(TIERS).await;
    let of = |tier: &str| lending.companion.user_with(tier, &json!({ "tier": tier }));
    let (day, money) = (of("day"), of("money"));
    for (user, code, status) in [
        (&day, "rate_limited", 429),
        (&money, "budget_exhausted", 402),
    ] {
        assert_eq!(lending.chat(user, &[]).await.status, StatusCode::OK);
        assert_eq!(lending.chat(user, &[]).await.status, StatusCode::OK);
        let answer = lending.chat(user, &[]).await;
        assert_eq!(
            (answer.status.as_u16(), answer.code()),
            (status, Some(code))
        );
        let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=86_400).contains(&wait), "until the next day: {wait}");
    }
    assert_eq!(
        lending.left(&money).await["usdToday"],
        0.0,
        "unknown costs stay counted"
    );
    assert_eq!(lending.left(&day).await["requestsToday"], 0);
    lending.upstream.keys();

    let Lending {
        companion,
        upstream,
        more,
        _folder,
    } = lending;
    let companion = companion.restart(&upstream.origin(), &more).await;
    for (user, code) in [(&day, "rate_limited"), (&money, "budget_exhausted")] {
        let asked = request(user, "POST", CHAT).body(Body::from("{}")).unwrap();
        assert_eq!(companion.call(asked).await.code(), Some(code));
    }
    assert!(upstream.keys().is_empty());
}

#[tokio::test]
async fn the_operators_key_keeps_no_answer_in_the_operators_account() {
    let lending = Lending::start(TIERS).await;
    let ann = lending
        .companion
        .user_with("ann", &json!({ "tier": "money" }));
    for (body, code) in [
        (r#"{"model":"m","store":true}"#, Some("no_credential")),
        (r#"{"model":"m","store":false}"#, None),
        (r#"{"model":"m","store":null}"#, None),
    ] {
        let asked = request(&ann, "POST", CHAT).body(Body::from(body)).unwrap();
        let answer = lending.companion.call(asked).await;
        assert_eq!(answer.code(), code, "{body}");
    }
    assert_eq!(
        lending.upstream.keys(),
        [KEY, KEY],
        "only what leaves nothing there"
    );
    let own = lending.companion.add(&ann, "sk-anns").await;
    let stored = request(&ann, "POST", CHAT).body(Body::from(r#"{"model":"m","store":true}"#));
    let stored = lending.companion.call(stored.unwrap()).await;
    assert_eq!(
        served_by(&stored),
        format!("entry {own}"),
        "in one's own it may"
    );
}

async fn left(lending: &Lending, user: &User) -> Value {
    let me = lending.companion.api(user, "GET", "/api/v1/me", None).await;
    me.json()["limits"]["platform"]["left"].clone()
}

#[tokio::test]
async fn an_answer_that_costs_nothing_gives_the_money_back_but_not_the_request() {
    let lending = Lending::start(TIERS).await;
    let ann = lending
        .companion
        .user_with("ann", &json!({ "tier": "money" }));
    for status in [400, 429, 500] {
        lending.upstream.say(KEY, Said::from(status));
        assert_eq!(lending.chat(&ann, &[]).await.status.as_u16(), status);
        // It is given back when the answer has gone out, a moment after it has come in here.
        until(|| async { left(&lending, &ann).await["usdToday"] == json!(0.02) }).await;
    }
    // Both before and after it was written.
    for _ in 0..2 {
        let left = left(&lending, &ann).await;
        assert_eq!(
            (&left["usdToday"], &left["requestsToday"]),
            (&json!(0.02), &json!(997))
        );
        let written = lending.companion.state.store.flush_settlements().await;
        written.unwrap();
    }
}

#[tokio::test]
async fn tiers_decide_who_may_bring_keys_and_who_is_lent_one() {
    let lending = Lending::start(TIERS).await;
    let of = |tier: &str| lending.companion.user_with("ann", &json!({ "tier": tier }));
    let (free, unlent, ended, service) = (of("free"), of("unlent"), of("ended"), of("service"));
    for (user, code) in [(&unlent, "no_credential"), (&ended, "byok_not_in_tier")] {
        assert_eq!(lending.chat(user, &[]).await.code(), Some(code));
    }
    assert_eq!(served_by(&lending.chat(&service, &[]).await), "platform");

    let id = lending.companion.add(&free, "sk-anns").await;
    lending.upstream.keys();
    let named = [("keyseal-entry", id.as_str())];
    for headers in [&[][..], &named, &[("keyseal-fallback", "keys")]] {
        for user in [&ended, &service] {
            let answer = lending.chat(user, headers).await;
            assert_eq!(answer.code(), Some("byok_not_in_tier"), "{headers:?}");
        }
    }
    assert!(lending.upstream.keys().is_empty(), "stored and unused");
    let path = format!("/api/v1/api-keys/{id}");
    let kept = lending.companion.api(&ended, "GET", &path, None).await;
    assert_eq!(kept.status, StatusCode::OK, "and still there");
    lending.allow(&service, json!(true)).await;
    assert_eq!(served_by(&lending.chat(&service, &[]).await), "platform");
    assert_eq!(
        lending.chat(&ended, &[]).await.code(),
        Some("byok_not_in_tier")
    );
    let again = lending.chat(&free, &[]).await;
    assert_eq!(
        served_by(&again),
        format!("entry {id}"),
        "used again once the tier allows it"
    );
}

#[tokio::test]
async fn me_and_the_catalogue_say_what_is_lent() {
    let lending = Lending::start(TIERS).await;
    let of = |tier: &str| lending.companion.user_with("ann", &json!({ "tier": tier }));
    let me = lending
        .companion
        .api(&of("money"), "GET", "/api/v1/me", None)
        .await
        .json();
    assert_eq!(me["limits"]["byok"], true);
    let platform = &me["limits"]["platform"];
    assert_eq!(platform["requestsPerMinute"], 1000);
    assert_eq!(platform["usdPerDay"], 0.02);
    let left = &platform["left"];
    assert_eq!(
        (&left["requestsThisMinute"], &left["usdToday"]),
        (&json!(1000), &json!(0.02))
    );
    assert!(left["dayEndsAt"].as_str().unwrap().contains("T00:00:00"));
    let me = lending
        .companion
        .api(&of("ended"), "GET", "/api/v1/me", None)
        .await
        .json();
    assert_eq!(
        (&me["limits"]["byok"], &me["limits"]["platform"]),
        (&json!(false), &json!(null))
    );

    for (tier, lent) in [("money", true), ("unlent", false)] {
        let answer = lending
            .companion
            .api(&of(tier), "GET", "/api/v1/providers", None)
            .await;
        let listed = answer.json();
        for provider in listed["providers"].as_array().unwrap() {
            let expected = lent && provider["id"] == "openai";
            assert_eq!(
                provider["platformAvailable"], expected,
                "{tier} {}",
                provider["id"]
            );
        }
    }
}

#[tokio::test]
async fn the_companion_does_not_start_with_a_key_file_that_anyone_may_read_or_that_holds_none() {
    for (text, mode, said) in [
        (KEY, 0o644, "chmod 600"),
        ("", 0o600, "empty"),
        ("\n", 0o600, "empty"),
        ("short", 0o600, "bytes"),
        ("sk-changeme-changeme", 0o600, "default"),
        ("sk-two keys-in-one", 0o600, "one key"),
        ("sk-with-\u{e9}-within", 0o600, "visible ASCII"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let file = key_file(&folder, text, mode);
        let refused = load(&file.display().to_string());
        assert!(refused.contains(said), "{text:?}: {refused}");
        assert!(
            refused.contains("providers.openai.platform_key_file"),
            "{refused}"
        );
        assert!(
            text.trim().is_empty() || !refused.contains(text),
            "never the key itself"
        );
    }
    assert!(load("/nowhere/openai.key").contains("cannot be read"));
}

fn load(file: &str) -> String {
    let pairs = [("KEYSEAL__PROVIDERS__OPENAI__PLATFORM_KEY_FILE", file)];
    let loaded = keyseal_server::config::Config::from_pairs(None, &pairs);
    loaded.err().expect("a refusal").to_string()
}
