//! Bytes both ways, no faster than the slower side, and no more of them here than a window.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::SinkExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};
use tokio_tungstenite::tungstenite::Message;

use crate::browser::{Relay, hello};
use crate::companion::Companion;
use crate::provider::Provider;
use crate::until::until;

/// An open relay whose ClientHello the provider has read.
async fn open(companion: &Companion, provider: &Provider) -> (Relay, TcpStream) {
    let mut relay = Relay::open(companion, &companion.user("ann")).await;
    let whole = hello("localhost");
    relay.send(whole.clone()).await;
    let mut stream = provider.accept().await;
    let mut got = vec![0; whole.len()];
    stream.read_exact(&mut got).await.unwrap();
    (relay, stream)
}

fn noise(count: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let words = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    words.flatten().take(count).collect()
}

/// Waits until a count stands still.
async fn settled(count: &AtomicUsize) -> usize {
    loop {
        let before = count.load(Ordering::SeqCst);
        sleep(Duration::from_millis(300)).await;
        if count.load(Ordering::SeqCst) == before {
            return before;
        }
    }
}

#[tokio::test]
async fn all_bytes_pass_both_ways_at_once_in_their_order() {
    let provider = Provider::start().await;
    let companion = Companion::start(&provider.origin(), "").await;
    let (mut relay, stream) = open(&companion, &provider).await;
    let (up, down) = (noise(6_000_001), noise(9_000_003));
    let (mut from, mut to) = stream.into_split();
    let sent = down.clone();
    let sending = tokio::spawn(async move {
        to.write_all(&sent).await.unwrap();
        to
    });
    let count = up.len();
    let receiving = tokio::spawn(async move {
        let mut got = vec![0; count];
        from.read_exact(&mut got).await.unwrap();
        (got, from)
    });
    for (number, part) in up.chunks(64 * 1024).enumerate() {
        relay.send(part.to_vec()).await;
        if number % 3 == 0 {
            let piece = relay.take_some().await;
            assert_eq!(
                piece,
                down[relay.taken as usize - piece.len()..relay.taken as usize]
            );
        }
    }
    let already = relay.taken as usize;
    let rest = relay.take(down.len() - already).await;
    assert!(rest == down[already..], "what came down");
    let (got, from) = receiving.await.unwrap();
    assert!(got == up, "what went up");
    drop((sending.await.unwrap(), from));
    assert_eq!(relay.end().await, (1000, String::new()));

    // The operator sees how much it was, and not whose.
    until(|| async { companion.state.relays.count() == 0 }).await;
    let metrics = companion.metrics().await;
    let passed = |direction, count| {
        format!(
            "keyseal_relay_bytes_total{{provider=\"openai\",direction=\"{direction}\"}} {count}"
        )
    };
    for line in [
        passed("up", up.len() + hello("localhost").len()),
        passed("down", down.len()),
        r#"keyseal_relays_ended_total{provider="openai",end="provider"} 1"#.to_owned(),
        "keyseal_relays_open 0".to_owned(),
        r#"keyseal_requests_total{route="/relay/{provider}",method="GET",status="101",provider="openai"} 1"#
            .to_owned(),
    ] {
        assert!(metrics.lines().any(|known| known == line), "{line}\n{metrics}");
    }

    // One note of it, with what passed.
    let ann = companion.user("ann");
    until(|| async { companion.state.relays.count() == 0 }).await;
    let notes = companion
        .api(&ann, "GET", "/api/v1/audit", None)
        .await
        .json();
    let note = &notes["events"][0];
    assert_eq!(
        (&note["action"], &note["provider"]),
        (&"relay.close".into(), &"openai".into())
    );
    let detail = note["detail"].as_str().unwrap();
    let hello = hello("localhost").len();
    assert!(
        detail.starts_with(&format!(
            "up {} bytes, down {} bytes, ",
            up.len() + hello,
            down.len()
        )),
        "{detail}"
    );
    assert!(detail.ends_with("closed by the provider"), "{detail}");
    assert_eq!(notes["events"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_caller_that_takes_nothing_is_sent_a_window_and_the_provider_waits() {
    let provider = Provider::start().await;
    let companion = Companion::start(&provider.origin(), "").await;
    let (mut relay, mut stream) = open(&companion, &provider).await;
    let written = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&written);
    let all = noise(24_000_000);
    let sent = all.clone();
    let writing = tokio::spawn(async move {
        for part in sent.chunks(10_000) {
            stream.write_all(part).await.unwrap();
            counted.fetch_add(part.len(), Ordering::SeqCst);
        }
    });
    // It reads, but acknowledges nothing: a window comes, and not a byte more.
    let mut got = Vec::new();
    while got.len() < 1024 * 1024 {
        got.extend_from_slice(&relay.next().await.unwrap());
    }
    let stuck = settled(&written).await;
    assert_eq!(got.len(), 1024 * 1024);
    assert!(stuck < 16_000_000, "the provider is held back: {stuck}");
    relay.say("ack 100000").await;
    let mut more = 0;
    while more < 100_000 {
        let piece = relay.next().await.unwrap();
        more += piece.len();
        got.extend_from_slice(&piece);
    }
    assert_eq!(more, 100_000, "as much as was acknowledged");
    relay.say(&format!("ack {}", relay.taken)).await;
    let rest = relay.take(all.len() - got.len()).await;
    got.extend_from_slice(&rest);
    assert!(got == all);
    writing.await.unwrap();
    assert_eq!(relay.end().await.0, 1000);
}

#[tokio::test]
async fn a_provider_that_takes_nothing_holds_the_caller_back() {
    let provider = Provider::start().await;
    let companion = Companion::start(&provider.origin(), "").await;
    let (relay, mut stream) = open(&companion, &provider).await;
    let written = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&written);
    let all = noise(24_000_000);
    let sent = all.clone();
    let mut socket = relay.socket;
    let writing = tokio::spawn(async move {
        for part in sent.chunks(40_000) {
            socket.send(Message::binary(part.to_vec())).await.unwrap();
            counted.fetch_add(part.len(), Ordering::SeqCst);
        }
        socket
    });
    let stuck = settled(&written).await;
    assert!(stuck < 16_000_000, "the caller is held back: {stuck}");
    let mut got = vec![0; all.len()];
    stream.read_exact(&mut got).await.unwrap();
    assert!(got == all);
    writing.await.unwrap();
}

#[tokio::test]
async fn acknowledgements_that_lie_end_the_relay() {
    let provider = Provider::start().await;
    let companion = Companion::start(&provider.origin(), "").await;
    for lies in [
        &["ack 101"][..],
        &["ack 60", "ack 59"],
        &["ack 18446744073709551616"],
        &["ack 0x10"],
        &["take 10"],
    ] {
        let (mut relay, mut stream) = open(&companion, &provider).await;
        stream.write_all(&[7; 100]).await.unwrap();
        relay.take(100).await;
        for lie in lies {
            relay.say(lie).await;
        }
        assert_eq!(
            relay.end().await,
            (4400, "relay_refused".to_owned()),
            "{lies:?}"
        );
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
        assert!(rest.is_empty(), "{lies:?}");
    }
}

#[tokio::test]
async fn a_users_relays_share_so_many_bytes_a_second() {
    let provider = Provider::start().await;
    let more = "[limits]\nrelay_bytes_per_second = 1000000\n";
    let companion = Companion::start(&provider.origin(), more).await;
    let start = Instant::now();
    let passing = [(); 2].map(|()| async {
        let (mut relay, mut stream) = open(&companion, &provider).await;
        stream.write_all(&noise(600_000)).await.unwrap();
        relay.take(600_000).await;
    });
    futures_util::future::join_all(passing).await;
    let took = start.elapsed();
    assert!(took > Duration::from_millis(600), "{took:?}");
}
