//! Requests as they go out, and answers as they come in.

use rustls::version::TLS13;

use super::*;
use crate::transit::{COMPRESSED, SEARCHED};

fn pair(granted: &Granted) -> Pair {
    Pair::new(granted, &trust(NOW), server_config(&[&TLS13])).shaken()
}

fn post(granted: &Granted, pair: &mut Pair, body: Body) {
    let request = Request {
        method: "POST",
        path: "/v1/files",
        headers: &[],
        body,
    };
    let sent = pair.connection.request(granted, "entry", &request);
    sent.expect("a request");
}

fn given(headers: &[(&str, &str)]) -> Vec<(String, String)> {
    let headers = headers.iter();
    headers
        .map(|(name, value)| ((*name).into(), (*value).into()))
        .collect()
}

#[test]
fn the_key_is_written_where_the_provider_looks_and_what_the_caller_sent_as_one_is_not() {
    let granted = granted(&[
        ("entry", "openai", Some(HOST)),
        ("claude", "anthropic", Some(HOST)),
    ]);
    let headers = given(&[
        ("Authorization", "Bearer the-callers-token"),
        ("X-Api-Key", "the-callers-token"),
        ("Cookie", "the-callers-token"),
        ("Host", "evil.example"),
        ("Connection", "close, x-hop"),
        ("X-Hop", "1"),
        ("Keyseal-Entry", "entry"),
        ("Accept-Encoding", "gzip"),
        ("Transfer-Encoding", "chunked"),
        ("Content-Type", "application/json"),
        ("X-Latin", "caf\u{e9}"),
    ]);
    let mut pair = pair(&granted);
    let request = Request {
        method: "POST",
        path: "/v1/chat/completions?x=1",
        headers: &headers,
        body: Body::Length(2),
    };
    let sent = pair.connection.request(&granted, "entry", &request);
    sent.expect("a request");
    assert_eq!(pair.connection.write(b"{}"), Ok(2));
    assert_eq!(pair.connection.finish(), Ok(()));
    pair.pump().expect("no error");
    let heard = std::mem::take(&mut pair.heard);
    let heard: String = heard.iter().map(|byte| char::from(*byte)).collect();
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        heard,
        format!(
            "POST /v1/chat/completions?x=1 HTTP/1.1\r\nhost: {HOST}\r\n\
             content-type: application/json\r\nx-latin: caf\u{e9}\r\n\
             user-agent: keyseal/{version}\r\naccept-encoding: identity\r\ncontent-length: 2\r\n\
             authorization: Bearer {KEY}\r\n\r\n{{}}"
        )
    );

    let claude = Connection::new(&granted, "anthropic", "claude", &[root()], &trust(NOW));
    pair.connection = claude.expect("a connection");
    let config = Arc::new(server_config(&[&TLS13]));
    pair.server = ServerConnection::new(config).expect("a server");
    let mut pair = pair.shaken();
    let request = Request {
        path: "/v1/messages",
        headers: &given(&[("anthropic-version", "2099-01-01")]),
        body: Body::None,
        ..request
    };
    let sent = pair.connection.request(&granted, "claude", &request);
    sent.expect("a request");
    pair.pump().expect("no error");
    let heard = pair.heard();
    assert!(
        heard.contains(&format!("\r\nx-api-key: {KEY}\r\n")),
        "{heard}"
    );
    assert_eq!(heard.matches("anthropic-version: ").count(), 1, "{heard}");
    assert!(heard.contains("\r\ncontent-length: 0\r\n"), "{heard}");
}

#[test]
fn what_must_not_go_out_is_refused_and_the_connection_stays() {
    let granted = granted(&[
        ("entry", "openai", Some(HOST)),
        ("other-host", "openai", Some("other.example.com")),
        ("no-host", "openai", None),
        ("other-provider", "groq", Some(HOST)),
    ]);
    let mut pair = pair(&granted);
    let good = Request {
        method: "GET",
        path: "/v1/models",
        headers: &[],
        body: Body::None,
    };
    let (smuggled, named) = (given(&[("x-a", "1\r\nx-b: 2")]), given(&[("x a", "1")]));
    let long = given(&[("x-long", &"x".repeat(60_000))]);
    for (entry, request, code) in [
        ("other-host", good, "host_refused"),
        ("no-host", good, "host_refused"),
        ("other-provider", good, "host_refused"),
        ("nobody", good, "not_found"),
        (
            "entry",
            Request {
                method: "CONNECT",
                ..good
            },
            "validation",
        ),
        (
            "entry",
            Request {
                method: "get",
                ..good
            },
            "validation",
        ),
        (
            "entry",
            Request {
                path: "/v1/organization/keys",
                ..good
            },
            "path_refused",
        ),
        (
            "entry",
            Request {
                path: "/v1/../v2",
                ..good
            },
            "path_refused",
        ),
        (
            "entry",
            Request {
                path: "/v1/models HTTP/1.1\r\nx: y",
                ..good
            },
            "path_refused",
        ),
        (
            "entry",
            Request {
                path: "/v1/models?a b",
                ..good
            },
            "validation",
        ),
        (
            "entry",
            Request {
                path: "/v1/models?a\r\nx: y",
                ..good
            },
            "validation",
        ),
        (
            "entry",
            Request {
                path: "/v1/models?a#b",
                ..good
            },
            "validation",
        ),
        (
            "entry",
            Request {
                headers: &smuggled,
                ..good
            },
            "validation",
        ),
        (
            "entry",
            Request {
                headers: &named,
                ..good
            },
            "validation",
        ),
        (
            "entry",
            Request {
                headers: &long,
                ..good
            },
            "validation",
        ),
    ] {
        let refused = pair.connection.request(&granted, entry, &request);
        let refused = refused.expect_err("refused");
        assert_eq!(refused.code(), code, "{entry} {}", request.path);
        assert_eq!(pair.connection.state(), State::Idle);
    }
    pair.pump().expect("no error");
    assert!(pair.heard.is_empty());
    pair.ask(&granted, "GET", "/v1/models");
    assert!(pair.heard().contains(KEY), "the control");
    let twice = pair.connection.request(&granted, "entry", &good);
    assert_eq!(twice, Err(RelayError::Busy));
}

