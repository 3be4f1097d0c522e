//! Callers who are slow or never done: each is told so or let go, and nobody else waits for them.

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::{Body, Bytes};
use futures_util::{StreamExt, future, stream};
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::caller;
use crate::companion::{Companion, User, request};
use crate::until::until;
use crate::upstream::Upstream;

const MODELS: &str = "/forward/openai/v1/models";
const CHAT: &str = "/forward/openai/v1/chat/completions";
const LONG: &str = "/forward/openai/v1/files/long";
const STREAM: &str = "/forward/openai/v1/files/stream";

/// Impatient, so that nobody has to wait here for what takes half a minute otherwise.
const LIMITS: &str = "[limits]
head_seconds = 1
body_pause_seconds = 1
retry_body_bytes = 1000
";

/// Nothing here takes longer, unless it hangs.
const PATIENCE: Duration = Duration::from_secs(20);

/// Says this, then one byte from time to time or nothing more, until the companion has closed; gives
/// what it said to that.
async fn dawdle(to: SocketAddr, name: &str, first: &str, drop: Option<u8>) -> String {
    let mut stream = TcpStream::connect(to).await.unwrap();
    stream.write_all(first.as_bytes()).await.unwrap();
    let (mut read, mut write) = stream.split();
    let mut answer = Vec::new();
    let dropping = async {
        while let Some(byte) = drop {
            sleep(Duration::from_millis(200)).await;
            if write.write_all(&[byte]).await.is_err() {
                break;
            }
        }
        std::future::pending::<()>().await;
    };
    let reading = async {
        // Closed with bytes unread, the connection ends by a reset.
        while read.read_buf(&mut answer).await.is_ok_and(|read| read > 0) {}
    };
    let closed = timeout(PATIENCE, async {
        tokio::select! { () = reading => (), () = dropping => () }
    });
    closed
        .await
        .unwrap_or_else(|_| panic!("{name}: still open"));
    String::from_utf8_lossy(&answer).into_owned()
}

fn head(user: &User, line: &str, length: usize) -> String {
    format!(
        "{line} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n",
        user.token
    )
}

#[tokio::test]
async fn who_is_too_slow_is_told_or_let_go_while_others_are_served() {
    let upstream = Upstream::start().await;
    let companion = Companion::start(&upstream.origin(), LIMITS).await;
    let ann = companion.user("ann");
    companion.add(&ann, "sk-anns").await;
    let chat = format!("POST {CHAT}");
    let long = "x".repeat(2000);
    let said_nothing = [
        ("nothing", String::new(), None),
        ("a letter", "P".into(), None),
        ("half a preface", "PRI * HTTP/2.0\r\n\r\nSM".into(), None),
        ("half a head", format!("GET {MODELS} HTTP/1.1\r\n"), None),
        (
            "a head drop by drop",
            format!("GET {MODELS} HTTP/1.1\r\nx: "),
            Some(b'y'),
        ),
    ];
    let stopped = [
        ("a short body", head(&ann, &chat, 100) + "{", None),
        ("a long body", head(&ann, &chat, 5000) + &long, None),
        (
            "an API call's body",
            head(&ann, "PATCH /api/v1/me", 5000) + "{",
            Some(b' '),
        ),
        (
            "a body of /v1",
            head(&ann, "POST /v1/chat/completions", 100) + "{",
            None,
        ),
    ];
    let metrics = companion.state.config.metrics_listen.unwrap();
    let heads = said_nothing.iter().map(async |(name, first, drop)| {
        for to in [companion.address, metrics] {
            let answer = dawdle(to, name, first, *drop).await;
            assert!(
                answer.is_empty() || answer.starts_with("HTTP/1.1 408"),
                "{name} at {to}: {answer}"
            );
        }
    });
    let bodies = stopped.iter().map(async |(name, first, drop)| {
        let answer = dawdle(companion.address, name, first, *drop).await;
        assert!(answer.starts_with("HTTP/1.1 408"), "{name}: {answer}");
        assert!(
            answer.contains("keyseal-error: validation"),
            "{name}: {answer}"
        );
    });
    let idle = async {
        let first = format!(
            "GET {MODELS} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\r\n",
            ann.token
        );
        let answer = dawdle(companion.address, "an idle connection", &first, None).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    };
    let others = async {
        for _ in 0..5 {
            let served = companion.forward(&ann, "GET", MODELS).await;
            assert_eq!(served.status, StatusCode::OK);
            sleep(Duration::from_millis(100)).await;
        }
    };
    let heads = future::join_all(heads);
    let bodies = future::join_all(bodies);
    tokio::join!(heads, bodies, idle, others);
}

#[tokio::test]
async fn who_goes_on_may_take_long_and_a_slow_provider_is_not_taken_for_a_slow_caller() {
    let upstream = Upstream::start().await;
    let companion = Companion::start(&upstream.origin(), LIMITS).await;
    let ann = companion.user("ann");
    companion.add(&ann, "sk-anns").await;
    let slowly = |piece: &'static [u8]| {
        let pieces = stream::iter(0..4).then(move |_| async move {
            sleep(Duration::from_millis(400)).await;
            Ok::<_, std::io::Error>(Bytes::from_static(piece))
        });
        let asked = request(&ann, "POST", CHAT);
        asked.body(Body::from_stream(pieces)).unwrap()
    };
    let late = request(&ann, "POST", "/forward/openai/v1/files/late-reader");
    let late = late.body(Body::from(vec![b'x'; 16 * 1024 * 1024])).unwrap();
    let read_late = async {
        sleep(Duration::from_millis(1600)).await;
        upstream.release(1);
    };
    let (kept, passed, late, ()) = tokio::join!(
        companion.call(slowly(b"xxxxx")),
        companion.call(slowly(&[b'x'; 500])),
        companion.call(late),
        read_late
    );
    assert_eq!(kept.json()["received"], 20, "{}", kept.text());
    assert_eq!(passed.json()["received"], 2000, "{}", passed.text());
    assert_eq!(late.json()["received"], 16 * 1024 * 1024, "{}", late.text());
}

