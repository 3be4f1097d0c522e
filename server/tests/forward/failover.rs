//! When a key is not accepted: the next one, once each, and never a second answer to the caller.

use axum::body::{Body, Bytes};
use futures_util::stream;
use http::StatusCode;
use serde_json::json;

use crate::caller::{Answer, begin, piece};
use crate::companion::{Browser, Companion, User, claims, request};
use crate::upstream::{Said, Upstream};

const CHAT: &str = "/forward/openai/v1/chat/completions";

/// A user with so many keys, `sk-key-a`, `sk-key-b` …, and their ids.
async fn with_keys<const N: usize>(companion: &Companion) -> (User, [String; N]) {
    let ann = companion.user("ann");
    let mut ids = std::array::from_fn(|_| String::new());
    for (id, letter) in ids.iter_mut().zip('a'..) {
        *id = companion.add(&ann, &key(letter)).await;
    }
    (ann, ids)
}

fn key(letter: char) -> String {
    format!("sk-key-{letter}")
}

async fn chat(companion: &Companion, user: &User) -> Answer {
    chat_with(companion, user, &[]).await
}

async fn chat_with(companion: &Companion, user: &User, headers: &[(&str, &str)]) -> Answer {
    let mut asked = request(user, "POST", CHAT);
    for (name, value) in headers {
        asked = asked.header(*name, *value);
    }
    let body = Body::from(json!({ "model": "m", "messages": [] }).to_string());
    companion.call(asked.body(body).unwrap()).await
}

async fn entry(companion: &Companion, user: &User, id: &str) -> serde_json::Value {
    let path = format!("/api/v1/api-keys/{id}");
    companion.api(user, "GET", &path, None).await.json()
}

fn served_by(answer: &Answer) -> &str {
    answer.header("keyseal-served-by").unwrap_or_default()
}

#[tokio::test]
async fn only_answers_about_the_key_move_on_and_each_key_is_asked_once() {
    let upstream = Upstream::start().await;
    let companion = Companion::start(&upstream.origin(), "").await;
    let page = Said::from(403).header("content-type", "text/html");
    for (said, moves) in [
        (Said::from(401), true),
        (Said::from(402), true),
        (Said::from(429), true),
        (Said::from(403), true),
        (page, false),
        (Said::from(400), false),
        (Said::from(404), false),
        (Said::from(409), false),
        (Said::from(500), false),
        (Said::from(503), false),
    ] {
        let ann = companion.user(&format!("ann-{}-{moves}", said.status));
        let first = companion.add(&ann, &key('a')).await;
        let second = companion.add(&ann, &key('b')).await;
        upstream.say(&key('a'), said.clone());
        let answer = chat(&companion, &ann).await;
        let (status, by, attempts, asked) = match moves {
            true => (200, second, "2", vec![key('a'), key('b')]),
            false => (said.status, first, "1", vec![key('a')]),
        };
        assert_eq!(answer.status.as_u16(), status, "{}", said.body);
        assert_eq!(served_by(&answer), format!("entry {by}"));
        assert_eq!(answer.header("keyseal-attempts"), Some(attempts));
        assert_eq!(upstream.keys(), asked, "{}", said.status);
    }
}

