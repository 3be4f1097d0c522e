//! Every check of a request envelope, and that each goes through once.

use axum::body::Body;
use http::StatusCode;
use keyseal::envelope::{RequestClaims, Session, SessionClaims, SessionJwe};
use keyseal_server::clock;

use crate::caller::Answer;
use crate::companion::{Browser, Companion, User, claims, request};
use crate::upstream::Upstream;

const MODELS: &str = "/forward/openai/v1/models";

async fn send(
    companion: &Companion,
    user: &User,
    path: &str,
    session: &str,
    envelope: &str,
) -> Answer {
    let asked = request(user, "GET", path)
        .header("keyseal-session", session)
        .header("keyseal-key", envelope);
    companion.call(asked.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn a_good_envelope_serves_one_request_and_leaves_nothing() {
    let upstream = Upstream::start().await;
    let companion = Companion::start(&upstream.origin(), "").await;
    let ann = companion.user("ann");
    let browser = Browser::new(&companion, &ann);
    let envelope = browser.envelope(&claims(&ann, "GET", MODELS, "sk-in-the-browser"));
    let answer = send(&companion, &ann, MODELS, browser.session.jwe(), &envelope).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    assert_eq!(answer.header("keyseal-served-by"), Some("envelope"));
    assert_eq!(
        upstream.last().headers["authorization"],
        "Bearer sk-in-the-browser"
    );
    // The query is not part of what was sealed.
    let envelope = browser.envelope(&claims(&ann, "GET", MODELS, "sk-in-the-browser"));
    let answer = send(
        &companion,
        &ann,
        &format!("{MODELS}?limit=1"),
        browser.session.jwe(),
        &envelope,
    )
    .await;
    assert_eq!(answer.status, StatusCode::OK);
    let list = companion.api(&ann, "GET", "/api/v1/api-keys", None).await;
    assert_eq!(list.json()["keys"].as_array().unwrap().len(), 0);
}

#[tokio::test]
async fn an_envelope_is_for_one_user_provider_method_path_and_time() {
    let upstream = Upstream::start().await;
    let companion = Companion::start(&upstream.origin(), "").await;
    let ann = companion.user("ann");
    let browser = Browser::new(&companion, &ann);
    let good = || claims(&ann, "GET", MODELS, "sk-in-the-browser");
    let now = clock::seconds();
    let cases: Vec<(&str, RequestClaims, &str)> = vec![
        (
            "provider",
            RequestClaims {
                provider: "groq".into(),
                ..good()
            },
            "envelope_mismatch",
        ),
        (
            "method",
            RequestClaims {
                m: "POST".into(),
                ..good()
            },
            "envelope_mismatch",
        ),
        (
            "method's case",
            RequestClaims {
                m: "get".into(),
                ..good()
            },
            "envelope_mismatch",
        ),
        (
            "path",
            RequestClaims {
                p: "/forward/openai/v1/files".into(),
                ..good()
            },
            "envelope_mismatch",
        ),
        (
            "path with query",
            RequestClaims {
                p: format!("{MODELS}?x"),
                ..good()
            },
            "envelope_mismatch",
        ),
        (
            "path below",
            RequestClaims {
                p: "/v1/models".into(),
                ..good()
            },
            "envelope_mismatch",
        ),
        (
            "expired",
            RequestClaims {
                iat: now - 121,
                ..good()
            },
            "envelope_expired",
        ),
        (
            "long expired",
            RequestClaims { iat: 0, ..good() },
            "envelope_expired",
        ),
        (
            "future",
            RequestClaims {
                iat: now + 90,
                ..good()
            },
            "envelope_expired",
        ),
        (
            "far future",
            RequestClaims {
                iat: i64::MAX,
                ..good()
            },
            "envelope_expired",
        ),
        (
            "host",
            RequestClaims {
                host: Some("evil.example.com".into()),
                ..good()
            },
            "host_refused",
        ),
        (
            "address",
            RequestClaims {
                host: Some("169.254.169.254".into()),
                ..good()
            },
            "host_refused",
        ),
        (
            "empty jti",
            RequestClaims {
                jti: String::new(),
                ..good()
            },
            "envelope_mismatch",
        ),
        (
            "long jti",
            RequestClaims {
                jti: "j".repeat(65),
                ..good()
            },
            "envelope_mismatch",
        ),
    ];
    for (what, claims, code) in cases {
        let envelope = browser.envelope(&claims);
        let answer = send(&companion, &ann, MODELS, browser.session.jwe(), &envelope).await;
        assert_eq!(answer.code(), Some(code), "{what}: {}", answer.text());
        assert!(answer.status.is_client_error());
    }
    assert!(upstream.seen().is_empty());
}

#[tokio::test]
async fn a_session_is_for_one_user_token_and_hour_cached_or_not() {
    let upstream = Upstream::start().await;
    let companion = Companion::start(&upstream.origin(), "").await;
    let (ann, bob) = (companion.user("ann"), companion.user("bob"));
    let anns_other_token = companion.user("ann");
    let browser = Browser::new(&companion, &ann);

    // First not cached, then, after Ann's own request, cached.
    for cached in [false, true] {
        for thief in [&bob, &anns_other_token] {
            let envelope = browser.envelope(&claims(&ann, "GET", MODELS, "sk-anns"));
            let answer = send(&companion, thief, MODELS, browser.session.jwe(), &envelope).await;
            assert_eq!(answer.code(), Some("envelope_mismatch"), "cached: {cached}");
        }
        let envelope = browser.envelope(&claims(&ann, "GET", MODELS, "sk-anns"));
        let answer = send(&companion, &ann, MODELS, browser.session.jwe(), &envelope).await;
        assert_eq!(answer.status, StatusCode::OK);
    }
    assert_eq!(upstream.seen().len(), 2);

    let now = clock::seconds();
    let good = SessionClaims {
        k: zeroize::Zeroizing::new([7; 32]),
        sub: "ann".into(),
        ath: keyseal::envelope::digest(ann.token.as_bytes()),
        iat: now,
        exp: now + 3600,
    };
    for (what, claims, code) in [
        (
            "ended",
            SessionClaims {
                iat: now - 3600,
                exp: now - 1,
                ..good.clone()
            },
            "envelope_expired",
        ),
        (
            "from the future",
            SessionClaims {
                iat: now + 90,
                exp: now + 3600,
                ..good.clone()
            },
            "envelope_expired",
        ),
        (
            "too long",
            SessionClaims {
                exp: now + 3700,
                ..good.clone()
            },
            "envelope_mismatch",
        ),
        (
            "no time",
            SessionClaims {
                exp: now,
                ..good.clone()
            },
            "envelope_mismatch",
        ),
        (
            "backwards",
            SessionClaims {
                exp: i64::MIN,
                ..good.clone()
            },
            "envelope_mismatch",
        ),
    ] {
        let session = SessionJwe::seal(&claims, &companion.sealing_key()).unwrap();
        // A request under that very session; its key is never looked at.
        let envelope = under(&browser, &session, &ann);
        let answer = send(&companion, &ann, MODELS, &session, &envelope).await;
        assert_eq!(answer.code(), Some(code), "{what}: {}", answer.text());
    }
    assert_eq!(upstream.seen().len(), 2);
}

/// An envelope that names the session it is sent with, sealed under another's key.
fn under(browser: &Browser, session: &str, user: &User) -> String {
    let envelope = browser.envelope(&claims(user, "GET", MODELS, "sk-anns"));
    let header = format!(
        r#"{{"alg":"dir","enc":"A256GCM","typ":"keyseal-request+jwe","kid":"{}"}}"#,
        keyseal::envelope::digest(session.as_bytes())
    );
    let (_, rest) = envelope.split_once('.').unwrap();
    format!(
        "{}.{rest}",
        keyseal::envelope::encode_base64url(header.as_bytes())
    )
}

#[tokio::test]
async fn what_is_foreign_broken_or_alone_is_refused_alike() {
    let upstream = Upstream::start().await;
    let companion = Companion::start(&upstream.origin(), "").await;
    let other = Companion::start_foreign(&upstream.origin()).await;
    let ann = companion.user("ann");
    companion.add(&ann, "sk-stored").await;
    let browser = Browser::new(&companion, &ann);
    let session = browser.session.jwe().to_owned();
    let good = || browser.envelope(&claims(&ann, "GET", MODELS, "sk-anns"));

    let foreign = Browser::new(&other, &ann);
    let foreign_envelope = foreign.envelope(&claims(&ann, "GET", MODELS, "sk-anns"));
    let answer = send(
        &companion,
        &ann,
        MODELS,
        foreign.session.jwe(),
        &foreign_envelope,
    )
    .await;
    assert_eq!(answer.code(), Some("unknown_kid"));

    // Another session's envelope, a flipped bit in either, and one under another key: one answer.
    let second = Browser::new(&companion, &ann);
    let mut refused = vec![
        send(&companion, &ann, MODELS, second.session.jwe(), &good()).await,
        send(&companion, &ann, MODELS, &session, &flipped(&good())).await,
        send(
            &companion,
            &ann,
            MODELS,
            &session,
            &under(&second, &session, &ann),
        )
        .await,
    ];
    let broken = flipped(&session);
    refused.push(
        send(
            &companion,
            &ann,
            MODELS,
            &broken,
            &under(&browser, &broken, &ann),
        )
        .await,
    );
    let bodies: Vec<_> = refused
        .iter()
        .map(|answer| (answer.status, answer.text()))
        .collect();
    assert!(
        refused
            .iter()
            .all(|answer| answer.code() == Some("envelope_refused")),
        "{bodies:?}"
    );
    assert!(bodies.iter().all(|body| *body == bodies[0]), "{bodies:?}");

    for (one_session, envelope) in [
        (session.as_str(), "not.a.jwe"),
        ("", good().as_str()),
        (session.as_str(), session.as_str()),
    ] {
        let answer = send(&companion, &ann, MODELS, one_session, envelope).await;
        let code = answer.code().unwrap();
        assert!(
            ["envelope_malformed", "envelope_refused"].contains(&code),
            "{code}"
        );
    }
    // One header alone is no reason to use a stored key instead.
    for (name, value) in [
        ("keyseal-session", session.clone()),
        ("keyseal-key", good()),
    ] {
        let alone = request(&ann, "GET", MODELS).header(name, value);
        let answer = companion.call(alone.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.code(), Some("envelope_malformed"), "{name}");
    }
    let twice = request(&ann, "GET", MODELS)
        .header("keyseal-session", &session)
        .header("keyseal-key", good())
        .header("keyseal-key", good());
    let answer = companion.call(twice.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.code(), Some("envelope_malformed"));
    assert!(upstream.seen().is_empty());
}

/// The last character of the ciphertext, which stands before the tag, changed.
fn flipped(jwe: &str) -> String {
    let at = jwe.rfind('.').unwrap() - 3;
    let other = if jwe.as_bytes()[at] == b'A' { "B" } else { "A" };
    let mut flipped = jwe.to_owned();
    flipped.replace_range(at..=at, other);
    flipped
}

#[tokio::test]
async fn an_envelope_goes_through_once_at_once_together_and_after_a_restart() {
    let upstream = Upstream::start().await;
    let companion = Companion::start(&upstream.origin(), "").await;
    let ann = companion.user("ann");
    let browser = Browser::new(&companion, &ann);
    let session = browser.session.jwe();

    let first = browser.envelope(&claims(&ann, "GET", MODELS, "sk-anns"));
    assert_eq!(
        send(&companion, &ann, MODELS, session, &first).await.status,
        StatusCode::OK
    );
    let again = send(&companion, &ann, MODELS, session, &first).await;
    assert_eq!(
        (again.status, again.code()),
        (StatusCode::CONFLICT, Some("replayed"))
    );

    let raced = browser.envelope(&claims(&ann, "GET", MODELS, "sk-anns"));
    let sent = (0..12).map(|_| send(&companion, &ann, MODELS, session, &raced));
    let answers = futures_util::future::join_all(sent).await;
    let passed = answers
        .iter()
        .filter(|answer| answer.status == StatusCode::OK)
        .count();
    let replayed = answers
        .iter()
        .filter(|answer| answer.code() == Some("replayed"))
        .count();
    assert_eq!((passed, replayed), (1, 11));
    assert_eq!(upstream.seen().len(), 2);

    // The same jti in an envelope sealed anew is the same jti.
    let once = claims(&ann, "GET", MODELS, "sk-anns");
    assert_eq!(
        send(&companion, &ann, MODELS, session, &browser.envelope(&once))
            .await
            .status,
        200
    );
    let copy = send(&companion, &ann, MODELS, session, &browser.envelope(&once)).await;
    assert_eq!(copy.code(), Some("replayed"));

    let companion = companion.restart(&upstream.origin(), "").await;
    for used in [&first, &raced] {
        let answer = send(&companion, &ann, MODELS, session, used).await;
        assert_eq!(answer.code(), Some("replayed"), "after a restart");
    }
    let fresh = browser.envelope(&claims(&ann, "GET", MODELS, "sk-anns"));
    assert_eq!(
        send(&companion, &ann, MODELS, session, &fresh).await.status,
        200
    );
    assert_eq!(upstream.seen().len(), 4);
}

#[tokio::test]
async fn two_users_may_use_the_same_jti() {
    let upstream = Upstream::start().await;
    let companion = Companion::start(&upstream.origin(), "").await;
    for sub in ["ann", "bob"] {
        let user = companion.user(sub);
        let browser = Browser::new(&companion, &user);
        let same = RequestClaims {
            jti: "same".into(),
            ..claims(&user, "GET", MODELS, "sk-own")
        };
        let answer = send(
            &companion,
            &user,
            MODELS,
            browser.session.jwe(),
            &browser.envelope(&same),
        )
        .await;
        assert_eq!(answer.status, StatusCode::OK, "{sub}");
    }
}

#[tokio::test]
async fn new_sessions_are_limited_and_known_ones_are_not() {
    for cache in ["60", "0"] {
        let upstream = Upstream::start().await;
        let more =
            format!("[unwrap]\ncache_seconds = {cache}\n[limits]\nsessions_per_minute = 2\n");
        let companion = Companion::start(&upstream.origin(), &more).await;
        let ann = companion.user("ann");
        let browsers: Vec<_> = (0..3).map(|_| Browser::new(&companion, &ann)).collect();
        let mut limited = 0;
        for round in 0..2 {
            for browser in &browsers {
                let envelope = browser.envelope(&claims(&ann, "GET", MODELS, "sk-anns"));
                let answer = send(&companion, &ann, MODELS, browser.session.jwe(), &envelope).await;
                match answer.code() {
                    None => {}
                    Some("rate_limited") => {
                        assert!(answer.header("retry-after").is_some());
                        limited += 1;
                    }
                    other => panic!("round {round}: {other:?}"),
                }
            }
        }
        assert_eq!(
            (limited, upstream.seen().len()),
            (2, 4),
            "cache_seconds = {cache}"
        );
    }
}

#[tokio::test]
async fn an_expired_session_is_refused_though_it_was_good_a_moment_ago() {
    let upstream = Upstream::start().await;
    let companion = Companion::start(&upstream.origin(), "").await;
    let ann = companion.user("ann");
    let now = clock::seconds();
    let session =
        Session::start("ann", &ann.token, now, now + 2, &companion.sealing_key()).unwrap();
    let browser = Browser { session };
    let envelope = browser.envelope(&claims(&ann, "GET", MODELS, "sk-anns"));
    assert_eq!(
        send(&companion, &ann, MODELS, browser.session.jwe(), &envelope)
            .await
            .status,
        200
    );
    tokio::time::sleep(std::time::Duration::from_millis(2100)).await;
    let envelope = browser.envelope(&claims(&ann, "GET", MODELS, "sk-anns"));
    let answer = send(&companion, &ann, MODELS, browser.session.jwe(), &envelope).await;
    assert_eq!(answer.code(), Some("envelope_expired"));
}
