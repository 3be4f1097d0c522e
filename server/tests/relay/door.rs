//! Who gets in, and what the others are told.

use axum::body::Body;
use http::{HeaderValue, StatusCode};
use serde_json::json;
use tokio::io::AsyncReadExt;

use crate::browser::{Relay, hello, protocols, request};
use crate::companion::{self, Companion};
use crate::provider::Provider;
use crate::until::until;

const MORE: &str = r#"
custom_hosts = ["*.openai.azure.com"]
[providers.groq]
origin = "http://127.0.0.1:9"
allow_private = true
[providers.mistral]
origin = "https://127.0.0.1:9"
allow_private = true
[providers.together]
origin = "https://localhost:9/gateway"
allow_private = true
[cors]
origins = ["https://app.example.com"]
[limits]
relay_connections = 2
[tiers.community]
[tiers.large]
relay_connections = 3
[tiers.none]
byok = false
[tiers.off]
relay_connections = 0
"#;

#[tokio::test]
async fn nobody_gets_in_who_may_not_and_each_is_told_why() {
    let provider = Provider::start().await;
    let companion = Companion::start(&provider.origin(), MORE).await;
    let ann = companion.user("ann");
    let good = protocols(&ann);
    let no_byok = protocols(&companion.user_with("bob", &json!({ "tier": "none" })));
    let off = protocols(&companion.user_with("cem", &json!({ "tier": "off" })));
    let expired = protocols(&companion.user_with("dot", &json!({ "exp": 1_000_000_000 })));
    let key = "keyseal.relay.v1, keyseal.token.sk-ant-api03-abcdefghijklmnopqrstuvwxyz0123456789";
    let twice = format!("{good}, keyseal.token.{}", ann.token);
    let in_url = format!("/relay/openai?token={}", ann.token);
    let key_in_url = format!("/relay/openai?key={}", ann.token);
    let bare = format!("keyseal.token.{}", ann.token);
    for (path, protocols, status, code) in [
        ("/relay/openai", "keyseal.relay.v1", 401, "unauthorized"),
        ("/relay/openai", &expired, 401, "unauthorized"),
        ("/relay/openai", &twice, 401, "unauthorized"),
        ("/relay/openai", key, 401, "provider_key_as_token"),
        (&in_url, "keyseal.relay.v1", 401, "unauthorized"),
        (&in_url, &good, 401, "unauthorized"),
        (&key_in_url, &good, 401, "unauthorized"),
        ("/relay/openai", &bare, 422, "validation"),
        ("/relay/openai", &no_byok, 403, "byok_not_in_tier"),
        ("/relay/openai", &off, 403, "forbidden"),
        ("/relay/nobody", &good, 404, "provider_unknown"),
        ("/relay/evil.example.com", &good, 404, "provider_unknown"),
        ("/relay/%ff", &good, 404, "provider_unknown"),
        (
            "/relay/openai?host=evil.example.com",
            &good,
            422,
            "host_refused",
        ),
        (
            "/relay/openai?host=127.0.0.1:22",
            &good,
            422,
            "host_refused",
        ),
        ("/relay/openai?host=localhost", &good, 422, "host_refused"),
        (
            "/relay/openai?host=localhost:22",
            &good,
            422,
            "host_refused",
        ),
        ("/relay/openai?host=", &good, 422, "host_refused"),
        ("/relay/azure_openai", &good, 422, "host_refused"),
        ("/relay/groq", &good, 422, "host_refused"),
        ("/relay/mistral", &good, 422, "host_refused"),
        ("/relay/together", &good, 422, "host_refused"),
        ("/relay/demo", &good, 422, "host_refused"),
    ] {
        let refused = Relay::ask(&companion, request(&companion, path, protocols)).await;
        let refused = refused
            .err()
            .unwrap_or_else(|| panic!("{path} {protocols}"));
        let got = (refused.status.as_u16(), refused.code.as_str());
        assert_eq!(got, (status, code), "{path} {protocols}");
    }
    assert!(!provider.was_reached().await);
    let notes = companion.api(&ann, "GET", "/api/v1/audit", None).await;
    let notes = notes.json()["events"].to_string();
    assert!(notes.contains("host_refused"), "{notes}");
    assert!(
        !notes.contains("evil") && !notes.contains("relay.close"),
        "{notes}"
    );
}