#[tokio::test]
async fn the_next_key_gets_the_same_request_byte_for_byte() {
    let upstream = Upstream::start().await;
    let companion = Companion::start(&upstream.origin(), "").await;
    let (ann, _) = with_keys::<2>(&companion).await;
    upstream.say(&key('a'), Said::from(429));
    let pieces = ["{\"model\":", "\"m\"}"].map(|piece| Ok::<_, std::io::Error>(Bytes::from(piece)));
    let asked = request(&ann, "POST", &format!("{CHAT}?x=1%2F2"))
        .header("openai-beta", "x")
        .header("content-type", "application/json")
        .body(Body::from_stream(stream::iter(pieces)));
    let answer = companion.call(asked.unwrap()).await;
    assert_eq!(answer.status, StatusCode::OK);
    let seen = upstream.seen();
    assert_eq!(seen.len(), 2);
    for one in &seen {
        assert_eq!(one.uri, "/v1/chat/completions?x=1%2F2");
        assert_eq!(one.body, r#"{"model":"m"}"#.len());
        assert_eq!(one.headers["openai-beta"], "x");
        assert_eq!(one.headers["content-type"], "application/json");
    }
}

#[tokio::test]
async fn when_all_fail_the_last_answer_goes_back_unchanged_but_for_the_key() {
    let upstream = Upstream::start().await;
    let companion = Companion::start(&upstream.origin(), "").await;
    let (ann, [_, _, last]) = with_keys::<3>(&companion).await;
    upstream.say(&key('a'), Said::from(402));
    upstream.say(&key('b'), Said::from(429).header("retry-after", "11"));
    let body =
        r#"{"error":{"message":"Incorrect API key: sk-key-c","type":"invalid_request_error"}}"#;
    let refusal = Said::from(401).body(body).header("x-request-id", "req_7");
    upstream.say(&key('c'), refusal);
    let answer = chat(&companion, &ann).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(answer.text(), body.replace("sk-key-c", "********"));
    assert_eq!(answer.header("x-request-id"), Some("req_7"));
    assert_eq!(answer.header("retry-after"), None, "another key's");
    assert_eq!(answer.code(), None, "it is the provider's");
    assert_eq!(served_by(&answer), format!("entry {last}"));
    assert_eq!(answer.header("keyseal-attempts"), Some("3"));
    assert_eq!(upstream.keys(), ['a', 'b', 'c'].map(key));
}

#[tokio::test]
async fn a_refused_key_is_shown_and_skipped_until_it_tests_well() {
    let upstream = Upstream::start().await;
    let companion = Companion::start(&upstream.origin(), "").await;
    let (ann, [first, second]) = with_keys::<2>(&companion).await;
    upstream.say(&key('a'), Said::from(401));
    assert_eq!(
        served_by(&chat(&companion, &ann).await),
        format!("entry {second}")
    );
    let shown = entry(&companion, &ann, &first).await;
    assert_eq!(
        (&shown["status"], &shown["isValid"]),
        (&json!("invalid"), &json!(false))
    );
    assert!(shown["statusDetail"].as_str().unwrap().contains("refused"));
    assert_eq!(shown["lastTestedAt"], json!(null), "nobody tested it");
    upstream.keys();

    chat(&companion, &ann).await;
    assert_eq!(upstream.keys(), [key('b')], "skipped");
    let answer = chat_with(&companion, &ann, &[("keyseal-entry", &first)]).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "asked for");
    assert_eq!(upstream.keys(), [key('a')]);

    upstream.say(&key('a'), None);
    let path = format!("/api/v1/api-keys/{first}/test");
    let tested = companion.api(&ann, "POST", &path, None).await.json();
    assert_eq!(tested["status"], "valid");
    upstream.keys();
    chat(&companion, &ann).await;
    assert_eq!(upstream.keys(), [key('a')]);
}

#[tokio::test]
async fn the_only_key_is_tried_though_refused_and_a_success_takes_the_mark_away() {
    let upstream = Upstream::start().await;
    let companion = Companion::start(&upstream.origin(), "").await;
    let (ann, [only]) = with_keys::<1>(&companion).await;
    for (said, status) in [(401, "invalid"), (402, "limited")] {
        upstream.say(&key('a'), Said::from(said));
        assert_eq!(chat(&companion, &ann).await.status.as_u16(), said);
        assert_eq!(entry(&companion, &ann, &only).await["status"], status);
    }
    upstream.say(&key('a'), None);
    // A route that some providers answer without a key proves nothing.
    companion
        .forward(&ann, "GET", "/forward/openai/v1/models")
        .await;
    assert_eq!(entry(&companion, &ann, &only).await["status"], "limited");
    assert_eq!(chat(&companion, &ann).await.status, StatusCode::OK);
    let shown = entry(&companion, &ann, &only).await;
    assert_eq!(
        (&shown["status"], &shown["statusDetail"]),
        (&json!("valid"), &json!(null))
    );
}

#[tokio::test]
async fn a_key_that_has_to_wait_rests_here_and_on_other_replicas() {
    let upstream = Upstream::start().await;
    let companion = Companion::start(&upstream.origin(), "").await;
    let replica = companion.replica(&upstream.origin()).await;
    let (ann, [first, _]) = with_keys::<2>(&companion).await;
    upstream.say(&key('a'), Said::from(429).header("retry-after", "2"));
    chat(&companion, &ann).await;
    assert_eq!(upstream.keys(), ['a', 'b'].map(key));
    assert_eq!(
        entry(&companion, &ann, &first).await["status"],
        "untested",
        "waiting is no fault of the key"
    );
    let rests = entry(&companion, &ann, &first).await["restingUntil"].clone();
    assert!(rests.is_string(), "its owner is told: {rests}");
    for one in [&companion, &replica] {
        let answer = chat(one, &ann).await;
        assert_eq!(answer.header("keyseal-attempts"), Some("1"));
        assert_eq!(upstream.keys(), [key('b')], "the resting key is at the end");
    }
    // It is still there for when the others fail, and goes first again once rested.
    upstream.say(&key('b'), Said::from(402));
    upstream.say(&key('a'), None);
    chat(&companion, &ann).await;
    assert_eq!(upstream.keys(), ['b', 'a'].map(key));
    upstream.say(&key('b'), None);
    tokio::time::sleep(std::time::Duration::from_millis(2_600)).await;
    assert!(entry(&companion, &ann, &first).await["restingUntil"].is_null());
    for one in [&companion, &replica] {
        chat(one, &ann).await;
        assert_eq!(upstream.keys(), [key('a')]);
    }
}