#[test]
fn bodies_go_out_in_pieces_as_there_is_room() {
    let granted = own_host();
    for body in [Body::Chunked, Body::Length(1_000_000)] {
        let mut pair = pair(&granted);
        post(&granted, &mut pair, body);
        let whole: Vec<u8> = (0..1_000_000_u32).map(|at| at as u8).collect();
        let mut rest = whole.as_slice();
        let mut full = 0;
        while !rest.is_empty() {
            let taken = pair.connection.write(rest).expect("no error");
            rest = &rest[taken..];
            if taken == 0 {
                full += 1;
                pair.pump().expect("no error");
            }
        }
        assert!(full > 2, "it says when it has enough");
        pair.connection.finish().expect("no error");
        pair.pump().expect("no error");
        let end = pair.heard.windows(4).position(|it| it == b"\r\n\r\n");
        let heard = pair.heard.split_off(end.expect("a head") + 4);
        if body == Body::Chunked {
            assert_eq!(unchunked(&heard), whole);
        } else {
            assert_eq!(heard, whole);
        }
        pair.answer(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
        assert_eq!(All::of(&mut pair.connection).end, Some(true));
    }
}

/// By another's decoder: the size line, so many bytes, a line's end.
fn unchunked(mut rest: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    loop {
        let end = rest
            .windows(2)
            .position(|it| it == b"\r\n")
            .expect("a size");
        let size = str::from_utf8(&rest[..end]).expect("ASCII");
        let size = usize::from_str_radix(size, 16).expect("hex");
        let body = &rest[end + 2..];
        assert_eq!(&body[size..size + 2], b"\r\n");
        whole.extend_from_slice(&body[..size]);
        rest = &body[size + 2..];
        if size == 0 {
            assert!(rest.is_empty());
            return whole;
        }
    }
}

#[test]
fn a_body_of_another_length_than_was_said_is_an_error() {
    let granted = own_host();
    let mut pair = pair(&granted);
    post(&granted, &mut pair, Body::Length(3));
    let long = pair.connection.write(b"long");
    assert_eq!(long.expect_err("too long").code(), "validation");
    let short = pair.connection.finish();
    assert_eq!(short.expect_err("too short").code(), "validation");
    assert_eq!(pair.connection.state(), State::Closed);
}

#[test]
fn an_answer_before_the_bodys_end_is_passed_on_and_the_connection_is_not_used_again() {
    let granted = own_host();
    let mut pair = pair(&granted);
    post(&granted, &mut pair, Body::Chunked);
    pair.answer(b"HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\nno");
    let all = All::of(&mut pair.connection);
    assert_eq!((all.status, all.text(), all.end), (413, "no", Some(false)));
    assert_eq!(pair.connection.write(b"x"), Err(RelayError::CutOff));
}

#[test]
fn the_key_does_not_come_back_and_the_rules_of_forward_hold() {
    let granted = own_host();
    let mask = "*".repeat(KEY.len());
    let mut pair = pair(&granted);
    let mut answered = |answer: String| {
        pair.ask(&granted, "GET", "/v1/models");
        pair.answer(answer.as_bytes());
        All::of(&mut pair.connection)
    };
    let with = |status: &str, headers: &str, body: &str| {
        let length = body.len();
        format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n{headers}\r\n{body}")
    };

    let headers = format!(
        "content-type: application/json\r\nx-echo: {KEY}\r\nset-cookie: a=b\r\nconnection: x-hop\r\n\
         x-hop: 1\r\nx-latin: x\r\nlink: <x>\r\n"
    );
    let json = answered(with("200 OK", &headers, &format!("{{\"k\":\"{KEY}\"}}")));
    assert_eq!(json.text(), format!("{{\"k\":\"{mask}\"}}"));
    assert_eq!(json.header("x-echo"), Some(mask.as_str()));
    let names: Vec<_> = json.headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        ["content-length", "content-type", "x-echo", "x-latin"]
    );
    assert_eq!(json.end, Some(true));

    let text = answered(with("401 No", "content-type: text/html\r\n", KEY));
    assert_eq!((text.status, text.text()), (401, mask.as_str()));
    // Of what breaks off within the key, a telling part is masked.
    let broken = answered(with("401 No", "", &KEY[..12]));
    assert_eq!(broken.text(), "*".repeat(12));
    assert_eq!(broken.end, Some(true));
    let stream = answered(with("200 OK", "content-type: text/event-stream\r\n", KEY));
    assert_eq!(stream.text(), KEY, "streams pass untouched");
    let moved = answered(with("307 Go", "location: /v1/files/2?x=1\r\n", ""));
    let own = Some("/forward/openai/v1/files/2?x=1");
    assert_eq!((moved.status, moved.header("location")), (307, own));
    let made = answered(with("201 Made", "location: https://evil.example/\r\n", ""));
    assert_eq!((made.status, made.header("location")), (201, None));
    let elsewhere = answered(with("302 Go", "location: https://evil.example/\r\n", ""));
    assert_eq!(elsewhere.error, Some(RelayError::Redirect));
}

