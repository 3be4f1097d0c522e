//! How a relay ends when neither side is done.

use std::time::Duration;

use futures_util::SinkExt;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};
use tokio_tungstenite::tungstenite::Message;

use crate::browser::{Relay, hello, protocols, request};
use crate::companion::{Companion, User};
use crate::provider::Provider;
use crate::until::until;

async fn open(companion: &Companion, provider: &Provider, user: &User) -> (Relay, TcpStream) {
    let mut relay = Relay::open(companion, user).await;
    let whole = hello("localhost");
    relay.send(whole.clone()).await;
    let mut stream = provider.accept().await;
    let mut got = vec![0; whole.len()];
    stream.read_exact(&mut got).await.unwrap();
    (relay, stream)
}

/// The provider's side has ended too.
async fn is_over(stream: &mut TcpStream) -> bool {
    let mut rest = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut rest)).await;
    read.is_ok()
}

#[tokio::test]
async fn what_a_provider_sent_before_it_closed_arrives_and_a_reset_is_told() {
    let provider = Provider::start().await;
    let companion = Companion::start(&provider.origin(), "").await;
    let ann = companion.user("ann");
    let (mut relay, mut stream) = open(&companion, &provider, &ann).await;
    stream.write_all(&[9; 300_000]).await.unwrap();
    // It closes its side alone; what the caller still sends is not asked for.
    stream.shutdown().await.unwrap();
    relay.send(vec![1; 1000]).await;
    assert_eq!(relay.take(300_000).await, [9; 300_000]);
    assert_eq!(relay.end().await, (1000, String::new()));

    let (mut relay, stream) = open(&companion, &provider, &ann).await;
    #[expect(deprecated, reason = "a reset is what this is about")]
    stream.set_linger(Some(Duration::ZERO)).unwrap();
    drop(stream);
    assert_eq!(relay.end().await, (4502, "upstream_unreachable".to_owned()));

    let port = provider.port;
    drop(provider);
    let mut relay = Relay::open(&companion, &ann).await;
    relay.send(hello("localhost")).await;
    let end = relay.end().await;
    assert_eq!(end, (4502, "upstream_unreachable".to_owned()), "{port}");
    until(|| async { companion.state.relays.count() == 0 }).await;

    // The one that failed is written down too, once; nothing of what was relayed is.
    let mut again = Relay::open(&companion, &ann).await;
    again.send(hello("localhost")).await;
    assert_eq!(again.end().await, end);
    until(|| async { companion.state.relays.count() == 0 }).await;
    let notes = companion.api(&ann, "GET", "/api/v1/audit", None).await;
    let notes = notes.json()["events"].clone();
    let notes = notes.as_array().unwrap();
    assert_eq!(notes.len(), 3, "{notes:?}");
    let failed = &notes[0];
    assert_eq!(
        (&failed["action"], &failed["provider"], &failed["detail"]),
        (
            &"relay.close".into(),
            &"openai".into(),
            &format!("localhost:{port}, upstream_unreachable").into()
        )
    );
}

#[tokio::test]
async fn a_caller_that_is_gone_ends_it_at_the_provider() {
    let provider = Provider::start().await;
    let companion = Companion::start(&provider.origin(), "").await;
    let ann = companion.user("ann");
    let (relay, mut stream) = open(&companion, &provider, &ann).await;
    drop(relay);
    assert!(is_over(&mut stream).await);
    // Also one that says goodbye and one that breaks the WebSocket's rules.
    let (mut relay, mut stream) = open(&companion, &provider, &ann).await;
    relay.socket.close(None).await.unwrap();
    assert!(is_over(&mut stream).await);
    let (mut relay, mut stream) = open(&companion, &provider, &ann).await;
    let raw = relay.socket.get_mut();
    raw.write_all(&[0xf2, 0x80, 0, 0, 0, 0]).await.unwrap();
    assert_eq!(relay.end().await.0, 4400);
    assert!(is_over(&mut stream).await);
    until(|| async { companion.state.relays.count() == 0 }).await;
}

