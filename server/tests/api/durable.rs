//! What was acknowledged stays; what was revoked is gone from the files.

use std::{
    sync::{Arc, mpsc},
    time::Duration,
};

use serde_json::{Value, json};

use crate::support::{Process, Setup, companion::token, process::files_with};

async fn ids(process: &Process, sub: &str) -> Vec<String> {
    let token = token(&json!({ "sub": sub }));
    let list = process
        .send(&token, "GET", "/api/v1/api-keys", Vec::new())
        .await
        .expect(200)
        .json();
    let keys = list["keys"].as_array().unwrap();
    keys.iter()
        .map(|key| key["id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn acknowledged_writes_survive_kill_9() {
    let mut process = Process::start(&Setup::default());
    let token = token(&json!({ "sub": "ann" }));
    let mut expected = Vec::new();
    for round in 0..3 {
        for _ in 0..5 {
            expected.push(process.add("ann").await.0);
        }
        let label = json!({ "label": format!("round {round}") }).to_string();
        let path = format!("/api/v1/api-keys/{}", expected[0]);
        process
            .send(&token, "PATCH", &path, label.into())
            .await
            .expect(200);
        let gone = expected.pop().unwrap();
        let revoke = format!("/api/v1/api-keys/{gone}");
        process
            .send(&token, "DELETE", &revoke, Vec::new())
            .await
            .expect(204);

        // Not a moment after the last answer.
        let folder = process.kill();
        process = Process::start_in(folder, &Setup::default());
        assert_eq!(ids(&process, "ann").await, expected);
        let first = process
            .send(&token, "GET", &path, Vec::new())
            .await
            .expect(200)
            .json();
        assert_eq!(first["label"], format!("round {round}"));
        process
            .send(&token, "GET", &revoke, Vec::new())
            .await
            .refused(404, "not_found");
    }
}

#[tokio::test]
async fn kills_in_the_middle_of_writes_lose_nothing_that_was_acknowledged() {
    let process = Arc::new(Process::start(&Setup::default()));
    let (done, seen) = mpsc::channel();
    let writer = tokio::spawn({
        let process = Arc::clone(&process);
        async move {
            loop {
                let _ = done.send(process.add("ann").await.0);
            }
        }
    });
    let mut acknowledged: Vec<String> = Vec::new();
    while acknowledged.len() < 10 {
        tokio::time::sleep(Duration::from_millis(10)).await;
        acknowledged.extend(seen.try_iter());
    }
    writer.abort();
    let _ = writer.await;
    acknowledged.extend(seen.try_iter());
    let process = Arc::into_inner(process).expect("the writer has ended");
    let process = Process::start_in(process.kill(), &Setup::default());
    let kept = ids(&process, "ann").await;
    assert!(
        acknowledged.iter().all(|id| kept.contains(id)),
        "{acknowledged:?} {kept:?}"
    );
}

#[tokio::test]
async fn a_revoked_or_replaced_ciphertext_is_in_no_file_of_the_database() {
    let process = Process::start(&Setup::default());
    let token = token(&json!({ "sub": "ann" }));
    let data = process.folder.path().join("data");
    let text = |sealed: &Value| sealed["ciphertext"].as_str().unwrap().to_owned();
    let (revoked, sealed) = process.add("ann").await;
    let (kept, other) = process.add("ann").await;
    assert!(
        !files_with(&data, &text(&sealed)).is_empty(),
        "the search finds what is stored"
    );

    let path = format!("/api/v1/api-keys/{revoked}");
    process
        .send(&token, "DELETE", &path, Vec::new())
        .await
        .expect(204);
    assert_eq!(
        files_with(&data, &text(&sealed)),
        Vec::<std::path::PathBuf>::new()
    );
    assert!(!files_with(&data, &text(&other)).is_empty());
    assert!(!files_with(&data, &revoked).is_empty(), "the row is kept");

    let sealing_key = process.sealing_key().await;
    let claims = keyseal::envelope::KeyClaims {
        key: keyseal::envelope::Secret::new(crate::support::KEY.into()),
        provider: "demo".into(),
        sub: "ann".into(),
        rid: kept.clone(),
        iat: keyseal_server::clock::seconds() + 5,
        host: None,
    };
    let newer = keyseal::envelope::SealedKey::seal(&claims, &sealing_key)
        .unwrap()
        .to_json();
    let body = format!("{{\"sealedKey\":{newer}}}");
    let path = format!("/api/v1/api-keys/{kept}");
    process
        .send(&token, "PATCH", &path, body.into())
        .await
        .expect(200);
    assert_eq!(
        files_with(&data, &text(&other)),
        Vec::<std::path::PathBuf>::new()
    );
}

#[tokio::test]
async fn usage_that_was_shown_survives_kill_9() {
    let process = Process::start(&Setup::default());
    let ann = token(&json!({ "sub": "ann" }));
    process.add("ann").await;
    let hello = json!({ "model": "demo", "messages": [{ "role": "user", "content": "a b c" }] });
    process
        .send(
            &ann,
            "POST",
            "/forward/demo/v1/chat/completions",
            hello.to_string().into(),
        )
        .await
        .expect(200);
    let totals = async |process: &Process| {
        let usage = process.send(&ann, "GET", "/api/v1/usage", Vec::new()).await;
        usage.expect(200).json()["totals"].clone()
    };
    let mut shown = totals(&process).await;
    while shown["requests"] != 1 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        shown = totals(&process).await;
    }
    assert_eq!(shown["inputTokens"], 3);
    assert_eq!(
        shown["estimatedCostUsd"], 0.0,
        "the demo costs nothing, and says so"
    );
    let process = Process::start_in(process.kill(), &Setup::default());
    assert_eq!(totals(&process).await, shown);
}