#[test]
fn long_errors_are_cut_and_compressed_ones_left_out() {
    let granted = own_host();
    let mut long = pair(&granted);
    long.ask(&granted, "GET", "/v1/models");
    let body = "x".repeat(SEARCHED - 10) + KEY + &"y".repeat(100_000);
    let head = format!("HTTP/1.1 500 No\r\ncontent-length: {}\r\n\r\n", body.len());
    long.answer((head + &body).as_bytes());
    let all = All::of(&mut long.connection);
    let length = SEARCHED.to_string();
    assert_eq!(all.header("content-length"), Some(length.as_str()));
    assert_eq!(all.body.len(), SEARCHED);
    assert!(all.text().ends_with("x**********"));
    assert_eq!(all.end, Some(false));

    let mut compressed = pair(&granted);
    compressed.ask(&granted, "GET", "/v1/models");
    compressed
        .answer(b"HTTP/1.1 401 No\r\ncontent-encoding: gzip\r\ncontent-length: 3\r\n\r\n\x1f\x8bx");
    let all = All::of(&mut compressed.connection);
    assert_eq!((all.text(), all.end), (COMPRESSED, Some(false)));
    assert_eq!(all.header("content-type"), Some("application/json"));
    assert_eq!(all.header("content-encoding"), None);
}

#[test]
fn an_idle_connection_sees_its_end_and_takes_nothing_that_nobody_asked_for() {
    let granted = own_host();
    let mut closed = pair(&granted);
    closed.server.send_close_notify();
    closed.pump().expect("no error");
    assert_eq!(closed.connection.state(), State::Closed);

    let mut cut = pair(&granted);
    cut.connection.receive_end().expect("no error");
    assert_eq!(cut.connection.state(), State::Closed);

    let mut pushed = pair(&granted);
    pushed.answer(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    assert_eq!(pushed.connection.state(), State::Closed);

    let mut behind = pair(&granted);
    behind.ask(&granted, "GET", "/v1/models");
    behind.answer(b"HTTP/1.1 204 No\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    assert_eq!(All::of(&mut behind.connection).end, Some(false));
}

#[test]
fn locking_ends_what_needs_the_key_and_lets_streams_go_on() {
    let granted = own_host();
    let mut waiting = pair(&granted);
    waiting.ask(&granted, "GET", "/v1/models");
    waiting.connection.lock();
    let next = waiting.connection.next().expect_err("locked");
    assert_eq!(next.code(), "vault_locked");
    assert_eq!(waiting.connection.state(), State::Closed);

    let mut stream = pair(&granted);
    stream.ask(&granted, "GET", "/v1/models");
    stream.answer(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nabc");
    assert_eq!(All::of(&mut stream.connection).text(), "abc");
    stream.connection.lock();
    stream.answer(b"def");
    let rest = All::of(&mut stream.connection);
    assert_eq!((rest.text(), rest.end), ("def", Some(true)));
}

#[test]
fn entries_that_cannot_be_opened_are_not_used() {
    let mut granted = own_host();
    let another = vault(&[("entry", "openai", None)]);
    let grant = another.grant(&["entry".into()]).expect("unlocked");
    let record = grant.records[0].1.clone();
    assert_eq!(
        granted.put("entry", "{}").expect_err("damaged").code(),
        "entry_damaged"
    );
    granted.put("entry", &record).expect("a record");
    let refused = Connection::new(&granted, "openai", "entry", &[], &trust(NOW)).err();
    assert_eq!(refused.map(|error| error.code()), Some("vault_key_lost"));
    granted.remove("entry");
    let gone = Connection::new(&granted, "openai", "entry", &[], &trust(NOW)).err();
    assert_eq!(gone.map(|error| error.code()), Some("not_found"));
}