#[tokio::test]
async fn silence_ends_it_and_pings_are_silence() {
    let provider = Provider::start().await;
    let more = "[limits]\nrelay_idle_seconds = 1\nrelay_total_seconds = 2\n";
    let companion = Companion::start(&provider.origin(), more).await;
    let ann = companion.user("ann");
    let idle = (4408, "relay_idle".to_owned());
    let silent = async {
        let (mut relay, mut stream) = open(&companion, &provider, &ann).await;
        assert_eq!(relay.end().await, idle);
        assert!(is_over(&mut stream).await);
    };
    silent.await;
    let no_hello = async { Relay::open(&companion, &ann).await.end().await };
    // A ClientHello byte by byte is not waited for.
    let slow = async {
        let mut relay = Relay::open(&companion, &ann).await;
        for byte in hello("localhost") {
            let sent = relay.socket.send(Message::binary(vec![byte])).await;
            if sent.is_err() {
                break;
            }
            sleep(Duration::from_millis(100)).await;
        }
        relay.end().await
    };
    let noisy = async {
        let mut relay = Relay::open(&companion, &ann).await;
        for _ in 0..30 {
            let ping = relay.socket.send(Message::Ping("still here".into())).await;
            let empty = relay.socket.send(Message::binary(Vec::new())).await;
            let nothing = relay.socket.send(Message::text("ack 0")).await;
            if ping.and(empty).and(nothing).is_err() {
                break;
            }
            sleep(Duration::from_millis(100)).await;
        }
        relay.end().await
    };
    let (no_hello, slow, noisy) = tokio::join!(no_hello, slow, noisy);
    assert_eq!((&no_hello, &slow, &noisy), (&idle, &idle, &idle));

    // One that is never silent ends all the same.
    let (mut relay, mut stream) = open(&companion, &provider, &ann).await;
    let busy = tokio::spawn(async move {
        while stream.write_all(b"tick").await.is_ok() {
            sleep(Duration::from_millis(100)).await;
        }
    });
    assert_eq!(relay.end().await, (4409, "relay_time_over".to_owned()));
    busy.await.unwrap();
}

#[tokio::test]
async fn it_ends_with_the_token() {
    let provider = Provider::start().await;
    let companion = Companion::start(&provider.origin(), "").await;
    // As long after its end as clocks may differ, a token is still taken: 2 seconds of that are left.
    let exp = keyseal_server::clock::seconds() - 58;
    let ann = companion.user_with("ann", &json!({ "exp": exp }));
    let (mut relay, mut stream) = open(&companion, &provider, &ann).await;
    stream.write_all(b"first").await.unwrap();
    assert_eq!(relay.take(5).await, b"first");
    assert_eq!(relay.end().await, (4401, "unauthorized".to_owned()));
    assert!(is_over(&mut stream).await);
    let asked = request(&companion, "/relay/openai", &protocols(&ann));
    let refused = Relay::ask(&companion, asked).await.err().unwrap();
    assert_eq!(refused.status.as_u16(), 401);
}

#[tokio::test]
async fn a_restart_ends_it_at_once_and_says_so() {
    let provider = Provider::start().await;
    let companion = Companion::start(&provider.origin(), "").await;
    let ann = companion.user("ann");
    let (mut relay, mut stream) = open(&companion, &provider, &ann).await;
    // One that reads nothing at all must not hold it up.
    let (deaf, mut flooding) = open(&companion, &provider, &ann).await;
    tokio::spawn(async move { while flooding.write_all(&[1; 100_000]).await.is_ok() {} });
    stream.write_all(b"first").await.unwrap();
    assert_eq!(relay.take(5).await, b"first");
    let start = Instant::now();
    let origin = provider.origin();
    let restarting = companion.restart(&origin, "");
    let (companion, end) = tokio::join!(restarting, relay.end());
    assert_eq!(end, (4503, "unavailable".to_owned()));
    assert!(is_over(&mut stream).await);
    assert!(
        start.elapsed() < Duration::from_secs(8),
        "streams are cut only after that"
    );
    let notes = companion
        .api(&ann, "GET", "/api/v1/audit", None)
        .await
        .json();
    let notes = notes["events"].as_array().unwrap();
    assert_eq!(notes.len(), 2, "{notes:?}");
    for note in notes {
        let detail = note["detail"].as_str().unwrap();
        assert!(detail.ends_with(", unavailable"), "{detail}");
    }
    drop(deaf);
}
