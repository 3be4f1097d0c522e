//! The companion as a process of its own, where a test kills it or reads all that it wrote.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use axum::body::Body;
use http::Request;
use keyseal::envelope::{KeyClaims, PublicKey, SealedKey, Secret};
use keyseal_server::clock;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    caller::{self, Answer},
    companion::{KEY, Setup, new_id, token},
};

pub const BINARY: &str = env!("CARGO_BIN_EXE_keyseal-server");

pub struct Process {
    pub folder: Arc<TempDir>,
    pub address: SocketAddr,
    child: Child,
}

impl Process {
    pub fn start(setup: &Setup) -> Self {
        Self::start_in(Arc::new(tempfile::tempdir().unwrap()), setup)
    }

    /// Over folders that were used before; waits until it listens.
    pub fn start_in(folder: Arc<TempDir>, setup: &Setup) -> Self {
        let file = setup.prepare(folder.path());
        let log = |name| {
            let mut open = fs::OpenOptions::new();
            open.create(true)
                .append(true)
                .open(folder.path().join(name))
                .unwrap()
        };
        let before = fs::read_to_string(folder.path().join("stderr"))
            .unwrap_or_default()
            .len();
        let mut child = Command::new(BINARY)
            .args(["serve", "--demo", "--log", "debug", "--config"])
            .arg(&file)
            .env_clear()
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(log("stdout"))
            .stderr(log("stderr"))
            .spawn()
            .unwrap();
        let deadline = Instant::now() + Duration::from_secs(30);
        let address = loop {
            let text = fs::read_to_string(folder.path().join("stderr")).unwrap();
            let line = text[before..]
                .lines()
                .find(|line| line.contains("\"listening\""));
            if let Some(line) = line {
                let event: Value = serde_json::from_str(line).unwrap();
                break event["address"].as_str().unwrap().parse().unwrap();
            }
            assert_eq!(child.try_wait().unwrap(), None, "it ended: {text}");
            assert!(Instant::now() < deadline, "it does not listen: {text}");
            thread::sleep(Duration::from_millis(20));
        };
        Self {
            folder,
            address,
            child,
        }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// All that it printed, over all its starts. Lines are gathered for a moment before they are
    /// written: it is looked at until nothing more comes.
    pub fn output(&self) -> String {
        let printed = || {
            ["stdout", "stderr"]
                .map(|name| fs::read_to_string(self.folder.path().join(name)).unwrap())
                .concat()
        };
        let (mut text, mut unchanged) = (printed(), 0);
        while unchanged < 10 {
            thread::sleep(Duration::from_millis(50));
            let now = printed();
            unchanged = if now == text { unchanged + 1 } else { 0 };
            text = now;
        }
        text
    }

    pub fn kill(mut self) -> Arc<TempDir> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        Arc::clone(&self.folder)
    }

    /// Asks it to end, and waits.
    pub fn terminate(&mut self, patience: Duration) -> ExitStatus {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        let deadline = Instant::now() + patience;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "it does not end");
            thread::sleep(Duration::from_millis(20));
        }
    }

    pub async fn send(&self, token: &str, method: &str, path: &str, body: Vec<u8>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        request = request.header("authorization", format!("Bearer {token}"));
        if !body.is_empty() {
            request = request.header("content-type", "application/json");
        }
        caller::call(self.address, request.body(Body::from(body)).unwrap()).await
    }

    /// A POST whose answer is read as it comes.
    pub async fn stream(&self, sub: &str, path: &str, body: &Value) -> hyper::body::Incoming {
        let token = token(&json!({ "sub": sub }));
        let request = Request::post(path)
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()));
        let answer = caller::begin(self.address, request.unwrap()).await;
        assert_eq!(answer.status(), 200);
        answer.into_body()
    }

    pub async fn sealing_key(&self) -> PublicKey {
        let request = Request::get("/.well-known/jwks.json")
            .body(Body::empty())
            .unwrap();
        let jwks = caller::call(self.address, request).await.expect(200).json();
        PublicKey::from_jwk(&serde_json::from_value(jwks["keys"][0].clone()).unwrap()).unwrap()
    }

    /// Seals a demo key and uploads it; gives id and ciphertext.
    pub async fn add(&self, sub: &str) -> (String, Value) {
        let id = new_id();
        let claims = KeyClaims {
            key: Secret::new(KEY.into()),
            provider: "demo".into(),
            sub: sub.into(),
            rid: id.clone(),
            iat: clock::seconds(),
            host: None,
        };
        let sealed = SealedKey::seal(&claims, &self.sealing_key().await).unwrap();
        let sealed: Value = serde_json::from_str(&sealed.to_json()).unwrap();
        let body = json!({ "id": id, "provider": "demo", "sealedKey": sealed }).to_string();
        let token = token(&json!({ "sub": sub }));
        self.send(&token, "POST", "/api/v1/api-keys", body.into())
            .await
            .expect(201);
        (id, sealed)
    }

    /// The files of its folder that hold this text.
    pub fn files_with(&self, needle: &str) -> Vec<PathBuf> {
        let _ = self.output();
        files_with(self.folder.path(), needle)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The files below a folder that hold this text.
pub fn files_with(folder: &Path, needle: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(&path, needle));
        } else {
            let bytes = fs::read(&path).unwrap_or_default();
            if bytes
                .windows(needle.len())
                .any(|part| part == needle.as_bytes())
            {
                found.push(path);
            }
        }
    }
    found
}
