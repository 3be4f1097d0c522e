//! The companion relays thousands of requests under a key, and the key is nowhere in its memory.
//!
//! The companion runs in this process, whose memory is searched; its allocator does not even wipe
//! what is freed. Browser, provider and network are another process, which alone knows the keys.
//! What this process is told of them, to search for, is masked.

use std::fs::{self, File};
use std::hint::black_box;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};

use axum::body::Body;
use http::Request;
use http_body_util::BodyExt;
use keyseal::envelope::{KeyClaims, PublicKey, SealedKey, Secret};
use keyseal_server::clock;
use rustls::{ClientConfig, KeyLog};
use serde_json::{Value, json};

use crate::browser::{Relay, request_to};
use crate::caller;
use crate::companion::{Companion, entry_id};
use crate::provider_tls::{ROOT, acceptor, client};
use crate::tap::Tap;
use crate::upstream::Upstream;

const RELAYS: usize = 8;
const REQUESTS_EACH: usize = 300;
const MASK: u8 = 0x5a;

#[tokio::test(flavor = "multi_thread")]
async fn a_relayed_key_is_nowhere_in_the_companions_memory_or_files_or_on_the_wire() {
    let (mut others, mut told) = Others::start();
    let started = others.hear();
    let origin = format!("https://localhost:{}", started["port"]);
    let companion = Companion::start(&origin, &format!("ca_file = \"{ROOT}\"\n")).await;
    let ann = companion.user("ann");
    let begin = json!({
        "companion": companion.address, "token": ann.token, "jwk": companion.state.ring.jwks()[0],
    });
    writeln!(told, "{begin}").unwrap();
    let done = tokio::task::spawn_blocking(move || (others.hear(), others));
    let (done, others) = done.await.unwrap();

    // It is all still open while the memory is searched.
    assert_eq!(companion.state.relays.count(), RELAYS as u64);
    let masked = |value: &Value| -> Vec<u8> {
        let hex = value.as_str().unwrap();
        let digits = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        (0..hex.len()).step_by(2).map(digits).collect()
    };
    let (canary, control) = (masked(&done["canary"]), masked(&done["control"]));
    let secrets: Vec<_> = done["secrets"]
        .as_array()
        .unwrap()
        .iter()
        .map(masked)
        .collect();
    assert!(secrets.len() >= 4 * RELAYS, "{}", secrets.len());
    assert_eq!(done["seen"], RELAYS * REQUESTS_EACH);

    let in_memory = in_memory(
        &[
            &[&canary, &control][..],
            &secrets.iter().collect::<Vec<_>>(),
        ]
        .concat(),
    );
    assert_eq!(
        in_memory[0], 0,
        "the relayed key is in the companion's memory"
    );
    assert!(in_memory[1] > 0, "the memory was searched in vain");
    assert!(
        in_memory[2..].iter().all(|count| *count == 0),
        "a secret of a relayed TLS session is in the companion's memory"
    );
    let files = files(companion.folder.path());
    assert!(files.iter().all(|bytes| count(bytes, &canary) == 0));
    let sub: Vec<u8> = b"relay.close".iter().map(|byte| byte ^ MASK).collect();
    drop((told, others));
    crate::until::until(|| async { companion.state.relays.count() == 0 }).await;
    let after = self::files(companion.folder.path());
    assert!(
        after.iter().any(|bytes| count(bytes, &sub) > 0),
        "the files were searched in vain"
    );

    // On the wire between companion and provider: the host in clear, and nothing of the key.
    assert_eq!(
        done["wire"],
        json!({ "key": 0, "host": true, "enough": true })
    );
}

/// How often each masked text stands in this process' memory.
fn in_memory(masked: &[&Vec<u8>]) -> Vec<usize> {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let mut memory = File::open("/proc/self/mem").unwrap();
    let mut found = vec![0; masked.len()];
    let mut searched = 0;
    for line in maps.lines() {
        let mut words = line.split(' ');
        let (range, access) = (words.next().unwrap(), words.next().unwrap());
        if !access.starts_with("rw") || line.ends_with("[vvar]") {
            continue;
        }
        let (from, to) = range.split_once('-').unwrap();
        let [from, to] = [from, to].map(|text| u64::from_str_radix(text, 16).unwrap());
        let mut bytes = vec![0; usize::try_from(to - from).unwrap()];
        memory.seek(SeekFrom::Start(from)).unwrap();
        // Pages that nobody ever used may not be readable.
        if memory.read_exact(&mut bytes).is_err() {
            continue;
        }
        searched += bytes.len();
        for (number, text) in masked.iter().enumerate() {
            found[number] += count(&bytes, text);
        }
    }
    assert!(searched > 1_000_000, "{searched}");
    found
}

/// How often a masked text stands in bytes.
fn count(bytes: &[u8], masked: &[u8]) -> usize {
    let mask = black_box(MASK);
    let first = masked[0] ^ mask;
    let is_here = |(at, byte): (usize, &u8)| {
        *byte == first
            && bytes[at..].len() >= masked.len()
            && bytes[at..]
                .iter()
                .zip(masked)
                .all(|(byte, masked)| *byte ^ mask == *masked)
    };
    bytes
        .iter()
        .enumerate()
        .filter(|place| is_here(*place))
        .count()
}

fn files(folder: &Path) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => found.push(fs::read(&path).unwrap()),
        }
    }
    found
}

