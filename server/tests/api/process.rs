//! The program: signals, and what it says about itself.

use std::{
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use http_body_util::BodyExt;

use serde_json::{Value, json};

use crate::support::{
    Process, Setup,
    caller::call,
    companion::token,
    process::{BINARY, files_with},
    until,
};

fn run(folder: &std::path::Path, args: &[&str]) -> (bool, String, String) {
    let output = Command::new(BINARY)
        .args(args)
        .env_clear()
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.success(),
        text(output.stdout),
        text(output.stderr),
    )
}

#[tokio::test]
async fn a_signal_ends_it_in_time_with_its_counts_written() {
    let mut process = Process::start(&Setup::default());
    process.add("ann").await;
    // A connection that stays open and says nothing must not keep it.
    #[expect(clippy::disallowed_methods, reason = "the test is the caller")]
    let _idle = tokio::net::TcpStream::connect(process.address)
        .await
        .unwrap();
    let status = process.terminate(Duration::from_secs(12));
    assert!(status.success(), "{status}");
    let wal = process.folder.path().join("data/keyseal.db-wal");
    assert!(!wal.exists(), "the database was closed");
    let log = process.output();
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line of JSON"))
        .collect();
    assert!(lines.len() > 3);
}

#[tokio::test]
async fn an_open_stream_goes_on_after_the_signal_for_a_bounded_time() {
    let mut process = Process::start(&Setup::default());
    process.add("ann").await;
    let words = "word ".repeat(4_000);
    let body = json!({
        "model": "demo-slow", "stream": true,
        "messages": [{ "role": "user", "content": words }],
    });
    let mut stream = process
        .stream("ann", "/forward/demo/v1/chat/completions", &body)
        .await;
    assert!(stream.frame().await.unwrap().is_ok());
    let ending = tokio::task::spawn_blocking(move || {
        let start = Instant::now();
        assert!(process.terminate(Duration::from_secs(14)).success());
        (start.elapsed(), Arc::clone(&process.folder))
    });
    tokio::time::sleep(Duration::from_secs(2)).await;
    let pieces = async {
        let mut pieces = 0;
        while let Some(Ok(_)) = stream.frame().await {
            pieces += 1;
        }
        pieces
    };
    assert!(pieces.await > 10, "it went on");
    let (took, folder) = ending.await.unwrap();
    assert!(
        took > Duration::from_secs(4) && took < Duration::from_secs(12),
        "{took:?}"
    );
    let process = Process::start_in(folder, &Setup::default());
    let ann = token(&json!({ "sub": "ann" }));
    let usage = process.send(&ann, "GET", "/api/v1/usage", Vec::new()).await;
    let totals = usage.expect(200).json()["totals"].clone();
    assert_eq!(totals["requests"], 1, "the stream that was cut is counted");
    assert_eq!(totals["uncountedRequests"], 1);
}

#[tokio::test]
async fn the_log_names_routes_and_never_what_was_sent() {
    let process = Process::start(&Setup::default());
    let ann = token(&json!({ "sub": "ann-the-user" }));
    let path = "/api/v1/api-keys/0192f3c4-5b6a-7c8d-9e0f-112233445566?note=said-in-the-query";
    let body = json!({ "label": "said-in-the-body" }).to_string();
    process
        .send(&ann, "PATCH", path, body.into())
        .await
        .refused(404, "not_found");
    let log = process.output();
    assert!(log.contains("\"route\":\"/api/v1/api-keys/{id}\""), "{log}");
    for said in ["said-in", "0192f3c4", &ann, "ann-the-user"] {
        assert!(!log.contains(said), "{said}");
    }
}

#[tokio::test]
async fn a_token_made_by_hand_is_accepted() {
    let process = Process::start(&Setup::more(
        "[tiers]\ndefault = \"free\"\n[tiers.free]\n[tiers.premium]\n",
    ));
    let folder = process.folder.path();
    let args = [
        "token",
        "--config",
        "keyseal.toml",
        "--sub",
        "ann",
        "--tier",
        "premium",
    ];
    let (ok, token, _) = run(folder, &args);
    assert!(ok);
    let me = process
        .send(token.trim(), "GET", "/api/v1/me", Vec::new())
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&me["sub"], &me["tier"]),
        (&json!("ann"), &json!("premium"))
    );
    let notes = process
        .send(token.trim(), "GET", "/api/v1/audit", Vec::new())
        .await
        .expect(200)
        .json();
    assert_eq!(notes["events"][0]["action"], "operator.token");
    assert!(!notes.to_string().contains(token.trim()));
    let (ok, listed, _) = run(folder, &["keys", "list", "--config", "keyseal.toml"]);
    assert!(ok && listed.contains("current"), "{listed}");
    let known = process.send("", "GET", "/.well-known/keyseal", Vec::new());
    let identity = &known.await.expect(200).json()["identity"]["kid"];
    assert!(
        listed.contains(&format!("trustedIdentity {identity}")),
        "{listed}"
    );
    let (ok, said, _) = run(folder, &["migrate", "--config", "keyseal.toml"]);
    assert!(ok && said.contains("up to date"));
}

