//! Tokens of an identity provider: keys by file and by URL, and what happens when they change or
//! cannot be had.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use axum::{Router, body::Body, extract::State, response::IntoResponse, response::Response};
use base64ct::{Base64, Base64UrlUnpadded, Encoding};
use futures_util::{SinkExt, StreamExt};
use http::Request;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use keyseal_server::{auth::token::sign_hs256, clock};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Message, handshake::client::generate_key},
};

use crate::support::{Answer, Companion, Setup, companion::ISSUER, until};

/// A key of the identity provider.
struct Signer {
    pair: EcdsaKeyPair,
    kid: &'static str,
}

impl Signer {
    fn new(kid: &'static str) -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        Self { pair, kid }
    }

    fn jwk(&self) -> Value {
        let point = self.pair.public_key().as_ref();
        let [x, y] = [&point[1..33], &point[33..]].map(Base64UrlUnpadded::encode_string);
        json!({ "kty": "EC", "crv": "P-256", "kid": self.kid, "use": "sig", "x": x, "y": y })
    }

    fn pem(&self) -> String {
        let der = AsDer::<PublicKeyX509Der<'_>>::as_der(self.pair.public_key()).unwrap();
        let text = Base64::encode_string(der.as_ref());
        format!("-----BEGIN PUBLIC KEY-----\n{text}\n-----END PUBLIC KEY-----\n")
    }

    fn token(&self, sub: &str) -> String {
        self.named(sub, Some(self.kid))
    }

    fn named(&self, sub: &str, kid: Option<&str>) -> String {
        let mut header = Header::new(Algorithm::ES256);
        header.kid = kid.map(str::to_owned);
        let private = self.pair.to_pkcs8v1().unwrap();
        let key = EncodingKey::from_ec_der(private.as_ref());
        jsonwebtoken::encode(&header, &claims(sub), &key).unwrap()
    }
}

fn claims(sub: &str) -> Value {
    json!({ "iss": ISSUER, "aud": "keyseal", "sub": sub, "exp": clock::seconds() + 600 })
}

fn set(signers: &[&Signer]) -> String {
    let keys: Vec<Value> = signers.iter().map(|signer| signer.jwk()).collect();
    json!({ "keys": keys }).to_string()
}

/// What the identity provider answers, and how often it was asked.
#[derive(Clone)]
struct Identity {
    answer: Arc<Mutex<(u16, String)>>,
    asked: Arc<AtomicUsize>,
    url: String,
}

impl Identity {
    async fn start(document: String) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let identity = Self {
            answer: Arc::new(Mutex::new((200, document))),
            asked: Arc::default(),
            url: format!("http://{}/keys?v=1", listener.local_addr().unwrap()),
        };
        let app = Router::new().fallback(answer).with_state(identity.clone());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        identity
    }

    fn says(&self, status: u16, document: impl Into<String>) {
        *self.answer.lock().unwrap() = (status, document.into());
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// Waits until it was asked so often.
    async fn is_asked(&self, times: usize) {
        until(|| async { self.asked() >= times }).await;
    }

    fn setup(&self, more: &str) -> Setup {
        Setup {
            auth: Some(format!(
                "mode = \"jwt\"\nissuer = \"{ISSUER}\"\naudience = \"keyseal\"\n\
                 jwks_url = \"{}\"\njwks_allow_private = true\n{more}",
                self.url
            )),
            ..Setup::default()
        }
    }
}

async fn answer(State(identity): State<Identity>, request: Request<Body>) -> Response {
    assert_eq!(request.uri(), "/keys?v=1");
    identity.asked.fetch_add(1, Ordering::SeqCst);
    let (status, document) = identity.answer.lock().unwrap().clone();
    let status = http::StatusCode::from_u16(status).unwrap();
    (status, [("location", "/elsewhere")], document).into_response()
}

async fn me(companion: &Companion, token: &str) -> Answer {
    let request = Request::get("/api/v1/me").header("authorization", format!("Bearer {token}"));
    companion.call(request.body(Body::empty()).unwrap()).await
}

async fn gets_in(companion: &Companion, token: &str) -> bool {
    me(companion, token).await.status == 200
}

#[tokio::test]
async fn a_public_key_file_lets_its_own_tokens_in_and_no_others() {
    let (own, foreign) = (Signer::new("a"), Signer::new("a"));
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let file = folder.path().join("issuer.pem");
    std::fs::write(&file, own.pem()).unwrap();
    let setup = Setup {
        auth: Some(format!(
            "mode = \"jwt\"\nissuer = \"{ISSUER}\"\naudience = \"keyseal\"\npublic_key_file = \"{}\"",
            file.display()
        )),
        ..Setup::default()
    };
    let companion = Companion::start_in(folder, &setup).await;
    assert_eq!(
        me(&companion, &own.token("ann")).await.expect(200).json()["sub"],
        "ann"
    );
    me(&companion, &foreign.token("ann"))
        .await
        .refused(401, "unauthorized");
    let confused = sign_hs256(own.pem().as_bytes(), &claims("ann")).unwrap();
    me(&companion, &confused).await.refused(401, "unauthorized");
}