#[tokio::test]
async fn a_body_without_end_is_cut_and_others_are_served() {
    let upstream = Upstream::start().await;
    let limits = "[limits]\nforward_body_bytes = 3000000\n";
    let companion = Companion::start(&upstream.origin(), limits).await;
    let ann = companion.user("ann");
    companion.add(&ann, "sk-anns").await;
    for path in [CHAT, "/v1/chat/completions", "/api/v1/api-keys"] {
        let (answer, served) = tokio::join!(
            pour(&companion, &ann, path),
            companion.forward(&ann, "GET", MODELS)
        );
        assert!(answer.starts_with("HTTP/1.1 413"), "{path}: {answer}");
        assert!(
            answer.contains("keyseal-error: too_large"),
            "{path}: {answer}"
        );
        assert_eq!(served.status, StatusCode::OK, "{path}");
    }
}

/// Asks for a long answer on a connection of HTTP/1, and reads nothing.
async fn ask_for_long(companion: &Companion, user: &User) -> TcpStream {
    let mut stream = TcpStream::connect(companion.address).await.unwrap();
    let head = head(user, &format!("GET {LONG}"), 0);
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

/// Three pieces of a body, with pauses of more than a second before each.
async fn thinking(mut body: Incoming, upstream: &Upstream) {
    for _ in 0..3 {
        sleep(Duration::from_millis(1300)).await;
        upstream.release(1);
        let piece = timeout(PATIENCE, body.frame()).await.expect("in time");
        assert!(piece.expect("goes on").is_ok());
    }
}

#[tokio::test]
async fn who_takes_nothing_of_an_answer_lets_go_of_the_provider_and_who_reads_slowly_does_not() {
    let upstream = Upstream::start().await;
    let limits = "[limits]\nanswer_pause_seconds = 1\n";
    let companion = Companion::start(&upstream.origin(), limits).await;
    let ann = companion.user("ann");
    companion.add(&ann, "sk-anns").await;
    let stream = TcpStream::connect(companion.address).await.unwrap();
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder.initial_stream_window_size(65_535);
    let (sender, connection) = builder.handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let ask = async |path: &str| {
        let asked = Request::get(format!("http://companion.test{path}"))
            .header("authorization", format!("Bearer {}", ann.token));
        let asked = asked.body(Body::empty()).unwrap();
        let answer = sender.clone().send_request(asked).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        answer.into_body()
    };

    let deaf = ask_for_long(&companion, &ann).await;
    let mut deaf_among_others = ask(LONG).await;
    let mut slow = ask_for_long(&companion, &ann).await;
    let mut slow_among_others = ask(LONG).await;
    let slowly = async move {
        let mut taken = vec![0; 512 * 1024];
        for _ in 0..20 {
            slow.read_exact(&mut taken).await.expect("goes on");
            sleep(Duration::from_millis(150)).await;
        }
    };
    let slowly_among_others = async move {
        for _ in 0..40 {
            let piece = slow_among_others.frame().await.expect("goes on");
            assert!(piece.is_ok());
            sleep(Duration::from_millis(75)).await;
        }
    };
    let thinking_among_others = thinking(ask(STREAM).await, &upstream);
    let asked = request(&ann, "GET", STREAM).body(Body::empty()).unwrap();
    let thinking_alone = caller::begin(companion.address, asked).await.into_body();
    tokio::join!(
        slowly,
        slowly_among_others,
        thinking_among_others,
        thinking(thinking_alone, &upstream)
    );

    // Those who read have left in the middle too, just now, of their own accord.
    assert_eq!(upstream.left(6).await, 6);
    let metrics = companion.metrics().await;
    assert!(
        metrics.contains("keyseal_answers_not_taken_total 2\n"),
        "{metrics}"
    );
    // What was cut does not look as if it were whole.
    let broke = async {
        while let Some(piece) = deaf_among_others.frame().await {
            if piece.is_err() {
                return true;
            }
        }
        false
    };
    assert!(timeout(PATIENCE, broke).await.expect("in time"));
    drop(deaf);
    until(|| async { companion.state.under_way.count() == 0 }).await;
}

/// Sends a body until nobody takes more of it; gives the answer.
async fn pour(companion: &Companion, user: &User, path: &str) -> String {
    let chunk = format!("4000\r\n{}\r\n", " ".repeat(0x4000));
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n",
        user.token
    );
    let mut stream = TcpStream::connect(companion.address).await.unwrap();
    let (mut read, mut write) = stream.split();
    let mut answer = Vec::new();
    let pouring = async {
        write.write_all(head.as_bytes()).await.unwrap();
        while write.write_all(chunk.as_bytes()).await.is_ok() {}
    };
    let reading = async { while read.read_buf(&mut answer).await.is_ok_and(|read| read > 0) {} };
    let ended = timeout(PATIENCE, async { tokio::join!(pouring, reading) }).await;
    ended.unwrap_or_else(|_| panic!("{path}: still taken"));
    String::from_utf8_lossy(&answer).into_owned()
}