#[tokio::test]
async fn an_sdk_that_tries_again_by_itself_does_not_multiply_what_the_provider_gets() {
    let upstream = Upstream::start().await;
    let companion = Companion::start(&upstream.origin(), "").await;
    let (ann, _) = with_keys::<4>(&companion).await;
    for letter in 'a'..='d' {
        upstream.say(&key(letter), Said::from(429).header("retry-after", "60"));
    }
    // One request and two retries, as the SDKs make them.
    for expected in [4, 1, 1] {
        let answer = chat(&companion, &ann).await;
        assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(answer.header("retry-after"), Some("60"));
        assert_eq!(upstream.keys().len(), expected);
    }
}

#[tokio::test]
async fn no_request_is_sent_more_than_ten_times() {
    let upstream = Upstream::start().await;
    let companion = Companion::start(&upstream.origin(), "").await;
    let (ann, _) = with_keys::<13>(&companion).await;
    for letter in 'a'..='m' {
        upstream.say(&key(letter), Said::from(402));
    }
    let answer = chat(&companion, &ann).await;
    assert_eq!(answer.status, StatusCode::PAYMENT_REQUIRED);
    assert_eq!(answer.header("keyseal-attempts"), Some("10"));
    assert_eq!(upstream.keys().len(), 10);
}

#[tokio::test]
async fn headers_say_how_far_a_request_may_go() {
    let upstream = Upstream::start().await;
    let companion = Companion::start(&upstream.origin(), "").await;
    let (ann, [_, second, _]) = with_keys::<3>(&companion).await;
    for letter in 'a'..='c' {
        upstream.say(&key(letter), Said::from(402));
    }
    for (headers, asked) in [
        (vec![("keyseal-fallback", "none")], vec!['a']),
        (vec![("keyseal-fallback", "keys")], vec!['a', 'b', 'c']),
        (vec![("keyseal-fallback", "platform")], vec!['a', 'b', 'c']),
        (vec![("keyseal-entry", &*second)], vec!['b']),
        (
            vec![("keyseal-entry", &*second), ("keyseal-fallback", "keys")],
            vec!['b', 'a', 'c'],
        ),
        (
            vec![("keyseal-entry", &*second), ("keyseal-fallback", "none")],
            vec!['b'],
        ),
    ] {
        chat_with(&companion, &ann, &headers).await;
        let asked: Vec<_> = asked.into_iter().map(key).collect();
        assert_eq!(upstream.keys(), asked, "{headers:?}");
    }
}

#[tokio::test]
async fn an_envelope_is_first_and_stored_entries_follow_only_where_asked() {
    let upstream = Upstream::start().await;
    let companion = Companion::start(&upstream.origin(), "").await;
    let (ann, [stored]) = with_keys::<1>(&companion).await;
    let browser = Browser::new(&companion, &ann);
    upstream.say("sk-in-the-browser", Said::from(401));
    for (fallback, status, by) in [
        (None, 401, "envelope".to_owned()),
        (Some("none"), 401, "envelope".to_owned()),
        (Some("keys"), 200, format!("entry {stored}")),
    ] {
        let envelope = browser.envelope(&claims(&ann, "POST", CHAT, "sk-in-the-browser"));
        let mut asked = request(&ann, "POST", CHAT)
            .header("keyseal-session", browser.session.jwe())
            .header("keyseal-key", envelope);
        if let Some(fallback) = fallback {
            asked = asked.header("keyseal-fallback", fallback);
        }
        let answer = companion.call(asked.body(Body::from("{}")).unwrap()).await;
        assert_eq!(answer.status.as_u16(), status, "{fallback:?}");
        assert_eq!(served_by(&answer), by);
    }
    let expected = [
        "sk-in-the-browser",
        "sk-in-the-browser",
        "sk-in-the-browser",
        "sk-key-a",
    ];
    assert_eq!(upstream.keys(), expected);
}

