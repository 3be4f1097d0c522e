//! Callers and providers that do not keep to HTTP: a clear end, and nobody else is harmed.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use http::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::companion::{Companion, User, request};
use crate::upstream::Upstream;

const MODELS: &str = "/forward/openai/v1/models";

/// A provider that writes these bytes in answer to whatever comes, then closes the connection.
struct Raw {
    address: SocketAddr,
    answer: Arc<Mutex<Vec<u8>>>,
}

impl Raw {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let answer = Arc::new(Mutex::new(Vec::new()));
        let bytes = Arc::clone(&answer);
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let bytes: Vec<u8> = bytes.lock().unwrap().clone();
                tokio::spawn(async move {
                    let mut request = [0; 8192];
                    let _ = stream.read(&mut request).await;
                    let _ = stream.write_all(&bytes).await;
                    let _ = stream.shutdown().await;
                });
            }
        });
        Self { address, answer }
    }

    fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    fn say(&self, answer: impl Into<Vec<u8>>) {
        *self.answer.lock().unwrap() = answer.into();
    }
}

#[tokio::test]
async fn a_provider_that_promises_more_than_it_sends_does_not_look_whole() {
    let raw = Raw::start().await;
    let companion = Companion::start(&raw.origin(), "").await;
    let ann = companion.user("ann");
    companion.add(&ann, "sk-anns").await;
    for head in [
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{\"half\":",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n8\r\n{\"half\":\r\n",
        "HTTP/1.1 401 Unauthorized\r\ncontent-length: 1000\r\n\r\n{\"half\":",
    ] {
        raw.say(head);
        let asked = format!(
            "GET {MODELS} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {}\r\n\r\n",
            ann.token
        );
        let answer = write(&companion, asked.as_bytes(), false).await;
        // Where the end is known at once, not even the head may have left.
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
        let is_whole = match head.contains("content-length: 1000") {
            true => body.len() >= 1000,
            false => body.ends_with("0\r\n\r\n"),
        };
        assert!(!is_whole, "{answer}");
        assert!(!answer.contains("keyseal-error"), "{answer}");
    }
    raw.say("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    assert_eq!(companion.forward(&ann, "GET", MODELS).await.text(), "ok");
}

#[tokio::test]
async fn what_a_provider_sends_beyond_its_own_length_reaches_nobody() {
    let raw = Raw::start().await;
    let companion = Companion::start(&raw.origin(), "").await;
    let ann = companion.user("ann");
    companion.add(&ann, "sk-anns").await;
    raw.say(
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nother",
    );
    for _ in 0..3 {
        let answer = companion.forward(&ann, "GET", MODELS).await;
        assert_eq!(
            (answer.status, answer.text().as_str()),
            (StatusCode::OK, "ok")
        );
    }
}

#[tokio::test]
async fn a_provider_that_speaks_no_http_or_too_much_of_it_is_a_clear_error() {
    let raw = Raw::start().await;
    let companion = Companion::start(&raw.origin(), "").await;
    let ann = companion.user("ann");
    companion.add(&ann, "sk-anns").await;
    let many: String = (0..5_000).map(|n| format!("x-{n}: 1\r\n")).collect();
    let long = "y".repeat(8 * 1024 * 1024);
    for bytes in [
        String::new(),
        "SSH-2.0-OpenSSH_9.9\r\n".into(),
        "\0\u{1}\u{2}\u{3}".repeat(100),
        "HTTP/9.9 200 OK\r\n\r\n".into(),
        "HTTP/1.1 999999 OK\r\n\r\n".into(),
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nabcdef".into(),
        "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n".into(),
        format!("HTTP/1.1 200 OK\r\n{many}\r\n"),
        format!("HTTP/1.1 200 OK\r\nx: {long}\r\n\r\n"),
    ] {
        raw.say(bytes.clone());
        let answer = companion.forward(&ann, "GET", MODELS).await;
        let said = (answer.status, answer.code());
        let shown: String = bytes.chars().take(60).collect();
        assert_eq!(
            said,
            (StatusCode::BAD_GATEWAY, Some("upstream_unreachable")),
            "{shown:?}"
        );
    }
    raw.say("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    assert_eq!(companion.forward(&ann, "GET", MODELS).await.text(), "ok");
}

/// A JSON answer with its counts behind a hundred thousand spaces, compressed.
const BOMB: &str = "1f8b0800000000000203edc8410a82401880d1abc4bf9e3611445e26240789d4919c56e2dd73e5195abcb7fbbe35c6d2e5219ae8e77abe964831b7dd9e27000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000e06f458aefd2f6399a35e64f19e7faa8e59da7259a5b8ae73e865c5f653aee25452db51d8e71dfb61f52bf5f0dfe860100";

fn unhex(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks(2);
    let byte = |digits| u8::from_str_radix(std::str::from_utf8(digits).unwrap(), 16).unwrap();
    digits.map(byte).collect()
}

#[tokio::test]
async fn what_a_provider_says_passes_byte_for_byte_and_counts_only_where_it_can_be_read() {
    let raw = Raw::start().await;
    let companion = Companion::start(&raw.origin(), "").await;
    let ann = companion.user("ann");
    let id = companion.add(&ann, "sk-anns").await;
    let counts = r#"{"model":"gpt-4o","choices":[{}],"usage":{"prompt_tokens":7,"completion_tokens":2,"total_tokens":9}}"#;
    let stream = format!("data: {counts}\n\ndata: [DONE]\n\n");
    let endless = [b"data: ".to_vec(), vec![b'x'; 8 * 1024 * 1024]].concat();
    let binary: Vec<u8> = (0..100_000_u32)
        .map(|n| n.wrapping_mul(n).to_le_bytes()[1])
        .collect();
    let (json, sse) = ("application/json", "text/event-stream");
    let compressed = "application/json\r\ncontent-encoding: gzip";
    let cases: [(&str, Vec<u8>, bool); 11] = [
        (json, counts.into(), true),
        (sse, stream.clone().into(), true),
        (sse, endless, false),
        (sse, binary.clone(), false),
        (
            sse,
            b"data: {\n\ndata: }\n\ndata\n\n\n\nevent: x\n\n: y\n\n".to_vec(),
            false,
        ),
        (json, binary, false),
        (json, stream.into(), false),
        (sse, counts.into(), false),
        ("text/html", counts.into(), false),
        ("nonsense", counts.into(), false),
        (compressed, unhex(BOMB), false),
    ];
    let mut known = 0;
    for (number, (content_type, body, is_counted)) in cases.iter().enumerate() {
        let length = body.len();
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\n\r\n"
        );
        raw.say([head.as_bytes(), body].concat());
        let asked = request(&ann, "POST", "/forward/openai/v1/chat/completions");
        let asked = asked
            .body(Body::from(r#"{"model":"gpt-4o","stream":true}"#))
            .unwrap();
        let answer = companion.call(asked).await;
        assert_eq!(answer.status, StatusCode::OK, "{number}");
        assert!(
            answer.body == *body,
            "{number}: {} bytes of {length}",
            answer.body.len()
        );

        companion.state.write_usage().await.unwrap();
        known += u64::from(*is_counted);
        let path = format!("/api/v1/api-keys/{id}");
        let shown = companion.api(&ann, "GET", &path, None).await.json();
        let unknown = number as u64 + 1 - known;
        assert_eq!(shown["totalTokens"], known * 9, "{number}");
        assert_eq!(shown["unknownRequests"], unknown, "{number} {content_type}");
    }
    // An error that is compressed cannot be searched for the key, so it goes to nobody.
    let bomb = unhex(BOMB);
    let head = format!(
        "HTTP/1.1 401 Unauthorized\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
        bomb.len()
    );
    raw.say([head.as_bytes(), &bomb].concat());
    let answer = companion.forward(&ann, "GET", MODELS).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert!(answer.json()["error"].is_object() && answer.header("content-encoding").is_none());
}

#[tokio::test]
async fn what_the_companion_reads_itself_is_read_only_so_far() {
    let raw = Raw::start().await;
    let companion = Companion::start(&raw.origin(), "").await;
    let ann = companion.user("ann");
    let id = companion.add(&ann, "sk-anns").await;
    let models = |length: usize| {
        let id = "x".repeat(length);
        format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n{{\"data\":[{{\"id\":\"{id}\"}}]}}"
        )
    };
    raw.say(models(32 * 1024 * 1024));
    let listed = companion.forward(&ann, "GET", "/v1/models").await.json();
    assert_eq!(listed["keyseal"]["unreachable"][0], "openai");
    raw.say(models(100));
    let listed = companion.forward(&ann, "GET", "/v1/models").await.json();
    assert_eq!(listed["data"].as_array().unwrap().len(), 1);
    raw.say(models(32 * 1024 * 1024));
    let path = format!("/api/v1/api-keys/{id}/test");
    let tested = companion.api(&ann, "POST", &path, None).await;
    assert_eq!(tested.status, StatusCode::OK, "{}", tested.text());
}

/// Writes bytes to the companion and gives what it answers before it closes; `leave`: no more comes.
async fn write(companion: &Companion, bytes: &[u8], leave: bool) -> String {
    let mut stream = TcpStream::connect(companion.address).await.unwrap();
    let (mut read, mut write) = stream.split();
    let mut answer = Vec::new();
    // It may close before it has read all.
    let writing = async {
        let _ = write.write_all(bytes).await;
        if leave {
            let _ = write.shutdown().await;
        }
    };
    let reading = async {
        let _ = read.read_to_end(&mut answer).await;
    };
    tokio::join!(writing, reading);
    String::from_utf8_lossy(&answer).into_owned()
}

fn head(user: &User, more: &str) -> String {
    format!(
        "POST {MODELS} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n{more}",
        user.token
    )
}

#[tokio::test]
async fn a_caller_with_too_many_or_too_long_headers_is_refused_and_others_are_served() {
    let upstream = Upstream::start().await;
    let companion = Companion::start(&upstream.origin(), "").await;
    let ann = companion.user("ann");
    companion.add(&ann, "sk-anns").await;
    let many: String = (0..5_000).map(|n| format!("x-{n}: 1\r\n")).collect();
    let long = format!("x: {}\r\n", "y".repeat(4 * 1024 * 1024));
    let endless = "y".repeat(4 * 1024 * 1024);
    for bytes in [
        head(&ann, &format!("{many}\r\n")),
        head(&ann, &format!("{long}\r\n")),
        format!("GET /forward/openai/v1/models/{endless} HTTP/1.1\r\nhost: x\r\n\r\n"),
        endless,
    ] {
        let answer = write(&companion, bytes.as_bytes(), true).await;
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 4"),
            "{}",
            &answer[..60]
        );
        let served = companion.forward(&ann, "GET", MODELS).await;
        assert_eq!(served.status, StatusCode::OK);
    }
    assert_eq!(upstream.keys().len(), 4, "the others' only");
}

#[tokio::test]
async fn a_head_may_hold_a_large_cookie_beside_what_is_ours_and_no_more() {
    let upstream = Upstream::start().await;
    let companion = Companion::start(&upstream.origin(), "").await;
    let ann = companion.user("ann");
    companion.add(&ann, "sk-anns").await;
    let of = |length: usize| format!("cookie: a={}\r\n", "y".repeat(length));
    let enough = format!("connection: close\r\n{}\r\n", of(24 * 1024));
    let answer = write(&companion, head(&ann, &enough).as_bytes(), false).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    // Not all of it: more is not waited for.
    let much = head(&ann, &of(33 * 1024));
    let answer = write(&companion, much.as_bytes(), false).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    assert_eq!(upstream.keys().len(), 1);
}

#[tokio::test]
async fn a_caller_whose_body_is_no_body_reaches_no_provider() {
    let upstream = Upstream::start().await;
    let companion = Companion::start(&upstream.origin(), "").await;
    let ann = companion.user("ann");
    companion.add(&ann, "sk-anns").await;
    for more in [
        // Breaks off before its own length.
        "content-length: 100\r\n\r\n{\"half\":",
        "transfer-encoding: chunked\r\n\r\n5\r\n{\"hal",
        "transfer-encoding: chunked\r\n\r\nxyz\r\n{}\r\n0\r\n\r\n",
        "transfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n{}\r\n",
        "content-length: 5\r\ncontent-length: 6\r\n\r\nabcdef",
        "content-length: 18446744073709551616\r\n\r\n",
        "content-length: 99999999999\r\n\r\n{}",
    ] {
        let answer = write(&companion, head(&ann, more).as_bytes(), true).await;
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 4"),
            "{more:?}: {answer}"
        );
    }
    assert!(upstream.keys().is_empty());
    let served = companion.forward(&ann, "GET", MODELS).await;
    assert_eq!(served.status, StatusCode::OK);
}
