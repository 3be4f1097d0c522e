//! A relayed session that was recorded stays closed to everybody who has the companion's secrets.
//!
//! What the companion holds is tried as the secret of the session, byte by byte; what the browser
//! holds, which it never sends, opens the same records by the same code.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Prk};
use axum::body::Body;
use base64ct::{Base64, Base64UrlUnpadded, Encoding};
use http::Request;
use http_body_util::BodyExt;
use rustls::crypto::aws_lc_rs::cipher_suite::TLS13_AES_128_GCM_SHA256;
use rustls::server::Acceptor;

use crate::blind::{Secrets, holds};
use crate::browser::Relay;
use crate::companion::Companion;
use crate::provider_tls::{acceptor, roots};
use crate::tap::Tap;
use crate::upstream::Upstream;

const KEY: &str = "sk-recorded-4b1f7c90de";

/// Protected records of one direction (RFC 8446 section 5.2), as they stood on the wire.
fn records(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut records = Vec::new();
    let mut rest = bytes;
    while rest.len() >= 5 {
        let length = usize::from(u16::from_be_bytes([rest[3], rest[4]]));
        let (record, after) = rest.split_at(5 + length);
        if record[0] == 0x17 {
            records.push(record.to_vec());
        }
        rest = after;
    }
    records
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// HKDF-Expand-Label with an empty context (RFC 8446 section 7.1).
fn expand(secret: &Prk, label: &str, length: usize) -> Vec<u8> {
    let label = format!("tls13 {label}");
    let sizes = [0, length as u8, label.len() as u8];
    let info = [&sizes[..], label.as_bytes(), &[0]];
    let mut out = vec![0; length];
    let expanded = secret.expand(&info, Length(length)).unwrap();
    expanded.fill(&mut out).unwrap();
    out
}

/// The content of a record, if this is the traffic secret it was protected under, as the first.
fn open(record: &[u8], traffic_secret: &[u8]) -> Option<Vec<u8>> {
    let secret = Prk::new_less_safe(HKDF_SHA256, traffic_secret);
    let key = UnboundKey::new(&AES_128_GCM, &expand(&secret, "key", 16)).unwrap();
    let iv: [u8; 12] = expand(&secret, "iv", 12).try_into().unwrap();
    let (header, body) = record.split_at(5);
    let mut body = body.to_vec();
    let opened = LessSafeKey::new(key).open_in_place(
        Nonce::assume_unique_for_key(iv),
        Aad::from(header),
        &mut body,
    );
    opened.ok().map(|content| content.to_vec())
}

/// Whether any record of the recording opens under it.
fn opens(recording: &[Vec<u8>], secret: &[u8]) -> bool {
    recording
        .iter()
        .any(|record| open(record, secret).is_some())
}

/// Everything that the companion has in its folders, and the caller's token; also what their
/// base64 stands for.
fn held(companion: &Companion, token: &str) -> Vec<Vec<u8>> {
    let mut held = vec![token.as_bytes().to_vec()];
    read(companion.folder.path(), &mut held);
    let decoded: Vec<_> = held.iter().flat_map(|bytes| decoded(bytes)).collect();
    held.extend(decoded);
    held
}

/// What base64 in it stands for: of a PEM file its whole body, else every long word.
fn decoded(bytes: &[u8]) -> Vec<Vec<u8>> {
    let text = String::from_utf8_lossy(bytes);
    let body: String = text
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .collect();
    let words = text.split(|letter: char| !letter.is_ascii_graphic() || "\".,:".contains(letter));
    let all = words.filter(|word| word.len() >= 43).chain([body.as_str()]);
    let plain = all.filter_map(|word| {
        let url = Base64UrlUnpadded::decode_vec(word.trim_end_matches('='));
        url.or_else(|_| Base64::decode_vec(word)).ok()
    });
    plain.collect()
}

fn read(folder: &Path, into: &mut Vec<Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            read(&path, into);
        } else if !name.starts_with("keyseal.db") {
            into.push(fs::read(&path).unwrap());
        }
    }
}

