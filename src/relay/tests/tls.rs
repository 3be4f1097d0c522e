//! Who is believed, and what odd servers do.

use std::sync::Arc;

use rustls::version::{TLS12, TLS13};
use rustls::{HandshakeKind, ProtocolVersion};

use super::*;

const BOTH: &[&SupportedProtocolVersion] = &[&TLS13, &TLS12];

#[test]
fn both_versions_are_spoken_and_nothing_but_http_1_1_is_offered() {
    let granted = own_host();
    for (version, expected) in [
        (&TLS13, ProtocolVersion::TLSv1_3),
        (&TLS12, ProtocolVersion::TLSv1_2),
    ] {
        let mut config = server_config(&[version]);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let mut pair = Pair::new(&granted, &trust(NOW), config).shaken();
        assert_eq!(pair.server.protocol_version(), Some(expected));
        assert_eq!(pair.server.alpn_protocol(), Some(&b"http/1.1"[..]));
        assert_eq!(pair.server.server_name(), Some("localhost"));
        pair.ask(&granted, "GET", "/v1/models");
        assert!(pair.heard().contains(KEY));
        pair.answer(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi");
        let all = All::of(&mut pair.connection);
        assert_eq!((all.status, all.text(), all.end), (200, "hi", Some(true)));
    }
}

#[test]
fn a_certificate_counts_only_for_its_name_in_its_time_and_with_a_root_that_is_trusted() {
    let config = || Arc::new(server_config(BOTH));
    let refused = |granted: &Granted, roots: &[Vec<u8>], now| {
        let trust = trust(now);
        let connection = Connection::new(granted, "openai", "entry", roots, &trust);
        let mut pair = Pair::with(granted, &trust, config());
        pair.connection = connection.expect("a connection");
        let error = pair.pump().expect_err("refused");
        assert_eq!(error.code(), "certificate_refused");
        assert_eq!(pair.connection.state(), State::Closed);
        assert!(pair.connection.outgoing().is_some(), "an alert says so");
        let request = Request {
            method: "GET",
            path: "/v1/models",
            headers: &[],
            body: Body::None,
        };
        let sent = pair.connection.request(granted, "entry", &request);
        assert_eq!(sent, Err(RelayError::Busy), "nothing can be sent");
        assert!(pair.heard.is_empty());
        error.to_string()
    };
    let own = own_host();
    let with_root = &[root()][..];
    // The control: the same server is believed with its root.
    Pair::with(&own, &trust(NOW), config()).shaken();

    assert!(refused(&own, &[], NOW).contains("nobody who is trusted"));
    assert!(refused(&own, with_root, 1_700_000_000).contains("not valid yet"));
    assert!(refused(&own, with_root, 9_900_000_000).contains("expired"));
    let other = granted(&[("entry", "openai", Some("other.example.com"))]);
    assert!(refused(&other, with_root, NOW).contains("another name"));
    // A root of the app's never vouches for a provider of the catalogue, also where the entry names
    // the provider's host itself, or that of another provider.
    for host in [None, Some("api.openai.com"), Some("api.anthropic.com:8443")] {
        let catalogues = granted(&[("entry", "openai", host)]);
        let reason = refused(&catalogues, with_root, NOW);
        assert!(
            reason.contains("nobody who is trusted"),
            "{host:?}: {reason}"
        );
    }
}

#[test]
fn what_is_no_certificate_is_no_root() {
    let connection = Connection::new(
        &own_host(),
        "openai",
        "entry",
        &[b"not DER".to_vec()],
        &trust(NOW),
    );
    assert_eq!(
        connection.err().map(|error| error.code()),
        Some("validation")
    );
}

#[test]
fn tiny_records_session_tickets_and_key_updates_change_nothing() {
    let granted = own_host();
    let trust = trust(NOW);
    for version in [&TLS13, &TLS12] {
        let mut config = server_config(&[version]);
        config.max_fragment_size = Some(32);
        config.send_tls13_tickets = 8;
        config.ticketer = rustls::crypto::ring::Ticketer::new().expect("random numbers");
        let mut pair = Pair::new(&granted, &trust, config).shaken();
        for round in 0..3 {
            pair.ask(&granted, "GET", "/v1/models");
            if version.version == ProtocolVersion::TLSv1_3 {
                pair.server.refresh_traffic_keys().expect("TLS 1.3");
            }
            let body = format!("{round}").repeat(50_000);
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
            pair.answer(head.as_bytes());
            pair.answer(body.as_bytes());
            let all = All::of(&mut pair.connection);
            assert_eq!((all.error, all.end), (None, Some(true)));
            assert_eq!(all.body, body.as_bytes());
        }
    }
}

#[test]
fn a_server_is_met_again_by_its_ticket_and_is_sent_no_early_data() {
    let own = own_host();
    for version in [&TLS13, &TLS12] {
        let trust = trust(NOW);
        let mut config = server_config(&[version]);
        config.ticketer = rustls::crypto::ring::Ticketer::new().expect("random numbers");
        config.max_early_data_size = 16_384;
        let config = Arc::new(config);
        for kind in [HandshakeKind::Full, HandshakeKind::Resumed] {
            let mut pair = Pair::with(&own, &trust, config.clone());
            pair.pump().expect("a handshake");
            assert_eq!(pair.server.handshake_kind(), Some(kind));
            assert!(pair.server.early_data().is_none());
            pair.ask(&own, "GET", "/v1/models");
            assert!(pair.heard().starts_with("GET /v1/models HTTP/1.1\r\n"));
        }
        // Who is trusted with another root is met anew.
        let other = Connection::new(&own, "openai", "entry", &[], &trust);
        let mut pair = Pair::with(&own, &trust, config.clone());
        pair.connection = other.expect("a connection");
        assert_eq!(
            pair.pump().expect_err("refused").code(),
            "certificate_refused"
        );
    }
}

#[test]
fn only_a_proper_close_ends_a_body_that_has_no_other_end() {
    let granted = own_host();
    let trust = trust(NOW);
    for version in [&TLS13, &TLS12] {
        for (head, body, properly, whole) in [
            ("", "hello", true, true),
            ("", "hello", false, false),
            ("content-length: 5\r\n", "hello", false, true),
            ("content-length: 6\r\n", "hello", true, false),
            (
                "transfer-encoding: chunked\r\n",
                "5\r\nhello\r\n0\r\n\r\n",
                false,
                true,
            ),
            (
                "transfer-encoding: chunked\r\n",
                "5\r\nhello\r\n",
                true,
                false,
            ),
        ] {
            let mut pair = Pair::new(&granted, &trust, server_config(&[version])).shaken();
            pair.ask(&granted, "GET", "/v1/models");
            pair.answer(format!("HTTP/1.1 200 OK\r\n{head}\r\n{body}").as_bytes());
            if properly {
                pair.server.send_close_notify();
                pair.pump().expect("no error");
            }
            pair.connection.receive_end().expect("no error yet");
            let all = All::of(&mut pair.connection);
            let case = format!("{head} {properly}");
            assert_eq!(all.text(), "hello", "{case}");
            let error = (!whole).then_some(RelayError::CutOff);
            assert_eq!((all.end.is_some(), all.error), (whole, error), "{case}");
            assert_eq!(pair.connection.state(), State::Closed, "{case}");
        }
    }
}

#[test]
fn a_handshake_that_breaks_off_or_is_none_is_an_error() {
    let granted = own_host();
    let begin =
        || Connection::new(&granted, "openai", "entry", &[], &trust(NOW)).expect("a connection");
    let mut cut = begin();
    assert_eq!(cut.receive_end(), Err(RelayError::CutOff));
    let mut web = begin();
    let plain = b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec();
    assert_eq!(web.receive(plain), Err(RelayError::Tls));
    assert_eq!(web.state(), State::Closed);
    let mut alert = begin();
    let handshake_failure = vec![21, 3, 3, 0, 2, 2, 40];
    assert_eq!(alert.receive(handshake_failure), Err(RelayError::Alert(40)));
}

#[test]
fn more_than_was_asked_for_is_refused() {
    let granted = own_host();
    let mut pair = Pair::new(&granted, &trust(NOW), server_config(BOTH)).shaken();
    pair.ask(&granted, "GET", "/v1/models");
    let piece = vec![0; 1024 * 1024];
    assert_eq!(pair.connection.receive(piece.clone()), Ok(()));
    assert_eq!(pair.connection.receive(piece.clone()), Ok(()));
    let more = pair.connection.receive(piece);
    assert_eq!(more, Err(RelayError::Flooded));
}

#[test]
fn bytes_count_as_taken_when_they_are_used_and_not_before() {
    let granted = own_host();
    let mut pair = Pair::new(&granted, &trust(NOW), server_config(BOTH)).shaken();
    pair.ask(&granted, "GET", "/v1/models");
    let before = pair.connection.taken();
    let body = vec![b'x'; 600_000];
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
    pair.answer(head.as_bytes());
    pair.answer(&body);
    assert_eq!(pair.connection.taken(), before);
    let mut most = 0;
    while let Some(part) = pair.connection.next().expect("no error") {
        if let Part::Chunk(bytes) = part {
            most = most.max(bytes.len());
        }
    }
    assert!(pair.connection.taken() - before > 600_000);
    assert!((16_384..=96 * 1024).contains(&most), "{most}: some at once");
}