/// The other process.
struct Others {
    child: Child,
    says: BufReader<std::process::ChildStdout>,
}

impl Others {
    fn start() -> (Self, ChildStdin) {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "blind::browser_and_provider",
                "--exact",
                "--ignored",
                "--nocapture",
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let told = child.stdin.take().unwrap();
        let says = BufReader::new(child.stdout.take().unwrap());
        (Self { child, says }, told)
    }

    /// Its next line that is for us.
    fn hear(&mut self) -> Value {
        loop {
            let mut line = String::new();
            let count = self.says.read_line(&mut line).unwrap();
            assert!(count > 0, "the other process ended");
            if let Some(at) = line.find('{') {
                return serde_json::from_str(&line[at..]).unwrap();
            }
        }
    }
}

impl Drop for Others {
    fn drop(&mut self) {
        let _ = self.child.wait();
    }
}

/// What TLS itself says about its secrets (NSS key log).
#[derive(Debug, Default)]
pub struct Secrets(pub Mutex<Vec<(String, Vec<u8>)>>);

impl KeyLog for Secrets {
    fn log(&self, label: &str, _: &[u8], secret: &[u8]) {
        let entry = (label.to_owned(), secret.to_vec());
        self.0.lock().unwrap().push(entry);
    }
}

pub fn logged_client() -> (Arc<ClientConfig>, Arc<Secrets>) {
    let secrets = Arc::new(Secrets::default());
    let mut config = client();
    config.key_log = Arc::clone(&secrets) as _;
    // Every session of its own: all its secrets are known.
    config.resumption = rustls::client::Resumption::disabled();
    (Arc::new(config), secrets)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "the other process of the test above, which starts it"]
async fn browser_and_provider() {
    let upstream = Upstream::start_tls(acceptor(&["http/1.1"])).await;
    let tap = Tap::start(upstream.address).await;
    println!("\n{}", json!({ "port": tap.port }));
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    let told: Value = serde_json::from_str(&line).unwrap();
    let to: SocketAddr = told["companion"].as_str().unwrap().parse().unwrap();
    let token = told["token"].as_str().unwrap();

    let key = |name: &str| format!("sk-{name}-{}", uuid::Uuid::new_v4().simple());
    let (canary, control) = (key("relayed"), key("forwarded"));
    let (config, secrets) = logged_client();
    let protocols = format!("keyseal.relay.v1, keyseal.token.{token}");
    let passing = [(); RELAYS].map(|()| async {
        let asked = request_to(to, "/relay/openai", &protocols);
        let relay = Relay::ask_at(to, asked).await.unwrap();
        let mut http = relay.http(Arc::clone(&config)).await;
        for _ in 0..REQUESTS_EACH {
            // The provider repeats the key, so it passes both ways.
            let request = Request::post("/v1/files/echo-key")
                .header("host", "localhost")
                .header("authorization", format!("Bearer {canary}"))
                .body(Body::from(canary.clone()));
            http.ready().await.unwrap();
            let answer = http.send_request(request.unwrap()).await.unwrap();
            let answer = answer.into_body().collect().await.unwrap().to_bytes();
            assert!(holds(&answer, &canary), "{answer:?}");
        }
        http
    });
    let open = futures_util::future::join_all(passing).await;
    let seen = upstream.seen().len();
    let on_the_wire = [&tap.up, &tap.down].map(|kept| kept.lock().unwrap().clone());

    // The control: a key that the companion does open, for the same provider.
    let id = entry_id();
    let claims = KeyClaims {
        key: Secret::new(control.clone()),
        provider: "openai".into(),
        sub: "ann".into(),
        rid: id.clone(),
        iat: clock::seconds(),
        host: None,
    };
    let jwk = PublicKey::from_jwk(&serde_json::from_value(told["jwk"].clone()).unwrap());
    let sealed = SealedKey::seal(&claims, &jwk.unwrap()).unwrap().to_json();
    let sealed: Value = serde_json::from_str(&sealed).unwrap();
    let entry = json!({ "id": id, "provider": "openai", "sealedKey": sealed });
    for (path, body, status) in [
        ("/api/v1/api-keys", entry, 201),
        ("/forward/openai/v1/files/echo", json!({}), 200),
    ] {
        let request = Request::post(path)
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()));
        let answer = caller::call(to, request.unwrap()).await;
        assert_eq!(answer.status, status, "{}", answer.text());
    }
    let last = upstream.last().headers["authorization"].clone();
    assert_eq!(last, format!("Bearer {control}"));

    let masked = |bytes: &[u8]| -> String {
        let hex = bytes.iter().map(|byte| format!("{:02x}", byte ^ MASK));
        hex.collect()
    };
    let secrets = secrets.0.lock().unwrap().clone();
    let wire = json!({
        "key": on_the_wire.iter().filter(|bytes| holds(bytes, &canary)).count(),
        "host": holds(&on_the_wire[0], "localhost"),
        "enough": on_the_wire.iter().all(|bytes| bytes.len() > RELAYS * REQUESTS_EACH * 100),
    });
    println!(
        "\n{}",
        json!({
            "canary": masked(canary.as_bytes()), "control": masked(control.as_bytes()),
            "secrets": secrets.iter().map(|(_, secret)| masked(secret)).collect::<Vec<_>>(),
            "seen": seen, "wire": wire,
        })
    );
    // Until the memory was searched.
    let _ = std::io::stdin().read_line(&mut line);
    drop(open);
}

pub fn holds(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}