#[tokio::test]
async fn keys_by_url_are_fetched_once_for_many_tokens() {
    let signer = Signer::new("a");
    let identity = Identity::start(set(&[&signer])).await;
    let companion = Companion::start(&identity.setup("jwks_cooldown_seconds = 3600\n")).await;
    until(|| async { companion.get("/readyz").await.status == 200 }).await;
    for sub in ["ann", "bob", "cem"] {
        let answer = me(&companion, &signer.token(sub)).await.expect(200);
        assert_eq!(answer.json()["sub"], sub);
    }
    assert_eq!(identity.asked(), 1);
}

#[tokio::test]
async fn tokens_under_unknown_keys_ask_no_more_often_than_configured() {
    let signer = Signer::new("a");
    let identity = Identity::start(set(&[&signer])).await;
    let companion = Companion::start(&identity.setup("jwks_cooldown_seconds = 3600\n")).await;
    identity.is_asked(1).await;
    let long = "x".repeat(2000);
    for kid in [
        "b",
        "",
        "../../a",
        "a\u{0}",
        "A",
        "0' OR 1=1 --",
        long.as_str(),
    ] {
        let token = Signer::new("b").named("ann", Some(kid));
        me(&companion, &token).await.refused(401, "unauthorized");
    }
    assert!(gets_in(&companion, &signer.token("ann")).await);
    assert_eq!(identity.asked(), 1);
}

#[tokio::test]
async fn a_new_key_is_found_by_itself_and_a_withdrawn_one_ends_with_its_tokens() {
    let (old, new) = (Signer::new("old"), Signer::new("new"));
    let identity = Identity::start(set(&[&old])).await;
    let companion = Companion::start(&identity.setup("jwks_cooldown_seconds = 1\n")).await;
    let (before, after) = (old.token("ann"), new.token("ann"));
    until(|| gets_in(&companion, &before)).await;
    assert!(!gets_in(&companion, &after).await);

    identity.says(200, set(&[&old, &new]));
    until(|| gets_in(&companion, &after)).await;
    assert!(gets_in(&companion, &before).await, "both, while both count");

    identity.says(200, set(&[&new]));
    // Asked anew because of a token under a key that nobody has.
    let unknown = Signer::new("nobody").token("ann");
    until(|| async {
        assert!(!gets_in(&companion, &unknown).await);
        !gets_in(&companion, &before).await
    })
    .await;
    assert!(gets_in(&companion, &after).await);
}

#[tokio::test]
async fn a_withdrawn_key_is_noticed_without_any_unknown_token() {
    let (old, new) = (Signer::new("old"), Signer::new("new"));
    let identity = Identity::start(set(&[&old])).await;
    let setup = identity.setup("jwks_refresh_seconds = 1\njwks_cooldown_seconds = 3600\n");
    let companion = Companion::start(&setup).await;
    let token = old.token("ann");
    until(|| gets_in(&companion, &token)).await;
    identity.says(200, set(&[&new]));
    until(|| async { !gets_in(&companion, &token).await }).await;
}

#[tokio::test]
async fn a_withdrawn_key_ends_the_relays_of_its_tokens_and_no_others() {
    let (kept, withdrawn) = (Signer::new("a"), Signer::new("b"));
    let identity = Identity::start(set(&[&kept, &withdrawn])).await;
    let provider = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = provider.local_addr().unwrap().port();
    let setup = Setup {
        more: format!(
            "[providers.openai]\norigin = \"https://localhost:{origin}\"\nallow_private = true\n"
        ),
        ..identity.setup("jwks_refresh_seconds = 1\n")
    };
    let companion = Companion::start(&setup).await;
    let token = withdrawn.token("ann");
    until(|| gets_in(&companion, &token)).await;
    let mut stays = relay(&companion, &kept.token("ann")).await;
    let mut ends = relay(&companion, &token).await;

    identity.says(200, set(&[&kept]));
    let end = tokio::time::timeout(Duration::from_secs(20), ends.next()).await;
    let Some(Ok(Message::Close(Some(frame)))) = end.expect("an end in time") else {
        panic!("no close frame");
    };
    let told = (u16::from(frame.code), frame.reason.as_str());
    assert_eq!(told, (4401, "unauthorized"));
    stays.send(Message::Ping("there?".into())).await.unwrap();
    let answer = stays.next().await.unwrap().unwrap();
    assert_eq!(answer, Message::Pong("there?".into()));
}

