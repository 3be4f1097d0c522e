//! Providers behind TLS: certificates are verified, HTTP/2 and HTTP/1.1 are both spoken.

use axum::body::Body;
use http::{StatusCode, Version};

use crate::caller::{begin, piece};
use crate::companion::{Companion, request};
use crate::provider_tls::{ROOT, acceptor};
use crate::upstream::Upstream;

#[tokio::test]
async fn both_protocols_stream_piece_by_piece_and_a_caller_who_leaves_cancels() {
    for (protocols, version) in [
        (&["h2", "http/1.1"][..], Version::HTTP_2),
        (&["http/1.1"][..], Version::HTTP_11),
        (&[][..], Version::HTTP_11),
    ] {
        let upstream = Upstream::start_tls(acceptor(protocols)).await;
        let origin = format!("https://localhost:{}", upstream.address.port());
        let companion = Companion::start(&origin, &format!("ca_file = \"{ROOT}\"\n")).await;
        let ann = companion.user("ann");
        companion.add(&ann, "sk-stored").await;

        let plain = companion
            .forward(&ann, "GET", "/forward/openai/v1/models")
            .await;
        assert_eq!(plain.status, StatusCode::OK, "{}", plain.text());
        assert_eq!(upstream.last().version, version);

        let asked =
            request(&ann, "POST", "/forward/openai/v1/files/stream").body(Body::from("body"));
        let mut body = begin(companion.address, asked.unwrap()).await.into_body();
        for expected in 0..3 {
            upstream.release(1);
            let text = piece(&mut body).await.unwrap().unwrap();
            assert_eq!(text, format!("data: {expected}\n\n"));
        }
        drop(body);
        assert_eq!(upstream.left(1).await, 1, "{version:?}");
        assert_eq!(upstream.last().headers["authorization"], "Bearer sk-stored");
    }
}

#[tokio::test]
async fn a_certificate_of_an_unknown_root_or_for_another_name_is_refused() {
    let upstream = Upstream::start_tls(acceptor(&["h2", "http/1.1"])).await;
    let port = upstream.address.port();
    let ca_file = format!("ca_file = \"{ROOT}\"\n");
    for (host, more) in [("localhost", ""), ("127.0.0.1", ca_file.as_str())] {
        let companion = Companion::start(&format!("https://{host}:{port}"), more).await;
        let ann = companion.user("ann");
        companion.add(&ann, "sk-stored").await;
        let answer = companion
            .forward(&ann, "GET", "/forward/openai/v1/models")
            .await;
        assert_eq!(
            answer.code(),
            Some("upstream_unreachable"),
            "{host}: {}",
            answer.text()
        );
        assert!(answer.text().contains("certificate"), "{}", answer.text());
    }
    assert!(upstream.seen().is_empty(), "the key went out");
}

#[tokio::test]
async fn a_root_added_for_one_provider_counts_for_no_other() {
    let upstream = Upstream::start_tls(acceptor(&["h2"])).await;
    let origin = format!("https://localhost:{}", upstream.address.port());
    let more = format!(
        "ca_file = \"{ROOT}\"\n[providers.groq]\norigin = \"{origin}\"\nallow_private = true\n"
    );
    let companion = Companion::start(&origin, &more).await;
    let ann = companion.user("ann");
    companion.add(&ann, "sk-stored").await;
    companion.add_for(&ann, "groq", "gsk-stored").await;
    // The first has an open connection to that very host.
    assert_eq!(
        companion
            .forward(&ann, "GET", "/forward/openai/v1/models")
            .await
            .status,
        200
    );
    let other = companion
        .forward(&ann, "GET", "/forward/groq/openai/v1/models")
        .await;
    assert_eq!(
        other.code(),
        Some("upstream_unreachable"),
        "{}",
        other.text()
    );
    assert_eq!(upstream.seen().len(), 1);
}

#[tokio::test]
async fn a_root_that_cannot_be_read_stops_the_start() {
    use keyseal_server::config::Config;
    let no_certificate = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    for file in ["/nowhere/root.pem", no_certificate] {
        let config =
            Config::from_pairs(None, &[("KEYSEAL__PROVIDERS__OPENAI__CA_FILE", file)]).unwrap();
        let error = keyseal_server::outgoing::Client::new(&config, None)
            .err()
            .expect("an error");
        assert!(
            error.to_string().contains("providers.openai.ca_file"),
            "{error}"
        );
    }
}