#[tokio::test]
async fn a_body_too_large_to_be_kept_goes_once_and_the_answer_says_so() {
    let upstream = Upstream::start().await;
    let limit = "[limits]\nretry_body_bytes = 1000\n";
    let companion = Companion::start(&upstream.origin(), limit).await;
    let (ann, _) = with_keys::<2>(&companion).await;
    for (size, asked, attempts, once) in [
        (1000, vec!['a', 'b'], "2", None),
        (1001, vec!['a'], "1", Some("once")),
        (500_000, vec!['a'], "1", Some("once")),
    ] {
        for streamed in [false, true] {
            upstream.say(&key('a'), Said::from(402));
            let body = match streamed {
                false => Body::from(vec![b'x'; size]),
                true => {
                    let piece = Ok::<_, std::io::Error>(Bytes::from(vec![b'x'; size]));
                    Body::from_stream(stream::iter([piece]))
                }
            };
            let asked_for = request(&ann, "POST", CHAT).body(body).unwrap();
            let answer = companion.call(asked_for).await;
            assert_eq!(answer.header("keyseal-attempts"), Some(attempts), "{size}");
            assert_eq!(answer.header("keyseal-body"), once, "{size} {streamed}");
            assert!(upstream.seen().iter().all(|seen| seen.body == size));
            let asked: Vec<_> = asked.iter().copied().map(key).collect();
            assert_eq!(upstream.keys(), asked, "{size}");
        }
    }
}

#[tokio::test]
async fn a_provider_that_is_gone_or_breaks_off_is_not_asked_again() {
    let upstream = Upstream::start().await;
    let companion = Companion::start(&upstream.origin(), "").await;
    let (ann, _) = with_keys::<2>(&companion).await;
    let asked = request(&ann, "POST", "/forward/openai/v1/files/reset");
    let answer = begin(companion.address, asked.body(Body::empty()).unwrap()).await;
    let mut body = answer.into_body();
    upstream.release(3);
    while let Some(Ok(_)) = piece(&mut body).await {}
    assert_eq!(upstream.keys(), [key('a')], "after the first byte never");

    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", gone.local_addr().unwrap());
    drop(gone);
    let companion = companion.restart(&origin, "").await;
    let bob = companion.user("bob");
    let id = companion.add(&bob, &key('b')).await;
    let answer = chat(&companion, &bob).await;
    assert_eq!(answer.code(), Some("upstream_unreachable"));
    // It counts as a request that failed, and not among what costs nobody knows how much.
    companion.state.write_usage().await.unwrap();
    let shown = entry(&companion, &bob, &id).await;
    assert_eq!(
        (&shown["totalRequests"], &shown["unknownRequests"]),
        (&json!(1), &json!(0))
    );
    let path = "/api/v1/usage?by=entry";
    let used = companion.api(&bob, "GET", path, None).await.json();
    assert_eq!(used["totals"]["requests"], 1);
    assert_eq!(used["totals"]["failedRequests"], 1);
    assert_eq!(used["rows"][0]["entry"], json!(id));
}

/// MiniMax says what is wrong with a key in an answer that says 200 (platform.minimax.io/docs:
/// 1004 not authorized, 1008 insufficient balance, 1002 rate limit).
#[tokio::test]
async fn an_error_that_comes_as_a_good_answer_moves_on_and_marks_the_key_too() {
    let upstream = Upstream::start().await;
    let minimax = format!(
        "[providers.minimax]\norigin = \"{}\"\nallow_private = true",
        upstream.origin()
    );
    let companion = Companion::start(&upstream.origin(), &minimax).await;
    let ann = companion.user("ann");
    let mut ids = Vec::new();
    for letter in ['a', 'b'] {
        ids.push(companion.add_for(&ann, "minimax", &key(letter)).await);
    }
    let chat = "/forward/minimax/v1/chat/completions";
    let named = async || {
        let named = request(&ann, "POST", chat)
            .header("keyseal-entry", &ids[0])
            .header("keyseal-fallback", "keys");
        companion.call(named.body(Body::from("{}")).unwrap()).await
    };
    let status = async |id: &str| entry(&companion, &ann, id).await["status"].clone();

    let (json, sse) = ("application/json", "text/event-stream; charset=utf-8");
    for (content_type, before, after) in [
        (json, "", ""),
        (sse, "data: ", "\n\n"),
        (sse, "data:", "\r\n\r\ndata: [DONE]\r\n\r\n"),
        (sse, "", ""),
    ] {
        let said = |code: u16| {
            let body = json!({ "base_resp": { "status_code": code, "status_msg": "…" } });
            let said = Said::from(200).header("content-type", content_type);
            said.body(&format!("{before}{body}{after}"))
        };
        upstream.say(&key('a'), None);
        assert_eq!(
            served_by(&named().await),
            format!("entry {}", ids[0]),
            "good again"
        );
        upstream.keys();
        upstream.say(&key('b'), said(0));
        for (code, expected) in [(1002, "untested"), (1008, "limited"), (1004, "invalid")] {
            let expected = match (status(&ids[0]).await.as_str(), code) {
                (Some("valid"), 1002) => "valid",
                _ => expected,
            };
            upstream.say(&key('a'), said(code));
            let answer = named().await;
            assert_eq!(served_by(&answer), format!("entry {}", ids[1]), "{code}");
            assert_eq!(answer.text(), said(0).body, "as it came");
            assert_eq!(upstream.keys(), ['a', 'b'].map(key), "{code}");
            assert_eq!(status(&ids[0]).await, expected, "{code}");
        }
        // When all fail, the last answer goes back as it came.
        upstream.say(&key('b'), said(1008));
        let answer = named().await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.text(), said(1008).body);
        assert_eq!(status(&ids[1]).await, "limited");
        upstream.keys();
    }
}