#[tokio::test]
async fn a_user_who_is_forgotten_leaves_nothing_behind_and_others_lose_nothing() {
    let process = Process::start(&Setup::default());
    let mut ids = Vec::new();
    for sub in ["ann-the-user", "ben"] {
        ids.push(process.add(sub).await.0);
    }
    let folder = process.folder.path();
    let is_kept = |text: &str| !files_with(&folder.join("data"), text).is_empty();
    assert!(is_kept("ann-the-user") && is_kept(&ids[0]), "the control");
    let forget = |sub| {
        run(
            folder,
            &["forget", "--config", "keyseal.toml", "--sub", sub],
        )
    };
    let (ok, said, _) = forget("ann-the-user");
    assert!(ok && said.starts_with("1 keys are revoked"), "{said}");
    let (ok, said, _) = forget("nobody");
    assert!(ok && said.starts_with("0 rows are removed"), "{said}");
    assert!(!is_kept("ann-the-user") && !is_kept(&ids[0]));
    assert!(is_kept("ben") && is_kept(&ids[1]));
    for (sub, count) in [("ben", 1), ("ann-the-user", 0)] {
        let user = token(&json!({ "sub": sub }));
        let list = process.send(&user, "GET", "/api/v1/api-keys", Vec::new());
        let list = list.await.expect(200).json();
        assert_eq!(list["keys"].as_array().map(Vec::len), Some(count));
    }
}

#[tokio::test]
async fn in_local_mode_it_prints_one_link_and_token_prints_another() {
    let setup = Setup {
        top: "public_url = \"http://127.0.0.1:7\"".into(),
        ..Setup::local()
    };
    let process = Process::start(&setup);
    let stdout = std::fs::read_to_string(process.folder.path().join("stdout")).unwrap();
    assert!(
        stdout.starts_with("Open http://127.0.0.1:7/#link="),
        "{stdout}"
    );
    assert_eq!(stdout.lines().count(), 1);
    let (_, fresh, _) = run(
        process.folder.path(),
        &["token", "--config", "keyseal.toml"],
    );
    for line in [&stdout, &fresh] {
        let code = line.trim().split_once("#link=").unwrap().1;
        let request = http::Request::post("/api/v1/local/token")
            .header("host", "127.0.0.1:7")
            .header("content-type", "application/json")
            .body(axum::body::Body::from(json!({ "link": code }).to_string()));
        call(process.address, request.unwrap()).await.expect(200);
    }
    assert!(
        !process
            .output()
            .lines()
            .skip(1)
            .any(|line| line.contains("#link"))
    );
}

#[test]
fn token_makes_no_link_where_no_companion_has_started() {
    let folder = tempfile::tempdir().unwrap();
    Setup::local().write(folder.path());
    let (ok, link, said) = run(folder.path(), &["token", "--config", "keyseal.toml"]);
    assert!(!ok && link.is_empty(), "{link}");
    assert!(said.contains("no companion has started"), "{said}");
    assert!(!folder.path().join("keys").exists());
}

#[test]
fn keys_list_makes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    Setup::default().write(folder.path());
    let (ok, _, said) = run(folder.path(), &["keys", "list", "--config", "keyseal.toml"]);
    assert!(!ok && said.contains("keys"), "{said}");
    assert!(!folder.path().join("keys").exists());
}

#[tokio::test]
async fn stored_keys_and_an_empty_folder_are_not_taken_for_a_first_start() {
    let setup = Setup {
        own_keys: true,
        ..Setup::default()
    };
    let mut process = Process::start(&setup);
    let (id, _) = process.add("ann").await;
    assert!(process.terminate(Duration::from_secs(12)).success());
    let folder = process.folder.clone();
    drop(process);
    let at = folder.path();
    std::fs::rename(at.join("keys"), at.join("lost")).unwrap();

    let (ok, _, said) = run(at, &["serve", "--config", "keyseal.toml"]);
    assert!(!ok && said.contains("keys create"), "{said}");
    assert!(!at.join("keys").exists());
    let (ok, listed, said) = run(at, &["keys", "create", "--config", "keyseal.toml"]);
    assert!(ok && listed.contains("current"), "{said}");
    let (ok, notes, said) = run(at, &["audit", "--config", "keyseal.toml"]);
    assert!(ok && notes.contains("  keys.create"), "{said}");
    let process = Process::start_in(folder, &setup);
    let path = format!("/api/v1/api-keys/{id}");
    let ann = token(&json!({ "sub": "ann" }));
    // Rows are looked through beside the start, so that it does not wait for a million of them.
    until(|| async {
        let entry = process.send(&ann, "GET", &path, Vec::new()).await;
        entry.expect(200).json()["needsReentry"] == json!(true)
    })
    .await;
}

#[test]
fn it_leaves_no_core_dump_and_its_files_to_its_owner_alone() {
    let process = Process::start(&Setup::default());
    let pid = process.pid();
    let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"))
        .unwrap();
    let numbers: Vec<_> = core
        .split_whitespace()
        .filter(|word| *word == "0")
        .collect();
    assert_eq!(numbers.len(), 2, "{core}");
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let locked = status
        .lines()
        .find(|line| line.starts_with("VmLck:"))
        .unwrap();
    let unlocked = locked.split_whitespace().nth(1) == Some("0");
    assert_eq!(
        unlocked,
        process.output().contains("memory is not locked"),
        "it says so"
    );
    let database = process.folder.path().join("data/keyseal.db");
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(database).unwrap().permissions(),
    );
    assert_eq!(mode & 0o077, 0);
}
