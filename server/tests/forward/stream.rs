//! Streams: every piece as it comes, and an end when it should end.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use futures_util::stream::{self, StreamExt};
use http::StatusCode;

use crate::caller::{begin, piece};
use crate::companion::{Browser, Companion, claims, request};
use crate::upstream::{PIECE, Upstream};

const STREAM: &str = "/forward/openai/v1/files/stream";

#[tokio::test]
async fn both_kinds_of_storage_stream_piece_by_piece() {
    let upstream = Upstream::start().await;
    let companion = Companion::start(&upstream.origin(), "").await;
    let ann = companion.user("ann");
    companion.add(&ann, "sk-stored").await;
    let browser = Browser::new(&companion, &ann);
    let envelope = browser.envelope(&claims(&ann, "POST", STREAM, "sk-in-the-browser"));

    let stored = request(&ann, "POST", STREAM);
    let own = request(&ann, "POST", STREAM)
        .header("keyseal-session", browser.session.jwe())
        .header("keyseal-key", envelope);
    for (asked, served_by, key) in [
        (stored, "entry", "Bearer sk-stored"),
        (own, "envelope", "Bearer sk-in-the-browser"),
    ] {
        let answer = begin(companion.address, asked.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status(), StatusCode::OK);
        let header = answer.headers()["keyseal-served-by"]
            .to_str()
            .unwrap()
            .to_owned();
        assert!(header.starts_with(served_by), "{header}");
        assert_eq!(upstream.last().headers["authorization"], key);
        assert!(
            !upstream
                .last()
                .headers
                .keys()
                .any(|name| name.as_str().starts_with("keyseal"))
        );
        let mut body = answer.into_body();
        for expected in 0..5 {
            // The next piece is sent only once this one has arrived.
            upstream.release(1);
            let text = piece(&mut body).await.unwrap().unwrap();
            assert_eq!(text, format!("data: {expected}\n\n"));
        }
    }
    assert_eq!(upstream.left(2).await, 2);
}

#[tokio::test]
async fn a_caller_who_leaves_cancels_the_request_at_the_provider() {
    let upstream = Upstream::start().await;
    let companion = Companion::start(&upstream.origin(), "").await;
    let ann = companion.user("ann");
    companion.add(&ann, "sk-stored").await;

    let asked = request(&ann, "POST", STREAM).body(Body::empty()).unwrap();
    let mut body = begin(companion.address, asked).await.into_body();
    upstream.release(1);
    piece(&mut body).await.unwrap().unwrap();
    drop(body);
    assert_eq!(upstream.left(1).await, 1, "in the middle of a stream");

    let asked = request(&ann, "POST", "/forward/openai/v1/files/silent")
        .body(Body::empty())
        .unwrap();
    let waiting = tokio::spawn(begin(companion.address, asked));
    while upstream.seen().len() < 2 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    waiting.abort();
    assert_eq!(upstream.left(2).await, 2, "while waiting for an answer");
}