#[tokio::test]
async fn a_recorded_session_opens_with_the_browsers_secrets_and_with_none_of_the_companions() {
    let upstream = Upstream::start_tls(acceptor(&["http/1.1"])).await;
    let tap = Tap::start(upstream.address).await;
    let companion = Companion::start(&format!("https://localhost:{}", tap.port), "").await;
    let ann = companion.user("ann");
    let secrets = Arc::new(Secrets::default());
    // One suite, so that this test has to know but one.
    let mut provider = rustls::crypto::aws_lc_rs::default_provider();
    provider.cipher_suites = vec![TLS13_AES_128_GCM_SHA256];
    let mut config = rustls::ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_root_certificates(roots())
        .with_no_client_auth();
    config.key_log = Arc::clone(&secrets) as _;

    let mut http = Relay::open(&companion, &ann)
        .await
        .http(Arc::new(config))
        .await;
    let request = Request::post("/v1/files/echo-key")
        .header("host", "localhost")
        .header("authorization", format!("Bearer {KEY}"))
        .body(Body::from("a question"));
    let answer = http.send_request(request.unwrap()).await.unwrap();
    let answer = answer.into_body().collect().await.unwrap().to_bytes();
    assert!(holds(&answer, KEY));
    drop(http);

    let (up, down) = (
        tap.up.lock().unwrap().clone(),
        tap.down.lock().unwrap().clone(),
    );
    assert!(!holds(&up, KEY) && !holds(&down, KEY));
    let recording = [records(&up), records(&down)].concat();
    assert!(recording.len() >= 4, "{}", recording.len());

    // The control: the browser's secrets, each the one that protects some first record, open it.
    let known = secrets.0.lock().unwrap().clone();
    let under = |label: &str| {
        let entry = known.iter().find(|(known, _)| known == label);
        entry.map(|(_, secret)| secret.clone()).expect(label)
    };
    for label in [
        "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
        "SERVER_HANDSHAKE_TRAFFIC_SECRET",
        "CLIENT_TRAFFIC_SECRET_0",
        "SERVER_TRAFFIC_SECRET_0",
    ] {
        assert!(opens(&recording, &under(label)), "{label}");
    }
    let secret = under("CLIENT_TRAFFIC_SECRET_0");
    let request = recording.iter().find_map(|record| open(record, &secret));
    assert!(holds(&request.unwrap(), KEY), "the request itself");

    // The attack: every 32 bytes in a row of all that the companion holds. The first record under
    // each of the four secrets is enough: who cannot open the first opens none.
    let first = |label: &str| {
        let secret = under(label);
        let opened = recording
            .iter()
            .find(|record| open(record, &secret).is_some());
        opened.cloned().unwrap()
    };
    let firsts = [
        first("CLIENT_HANDSHAKE_TRAFFIC_SECRET"),
        first("CLIENT_TRAFFIC_SECRET_0"),
        first("SERVER_TRAFFIC_SECRET_0"),
    ];
    let held = held(&companion, &ann.token);
    let mut tried = 0;
    for secret in held.iter().flat_map(|bytes| bytes.windows(32)) {
        assert!(!opens(&firsts, secret));
        tried += 1;
    }
    assert!(tried > 10_000, "{tried}");
    // The body of a private key is DER: a long SEQUENCE.
    let private = held.iter().any(|bytes| bytes.starts_with(&[0x30, 0x82]));
    let shared = held
        .iter()
        .any(|bytes| bytes.starts_with(b"0123456789abcdef"));
    assert!(shared && private, "the secrets are among them");
}

/// Nothing is ever encrypted to anybody's long-lived key, as TLS 1.2 could: every session has keys
/// of its own, which both sides forget.
#[test]
fn the_browser_offers_forward_secrecy_alone() {
    let hello = crate::browser::hello("localhost");
    let mut acceptor = Acceptor::default();
    acceptor.read_tls(&mut &hello[..]).unwrap();
    let accepted = acceptor.accept().ok().flatten().unwrap();
    let offered = accepted.client_hello();
    assert!(offered.cipher_suites().len() > 3);
    for suite in offered.cipher_suites() {
        let name = format!("{suite:?}");
        let ephemeral = name.starts_with("TLS13_") || name.starts_with("TLS_ECDHE_");
        assert!(ephemeral || name.contains("SCSV"), "{name}");
    }
}