#[tokio::test]
async fn a_stream_in_which_an_error_may_come_first_passes_event_by_event_and_later_errors_untouched()
 {
    let upstream = Upstream::start().await;
    let minimax = format!(
        "[providers.minimax]\norigin = \"{}\"\nallow_private = true",
        upstream.origin()
    );
    let companion = Companion::start(&upstream.origin(), &minimax).await;
    let ann = companion.user("ann");
    let id = companion.add_for(&ann, "minimax", &key('a')).await;
    companion.add_for(&ann, "minimax", &key('b')).await;
    upstream.release(1);
    let asked = request(&ann, "POST", "/forward/minimax/v1/files/stream");
    let answer = begin(companion.address, asked.body(Body::empty()).unwrap()).await;
    let mut body = answer.into_body();
    for expected in 0..4 {
        let text = piece(&mut body).await.unwrap().unwrap();
        assert_eq!(text, format!("data: {expected}\n\n"));
        // The next event is sent only once this one has arrived.
        upstream.release(1);
    }
    upstream.keys();

    let late = "data: {\"choices\":[{}]}\n\ndata: {\"base_resp\":{\"status_code\":1004}}\n\n";
    let said = Said::from(200).header("content-type", "text/event-stream");
    upstream.say(&key('a'), said.body(late));
    let asked = request(&ann, "POST", "/forward/minimax/v1/chat/completions");
    let answer = companion.call(asked.body(Body::from("{}")).unwrap()).await;
    assert_eq!(answer.text(), late);
    assert_eq!(answer.header("keyseal-attempts"), Some("1"));
    assert_eq!(upstream.keys(), [key('a')]);
    assert_eq!(entry(&companion, &ann, &id).await["status"], "untested");
}

#[tokio::test]
async fn an_entry_that_does_not_open_is_marked_and_the_next_serves() {
    let upstream = Upstream::start().await;
    let companion = Companion::start(&upstream.origin(), "").await;
    let (ann, [first, second]) = with_keys::<2>(&companion).await;
    // Somebody who can write the database puts one entry's ciphertext into another row.
    sqlx::any::install_default_drivers();
    let file = companion.folder.path().join("data/keyseal.db");
    let url = format!("sqlite://{}", file.display());
    let database = sqlx::AnyPool::connect(&url).await.unwrap();
    sqlx::query(
        "UPDATE entries SET sealed_key = (SELECT sealed_key FROM entries WHERE id = $1) WHERE id = $2",
    )
    .bind(second.as_str())
    .bind(first.as_str())
    .execute(&database)
    .await
    .unwrap();
    let answer = chat(&companion, &ann).await;
    assert_eq!(served_by(&answer), format!("entry {second}"));
    assert_eq!(
        answer.header("keyseal-attempts"),
        Some("1"),
        "nothing was sent for the first"
    );
    assert_eq!(entry(&companion, &ann, &first).await["needsReentry"], true);
    assert_eq!(upstream.keys(), [key('b')]);
}

#[tokio::test]
async fn a_long_refusal_moves_on_too_and_is_cut_as_ever() {
    let upstream = Upstream::start().await;
    let companion = Companion::start(&upstream.origin(), "").await;
    let (ann, _) = with_keys::<2>(&companion).await;
    let long = "x".repeat(300_000);
    upstream.say(&key('a'), Said::from(401).body(&long));
    upstream.say(&key('b'), Said::from(403).body(&long));
    let answer = chat(&companion, &ann).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert_eq!(answer.body.len(), 64 * 1024, "errors are cut there");
    assert_eq!(upstream.keys(), ['a', 'b'].map(key));
}