/// A relay that has begun.
#[expect(clippy::disallowed_methods, reason = "the test is the caller")]
async fn relay(companion: &Companion, token: &str) -> WebSocketStream<TcpStream> {
    let protocols = format!("keyseal.relay.v1, keyseal.token.{token}");
    let request = Request::get(format!("ws://{}/relay/openai", companion.address))
        .header("host", companion.address.to_string())
        .header("connection", "Upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", generate_key())
        .header("sec-websocket-protocol", protocols);
    let stream = TcpStream::connect(companion.address).await.unwrap();
    let opened = tokio_tungstenite::client_async(request.body(()).unwrap(), stream).await;
    let mut socket = opened.unwrap().0;
    let aws = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(aws)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    let name = "localhost".try_into().unwrap();
    let mut hello = Vec::new();
    rustls::ClientConnection::new(Arc::new(config), name)
        .unwrap()
        .write_tls(&mut hello)
        .unwrap();
    socket.send(Message::binary(hello)).await.unwrap();
    socket
}

#[tokio::test]
async fn the_last_good_keys_count_while_the_identity_provider_is_away() {
    let signer = Signer::new("a");
    let identity = Identity::start(set(&[&signer])).await;
    let setup = identity.setup("jwks_refresh_seconds = 1\njwks_cooldown_seconds = 1\n");
    let companion = Companion::start(&setup).await;
    until(|| async { gets_in(&companion, &signer.token("ann")).await }).await;
    for (status, document) in [
        (500, String::new()),
        (302, set(&[&signer])),
        (200, " ".repeat(300_000) + &set(&[&signer])),
    ] {
        let what: String = document.chars().take(60).collect();
        identity.says(status, document);
        identity.is_asked(identity.asked() + 1).await;
        let fresh = signer.token("bob");
        assert!(gets_in(&companion, &fresh).await, "{status} {what}");
    }
}

#[tokio::test]
async fn without_any_keys_yet_the_answer_says_try_again_and_it_mends_by_itself() {
    let signer = Signer::new("a");
    let identity = Identity::start(String::new()).await;
    identity.says(503, "");
    let companion = Companion::start(&identity.setup("jwks_cooldown_seconds = 1\n")).await;
    identity.is_asked(1).await;
    let answer = me(&companion, &signer.token("ann")).await;
    let answer = answer.refused(503, "unavailable");
    assert!(answer.header("retry-after").is_some());
    companion.get("/readyz").await.refused(503, "unavailable");
    companion.get("/healthz").await.expect(200);
    identity.says(200, set(&[&signer]));
    until(|| async { companion.get("/readyz").await.status == 200 }).await;
    assert!(gets_in(&companion, &signer.token("ann")).await);
}

#[tokio::test]
async fn a_token_gets_the_key_of_its_name_and_kind_or_none() {
    let (a, b) = (Signer::new("a"), Signer::new("b"));
    let identity = Identity::start(set(&[&a, &b])).await;
    let companion = Companion::start(&identity.setup("jwks_cooldown_seconds = 3600\n")).await;
    until(|| async { companion.get("/readyz").await.status == 200 }).await;
    assert!(gets_in(&companion, &a.token("ann")).await);
    for token in [
        // Another key's name, no name where there is a choice, no key at all.
        a.named("ann", Some("b")),
        a.named("ann", None),
        sign_hs256(set(&[&a, &b]).as_bytes(), &claims("ann")).unwrap(),
        sign_hs256(a.jwk()["x"].as_str().unwrap().as_bytes(), &claims("ann")).unwrap(),
    ] {
        me(&companion, &token).await.refused(401, "unauthorized");
    }
    let only = Signer::new("only");
    let identity = Identity::start(set(&[&only])).await;
    let companion = Companion::start(&identity.setup("")).await;
    until(|| async { gets_in(&companion, &only.named("ann", None)).await }).await;
}

#[tokio::test]
async fn an_identity_provider_at_a_private_address_is_asked_only_where_allowed() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let connected = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&connected);
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });
    let token = Signer::new("a").token("ann");
    for (allowed, host) in [
        (false, "localhost"),
        (false, "127.0.0.1"),
        (true, "localhost"),
    ] {
        let setup = Setup {
            auth: Some(format!(
                "mode = \"jwt\"\nissuer = \"{ISSUER}\"\naudience = \"keyseal\"\n\
                 jwks_url = \"https://{host}:{port}/\"\njwks_allow_private = {allowed}\n"
            )),
            ..Setup::default()
        };
        let companion = Companion::start(&setup).await;
        me(&companion, &token).await.refused(503, "unavailable");
        assert_eq!(connected.load(Ordering::SeqCst) > 0, allowed, "{host}");
    }
}
