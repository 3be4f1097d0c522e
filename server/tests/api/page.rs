//! The page: its files, its policy, and nothing beside them.

use std::fs;

use crate::support::{Companion, Setup};

async fn with_page() -> (tempfile::TempDir, Companion) {
    with("").await
}

async fn with(more: &str) -> (tempfile::TempDir, Companion) {
    let dir = tempfile::tempdir().unwrap();
    let page = dir.path().join("dist");
    fs::create_dir_all(page.join("assets")).unwrap();
    fs::create_dir_all(page.join("frame/assets")).unwrap();
    fs::write(page.join("frame/index.html"), "<!doctype html>framed").unwrap();
    fs::write(page.join("frame/assets/frame-1a2b3c.js"), "export {}").unwrap();
    fs::write(page.join("frame/config.json"), "{}").unwrap();
    fs::write(page.join("index.html"), "<!doctype html>").unwrap();
    fs::write(page.join("assets/app-1a2b3c.js"), "export {}").unwrap();
    fs::write(page.join("assets/keyseal-4d5e6f.wasm"), b"\0asm").unwrap();
    fs::write(dir.path().join("secret"), "outside").unwrap();
    let setup = Setup {
        top: format!("page_dir = \"{}\"", page.display()),
        more: more.into(),
        ..Setup::default()
    };
    (dir, Companion::start(&setup).await)
}

#[tokio::test]
async fn the_page_comes_with_a_policy_that_lets_in_only_its_own() {
    let (_dir, companion) = with_page().await;
    let answer = companion.get("/").await.expect(200);
    assert_eq!(answer.text(), "<!doctype html>");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    let policy = answer.header("content-security-policy").unwrap();
    for rule in [
        "default-src 'self'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "trusted-types lit-html keyseal",
        "frame-ancestors 'none'",
        "worker-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        &format!(
            "connect-src 'self' http://{0} ws://{0} https://openrouter.ai/api/v1/auth/keys;",
            companion.address
        ),
    ] {
        assert!(policy.contains(rule), "{rule}: {policy}");
    }
    assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"));
}

#[tokio::test]
async fn files_with_a_hash_in_their_name_never_change() {
    let (_dir, companion) = with_page().await;
    let script = companion.get("/assets/app-1a2b3c.js").await.expect(200);
    let cached = script.header("cache-control").unwrap();
    assert!(cached.contains("immutable") && cached.contains("max-age=31536000"));
    assert!(
        script
            .header("content-type")
            .unwrap()
            .starts_with("text/javascript")
    );
    let wasm = companion
        .get("/assets/keyseal-4d5e6f.wasm")
        .await
        .expect(200);
    assert_eq!(wasm.header("content-type"), Some("application/wasm"));
    let gone = companion
        .get("/assets/gone.js")
        .await
        .refused(404, "not_found");
    assert_eq!(gone.header("cache-control"), Some("no-store"));
}

#[tokio::test]
async fn nothing_outside_the_pages_folder_is_served() {
    let (_dir, companion) = with_page().await;
    for path in [
        "/../secret",
        "/%2e%2e/secret",
        "/assets/../../secret",
        "/assets/%2e%2e/%2e%2e/secret",
        "/..%2fsecret",
        "//etc/passwd",
        "/%00",
    ] {
        let answer = companion.get(path).await;
        assert!(answer.status.is_client_error(), "{path}: {}", answer.status);
        assert!(!answer.text().contains("outside"));
    }
}

#[tokio::test]
async fn the_frame_may_be_held_by_the_listed_pages_and_the_page_by_none() {
    let (_dir, companion) =
        with("[frame]\norigins = [\"https://app.example.com\", \"http://localhost:5173\"]\n").await;
    let frame = companion.get("/frame/").await.expect(200);
    assert_eq!(frame.text(), "<!doctype html>framed");
    let policy = frame.header("content-security-policy").unwrap();
    for rule in [
        "frame-ancestors https://app.example.com http://localhost:5173;",
        "default-src 'self'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "base-uri 'none'",
    ] {
        assert!(policy.contains(rule), "{rule}: {policy}");
    }
    assert_eq!(frame.header("x-frame-options"), None);
    assert_eq!(frame.header("cross-origin-opener-policy"), None);
    assert_eq!(frame.header("cache-control"), Some("no-store"));
    let script = companion.get("/frame/assets/frame-1a2b3c.js").await;
    let cached = script
        .expect(200)
        .header("cache-control")
        .unwrap()
        .to_owned();
    assert!(cached.contains("immutable"));

    // It learns from its own origin whom it belongs to; a file of that name is not asked.
    let told = companion
        .get("/frame/config.json?companion=https://evil.example.com")
        .await;
    let told = told.expect(200).json();
    assert_eq!(told["companion"], format!("http://{}", companion.address));
    assert_eq!(told["parents"][1], "http://localhost:5173");
    let moved = companion.get("/frame").await.expect(308);
    assert_eq!(moved.header("location"), Some("frame/"));

    let page = companion.get("/").await.expect(200);
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    assert_eq!(page.header("x-frame-options"), Some("DENY"));
}

#[tokio::test]
async fn without_origins_there_is_no_frame() {
    let (_dir, companion) = with_page().await;
    for path in [
        "/frame",
        "/frame/",
        "/frame/index.html",
        "/frame/config.json",
    ] {
        let answer = companion.get(path).await.refused(404, "not_found");
        let policy = answer.header("content-security-policy").unwrap();
        assert!(
            policy.contains("frame-ancestors 'none'"),
            "{path}: {policy}"
        );
    }
}