#[tokio::test]
async fn a_provider_that_breaks_off_breaks_the_answer_off() {
    let upstream = Upstream::start().await;
    let companion = Companion::start(&upstream.origin(), "").await;
    let ann = companion.user("ann");
    companion.add(&ann, "sk-stored").await;
    let asked = request(&ann, "POST", "/forward/openai/v1/files/reset")
        .body(Body::empty())
        .unwrap();
    let mut body = begin(companion.address, asked).await.into_body();
    upstream.release(3);
    let mut text = String::new();
    let broken = loop {
        match piece(&mut body).await {
            Some(Ok(data)) => text.push_str(&data),
            Some(Err(_)) => break true,
            None => break false,
        }
    };
    assert!(broken, "a broken stream must not look whole");
    assert_eq!(text, "data: 0\n\ndata: 1\n\ndata: 2\n\n");
    // Others are unharmed.
    assert_eq!(
        companion
            .forward(&ann, "GET", "/forward/openai/v1/models")
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn a_revoke_ends_what_runs_under_the_entry_within_a_second() {
    let upstream = Upstream::start().await;
    let companion = Companion::start(&upstream.origin(), "").await;
    let ann = companion.user("ann");
    let doomed = companion.add(&ann, "sk-doomed").await;
    let other = companion.add(&ann, "sk-other").await;

    let under = |id: &str, path: &str| {
        request(&ann, "POST", path)
            .header("keyseal-entry", id)
            .body(Body::empty())
            .unwrap()
    };
    let mut stream = begin(companion.address, under(&doomed, STREAM))
        .await
        .into_body();
    let mut kept = begin(companion.address, under(&other, STREAM))
        .await
        .into_body();
    upstream.release(2);
    piece(&mut stream).await.unwrap().unwrap();
    piece(&mut kept).await.unwrap().unwrap();
    let silent = under(&doomed, "/forward/openai/v1/files/silent");
    let waiting = tokio::spawn(crate::caller::call(companion.address, silent));
    while upstream.seen().len() < 3 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }

    let revoked = companion
        .api(&ann, "DELETE", &format!("/api/v1/api-keys/{doomed}"), None)
        .await;
    assert_eq!(revoked.status, StatusCode::NO_CONTENT);
    let started = Instant::now();
    assert!(piece(&mut stream).await.unwrap().is_err());
    assert_eq!(waiting.await.unwrap().code(), Some("no_credential"));
    assert!(
        started.elapsed() < Duration::from_secs(1),
        "{:?}",
        started.elapsed()
    );
    assert_eq!(upstream.left(2).await, 2, "the provider's side ended too");

    let named = companion
        .call(under(&doomed, "/forward/openai/v1/models"))
        .await;
    assert_eq!(
        named.code(),
        Some("no_credential"),
        "at once for new requests"
    );
    upstream.release(1);
    assert!(
        piece(&mut kept).await.unwrap().is_ok(),
        "another entry's stream goes on"
    );
}

#[tokio::test]
async fn every_method_passes_with_its_body_and_head_without_one() {
    let upstream = Upstream::start().await;
    let companion = Companion::start(&upstream.origin(), "").await;
    let ann = companion.user("ann");
    companion.add(&ann, "sk-stored").await;
    for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] {
        let body = if ["GET", "HEAD"].contains(&method) {
            ""
        } else {
            "body"
        };
        let asked = request(&ann, method, "/forward/openai/v1/files/x")
            .body(Body::from(body))
            .unwrap();
        let answer = companion.call(asked).await;
        assert_eq!(answer.status, StatusCode::OK, "{method}");
        let seen = upstream.last();
        assert_eq!((seen.method.as_str(), seen.body), (method, body.len()));
        assert_eq!(answer.body.is_empty(), method == "HEAD");
    }
}

/// What the sockets between may hold; beyond it somebody keeps what has to wait.
const IN_FLIGHT: usize = 24 * 1024 * 1024;

#[tokio::test]
async fn a_living_stream_may_pause_for_longer_than_an_answer_may_take_to_begin() {
    let upstream = Upstream::start().await;
    let more = "[upstream]\nfirst_byte_timeout_seconds = 1\n";
    let companion = Companion::start(&upstream.origin(), more).await;
    let ann = companion.user("ann");
    companion.add(&ann, "sk-stored").await;
    let asked = request(&ann, "POST", STREAM).body(Body::empty()).unwrap();
    let mut body = begin(companion.address, asked).await.into_body();
    for expected in 0..2 {
        tokio::time::sleep(Duration::from_millis(1500)).await;
        upstream.release(1);
        let text = piece(&mut body).await.unwrap().unwrap();
        assert_eq!(text, format!("data: {expected}\n\n"));
    }
}

#[tokio::test]
async fn a_multipart_upload_larger_than_what_is_kept_passes_with_its_boundary() {
    let upstream = Upstream::start().await;
    let more = "[limits]\nretry_body_bytes = 1024\n";
    let companion = Companion::start(&upstream.origin(), more).await;
    let ann = companion.user("ann");
    companion.add(&ann, "sk-stored").await;
    let file = "x".repeat(3 * 1024 * 1024);
    let whole = format!(
        "--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.bin\"\r\n\r\n{file}\r\n--edge--\r\n"
    );
    let length = whole.len();
    let asked = request(&ann, "POST", "/forward/openai/v1/files")
        .header("content-type", "multipart/form-data; boundary=edge")
        .body(Body::from(whole))
        .unwrap();
    let answer = companion.call(asked).await;
    assert_eq!(answer.json()["received"], length, "{}", answer.text());
    let seen = upstream.last();
    assert_eq!(
        seen.headers["content-type"],
        "multipart/form-data; boundary=edge"
    );
    assert_eq!(seen.headers["content-length"], length.to_string());
}

