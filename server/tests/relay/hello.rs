//! What has to come first, and what must not come at all.

use std::sync::Arc;

use tokio::io::AsyncReadExt;
use tokio_tungstenite::tungstenite::Message;

use futures_util::SinkExt;

use crate::browser::{Relay, hello, hello_by};
use crate::companion::Companion;
use crate::provider::Provider;
use crate::provider_tls;
use crate::until::until;

async fn refused(companion: &Companion, messages: Vec<Message>) {
    let mut relay = Relay::open(companion, &companion.user("ann")).await;
    let shown = format!("{:.60?}", messages.first());
    for message in messages {
        // It may be closed before the last one.
        if relay.socket.send(message).await.is_err() {
            break;
        }
    }
    let end = relay.end().await;
    assert_eq!(end, (4400, "relay_refused".to_owned()), "{shown}");
}

#[tokio::test]
async fn nothing_but_a_hello_for_the_host_reaches_the_provider() {
    let provider = Provider::start().await;
    let companion = Companion::start(&provider.origin(), "").await;
    let whole = hello("localhost");
    let mut without_sni = provider_tls::client();
    without_sni.enable_sni = false;
    let mut endless = vec![0x16, 3, 1, 0x40, 0, 1, 0, 0xff, 0xff];
    endless.resize(17 * 1024, 0);
    let text = |text: &str| vec![Message::text(text)];
    let bytes = |bytes: &[u8]| vec![Message::binary(bytes.to_vec())];
    for messages in [
        bytes(b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        bytes(b"SSH-2.0-OpenSSH_9.6\r\n"),
        bytes(&[0; 600]),
        bytes(&hello("evil.example.com")),
        bytes(&hello("localhost.evil.example.com")),
        bytes(&hello("127.0.0.1")),
        bytes(&hello_by(without_sni, "localhost")),
        bytes(&endless),
        endless
            .chunks(100)
            .map(|part| Message::binary(part.to_vec()))
            .collect(),
        bytes(&vec![0x16; 65_537]), // a longer frame than there are
        text("ack 1"),
        text("ack -1"),
        text("hello"),
        text(""),
        vec![
            Message::binary(whole[..100].to_vec()),
            Message::text("ack 7"),
        ],
        vec![Message::text("x".repeat(70_000))],
    ] {
        refused(&companion, messages).await;
    }
    assert!(!provider.was_reached().await);
    until(|| async { companion.state.relays.count() == 0 }).await;
    // Told once, not for each: nobody fills the disk with refusals.
    let ann = companion.user("ann");
    let notes = companion
        .api(&ann, "GET", "/api/v1/audit", None)
        .await
        .json();
    let notes = notes["events"].as_array().unwrap();
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert_eq!(notes[0]["action"], "request.refuse");
    assert_eq!(notes[0]["detail"], "relay_refused");
}

#[tokio::test]
async fn a_hello_in_many_frames_passes_on_as_it_came() {
    let provider = Provider::start().await;
    let companion = Companion::start(&provider.origin(), "").await;
    let ann = companion.user("ann");
    let whole = hello("localhost");
    let mut relay = Relay::open(&companion, &ann).await;
    relay.say("ack 0").await;
    for part in whole.chunks(3) {
        relay.send(part.to_vec()).await;
        relay.socket.send(Message::Ping("x".into())).await.unwrap();
        relay
            .socket
            .send(Message::binary(Vec::new()))
            .await
            .unwrap();
    }
    relay
        .send(&b"and what follows, which is nobody's business"[..])
        .await;
    let mut seen = provider.accept().await;
    let expected = [&whole[..], b"and what follows, which is nobody's business"].concat();
    let mut got = vec![0; expected.len()];
    seen.read_exact(&mut got).await.unwrap();
    assert_eq!(got, expected);
    relay.socket.close(None).await.unwrap();
    assert_eq!(
        seen.read(&mut got).await.unwrap(),
        0,
        "the end reaches the provider"
    );
}

#[tokio::test]
async fn tls_passes_whole_and_the_provider_speaks_for_itself() {
    use tokio::io::AsyncWriteExt;
    let provider = Provider::start().await;
    let companion = Companion::start(&provider.origin(), "").await;
    let ann = companion.user("ann");
    let path = format!("/relay/openai?host=localhost%3A{}", provider.port);
    for path in ["/relay/openai", &path] {
        let asked = crate::browser::request(&companion, path, &crate::browser::protocols(&ann));
        let relay = Relay::ask(&companion, asked).await.unwrap();
        let serving = async {
            let accepted = provider.accept().await;
            let mut tls = provider_tls::acceptor(&[]).accept(accepted).await.unwrap();
            let mut asked = [0; 4];
            tls.read_exact(&mut asked).await.unwrap();
            tls.write_all(b"pong").await.unwrap();
            tls.shutdown().await.unwrap();
            asked
        };
        let asking = async {
            let mut tls = relay.tls(Arc::new(provider_tls::client())).await;
            tls.write_all(b"ping").await.unwrap();
            let mut answer = Vec::new();
            tls.read_to_end(&mut answer).await.unwrap();
            answer
        };
        let (asked, answer) = tokio::join!(serving, asking);
        assert_eq!((&asked, &answer[..]), (b"ping", &b"pong"[..]));
    }
}
