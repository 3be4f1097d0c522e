//! A known key, used in every way, is then nowhere to be found; what is planted beside it is.

use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};

use axum::body::Body;
use tracing_subscriber::fmt::MakeWriter;

use crate::companion::{Browser, Companion, claims, request};
use crate::upstream::Upstream;

const STORED: &str = "sk-canary-stored-4f1d9a77c2";
const BROWSER: &str = "sk-canary-browser-83be0c51d6";
const PLANTED: &str = "planted-control-9e2f";

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Everything that any crate in this process logs, down to the finest.
fn log() -> &'static Log {
    static LOG: OnceLock<Log> = OnceLock::new();
    LOG.get_or_init(|| {
        let log = Log::default();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(log.clone())
            .finish();
        tracing::subscriber::set_global_default(subscriber).unwrap();
        log
    })
}

#[tokio::test]
async fn the_key_is_in_no_log_file_or_answer_while_the_planted_control_is() {
    let log = log();
    let upstream = Upstream::start().await;
    let companion = Companion::start(&upstream.origin(), "").await;
    let ann = companion.user("ann");
    let id = companion.add(&ann, STORED).await;
    let browser = Browser::new(&companion, &ann);
    let mut answers = Vec::new();
    for what in [
        "echo-key",
        "refused-key",
        "refused-page",
        "redirect?https://evil.example/",
    ] {
        let path = format!("/forward/openai/v1/files/{what}");
        answers.push(companion.forward(&ann, "GET", &path).await);
        let sealed = claims(&ann, "GET", path.split('?').next().unwrap(), BROWSER);
        let asked = request(&ann, "GET", &path)
            .header("keyseal-session", browser.session.jwe())
            .header("keyseal-key", browser.envelope(&sealed));
        answers.push(companion.call(asked.body(Body::empty()).unwrap()).await);
    }
    answers.push(
        companion
            .api(&ann, "POST", &format!("/api/v1/api-keys/{id}/test"), None)
            .await,
    );
    answers.push(companion.api(&ann, "GET", "/api/v1/api-keys", None).await);
    let one = "/v1/chat/completions";
    let sealed = claims(&ann, "POST", one, BROWSER);
    for asked in [
        request(&ann, "POST", one),
        request(&ann, "POST", one)
            .header("keyseal-session", browser.session.jwe())
            .header("keyseal-key", browser.envelope(&sealed)),
    ] {
        let body = Body::from(r#"{"model":"openai/m","messages":[]}"#);
        let answer = companion.call(asked.body(body).unwrap()).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answers.push(answer);
    }
    answers.push(companion.forward(&ann, "GET", "/v1/models").await);
    let used = upstream
        .seen()
        .iter()
        .any(|seen| seen.headers["authorization"] == format!("Bearer {STORED}").as_str());
    assert!(used, "the provider got the key, or this proves nothing");

    // Plant the control where the key must not be.
    tracing::info!(control = PLANTED, "planted");
    let label = serde_json::json!({ "label": PLANTED });
    let labelled = companion
        .api(
            &ann,
            "PATCH",
            &format!("/api/v1/api-keys/{id}"),
            Some(label),
        )
        .await;
    assert!(labelled.text().contains(PLANTED));

    let logged = log.0.lock().unwrap().clone();
    let files = files(companion.folder.path());
    for key in [STORED, BROWSER] {
        assert!(!holds(&logged, key), "in the log");
        for (name, bytes) in &files {
            assert!(!holds(bytes, key), "in {name}");
        }
        for answer in &answers {
            assert!(!holds(&answer.body, key), "in an answer");
            assert!(
                !format!("{:?}", answer.headers).contains(key),
                "in an answer's headers"
            );
        }
    }
    assert!(holds(&logged, PLANTED), "the log was searched in vain");
    assert!(
        files.iter().any(|(_, bytes)| holds(bytes, PLANTED)),
        "the files were searched in vain"
    );
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}

fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push((path.display().to_string(), std::fs::read(&path).unwrap()));
        }
    }
    found
}