#[tokio::test]
async fn an_upload_waits_at_the_caller_until_the_provider_takes_it() {
    let upstream = Upstream::start().await;
    let companion = Companion::start(&upstream.origin(), "").await;
    let ann = companion.user("ann");
    companion.add(&ann, "sk-stored").await;
    let taken = Arc::new(AtomicUsize::new(0));
    let (counted, piece) = (Arc::clone(&taken), Bytes::from(vec![b'x'; PIECE]));
    let pieces = stream::iter(0..1024).map(move |_| {
        counted.fetch_add(PIECE, Ordering::SeqCst);
        Ok::<_, std::io::Error>(piece.clone())
    });
    let asked = request(&ann, "POST", "/forward/openai/v1/files/late-reader");
    let asked = asked.body(Body::from_stream(pieces)).unwrap();
    let uploading = tokio::spawn(crate::caller::call(companion.address, asked));
    let waiting = settled(|| taken.load(Ordering::SeqCst)).await;
    assert!(
        waiting < IN_FLIGHT,
        "{waiting} bytes on their way to nobody"
    );
    upstream.release(1);
    assert_eq!(
        uploading.await.unwrap().json()["received"],
        64 * 1024 * 1024
    );
}

#[tokio::test]
async fn an_answer_waits_at_the_provider_until_the_caller_takes_it() {
    let upstream = Upstream::start().await;
    let companion = Companion::start(&upstream.origin(), "").await;
    let ann = companion.user("ann");
    companion.add(&ann, "sk-stored").await;
    let asked = request(&ann, "GET", "/forward/openai/v1/files/long")
        .body(Body::empty())
        .unwrap();
    let mut body = begin(companion.address, asked).await.into_body();
    let waiting = settled(|| upstream.sent()).await;
    assert!(
        waiting < IN_FLIGHT,
        "{waiting} bytes on their way to nobody"
    );
    let models = "/forward/openai/v1/models";
    let other = companion.forward(&ann, "GET", models).await;
    assert_eq!(other.status, StatusCode::OK, "nobody else waits for that");
    let mut length = 0;
    while let Some(next) = piece(&mut body).await {
        length += next.unwrap().len();
    }
    assert_eq!(length, 64 * 1024 * 1024);
}

#[tokio::test]
async fn a_provider_that_answers_before_it_has_read_all_is_heard() {
    let upstream = Upstream::start().await;
    let companion = Companion::start(&upstream.origin(), "").await;
    let ann = companion.user("ann");
    companion.add(&ann, "sk-stored").await;
    for size in [10, 1024 * 1024, 32 * 1024 * 1024] {
        let asked = request(&ann, "POST", "/forward/openai/v1/files/hasty");
        let asked = asked.body(Body::from(vec![b'x'; size])).unwrap();
        let answer = begin(companion.address, asked).await;
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{size} bytes");
    }
}

/// The value, once it has stopped growing.
async fn settled(value: impl Fn() -> usize) -> usize {
    let mut last = 0;
    loop {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let now = value();
        if now == last && now > 0 {
            return now;
        }
        last = now;
    }
}

#[tokio::test]
async fn big_answers_pass_whole() {
    let upstream = Upstream::start().await;
    let companion = Companion::start(&upstream.origin(), "").await;
    let ann = companion.user("ann");
    companion.add(&ann, "sk-stored").await;
    let answer = companion
        .forward(&ann, "GET", "/forward/openai/v1/files/big")
        .await;
    assert_eq!(answer.body.len(), 8 * 1024 * 1024);
    assert!(answer.body.iter().all(|byte| *byte == b'z'));
}

#[tokio::test]
async fn a_revoke_on_one_replica_holds_on_the_others_within_a_second() {
    let upstream = Upstream::start().await;
    let companion = Companion::start(&upstream.origin(), "").await;
    let replica = companion.replica(&upstream.origin()).await;
    let ann = companion.user("ann");
    let id = companion.add(&ann, "sk-doomed").await;
    let asked = request(&ann, "POST", STREAM).body(Body::empty()).unwrap();
    let mut stream = begin(replica.address, asked).await.into_body();
    upstream.release(1);
    piece(&mut stream).await.unwrap().unwrap();

    let path = format!("/api/v1/api-keys/{id}");
    let revoked = companion.api(&ann, "DELETE", &path, None).await;
    assert_eq!(revoked.status, StatusCode::NO_CONTENT);
    let started = Instant::now();
    assert!(piece(&mut stream).await.unwrap().is_err());
    assert!(
        started.elapsed() < Duration::from_secs(1),
        "{:?}",
        started.elapsed()
    );
    let after = replica
        .forward(&ann, "GET", "/forward/openai/v1/models")
        .await;
    assert_eq!(after.code(), Some("no_credential"));
}