#[tokio::test]
async fn only_pages_of_allowed_origins_get_in() {
    let provider = Provider::start().await;
    let companion = Companion::start(&provider.origin(), MORE).await;
    let ann = companion.user("ann");
    for (origins, admitted) in [
        (&[][..], true),
        (&["http://companion.test"], true),
        (&["https://app.example.com"], true),
        (&["https://evil.example"], false),
        (&["null"], false),
        (&["http://app.example.com"], false),
        (&["https://app.example.com", "https://evil.example"], false),
    ] {
        let mut asked = request(&companion, "/relay/openai", &protocols(&ann));
        for origin in origins {
            let origin = HeaderValue::from_static(origin);
            asked.headers_mut().append("origin", origin);
        }
        match Relay::ask(&companion, asked).await {
            Ok(mut relay) => {
                assert!(admitted, "{origins:?}");
                relay.socket.close(None).await.unwrap();
            }
            Err(refused) => {
                assert!(!admitted, "{origins:?}");
                assert_eq!(refused.status, StatusCode::FORBIDDEN);
                assert_eq!(refused.code, "forbidden");
            }
        }
        let all_ended = || async { companion.state.relays.count() == 0 };
        until(all_ended).await;
    }
}

#[tokio::test]
async fn without_a_websocket_the_same_address_says_what_stands_against_it() {
    let provider = Provider::start().await;
    let companion = Companion::start(&provider.origin(), MORE).await;
    let ann = companion.user("ann");
    let ask = async |path: &str| {
        let asked = companion::request(&ann, "GET", path);
        companion.call(asked.body(Body::empty()).unwrap()).await
    };
    let open = ask("/relay/openai").await;
    assert_eq!(
        (open.status.as_u16(), open.code()),
        (426, Some("upgrade_required"))
    );
    assert_eq!(open.header("upgrade"), Some("websocket"));
    for (path, status, code) in [
        ("/relay/nobody", 404, "provider_unknown"),
        ("/relay/openai?host=evil.example.com", 422, "host_refused"),
    ] {
        let refused = ask(path).await;
        let got = (refused.status.as_u16(), refused.code());
        assert_eq!(got, (status, Some(code)), "{path}");
    }
    let limits = ask("/.well-known/keyseal").await.json()["limits"].clone();
    assert_eq!(limits["relayConnections"], 2);
    assert_eq!(limits["relayIdleSeconds"], 120);
}

#[tokio::test]
async fn a_user_has_so_many_relays_at_once_by_tier_and_others_have_theirs() {
    let provider = Provider::start().await;
    let companion = Companion::start(&provider.origin(), MORE).await;
    let ann = companion.user("ann");
    let ask = async |protocols: &str| {
        let asked = request(&companion, "/relay/openai", protocols);
        Relay::ask(&companion, asked).await
    };
    let mut open = Vec::new();
    for _ in 0..2 {
        open.push(ask(&protocols(&ann)).await.unwrap());
    }
    let refused = ask(&protocols(&ann)).await.err().unwrap();
    assert_eq!(
        (refused.status.as_u16(), &*refused.code),
        (429, "rate_limited")
    );
    let asked = companion::request(&ann, "GET", "/relay/openai").body(Body::empty());
    let asked = companion.call(asked.unwrap()).await;
    assert_eq!(
        (asked.status.as_u16(), asked.code()),
        (429, Some("rate_limited"))
    );
    let large = protocols(&companion.user_with("bob", &json!({ "tier": "large" })));
    for _ in 0..3 {
        open.push(ask(&large).await.unwrap());
    }
    assert!(ask(&large).await.is_err());
    assert_eq!(companion.state.relays.count(), 5);

    // One that ends, however it does, makes room.
    let mut first = open.remove(0);
    first.send(&b"GET / HTTP/1.1\r\n\r\n"[..]).await;
    assert_eq!(first.end().await.0, 4400);
    drop(open.remove(0));
    until(|| async { companion.state.relays.count() == 3 }).await;
    let mut again = ask(&protocols(&ann)).await.unwrap();
    let whole = hello("localhost");
    again.send(whole.clone()).await;
    let mut got = vec![0; whole.len()];
    provider.accept().await.read_exact(&mut got).await.unwrap();
    assert_eq!((got, again.end().await.0), (whole, 1000));
}
