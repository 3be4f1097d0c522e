//! The page: its files, its policy, and nothing beside them.

use std::fs;

use crate::support::{Companion, Setup};

async fn with_page() -> (tempfile::TempDir, Companion) {
    let dir = tempfile::tempdir().unwrap();
    let page = dir.path().join("dist");
    fs::create_dir_all(page.join("assets")).unwrap();
    fs::write(page.join("index.html"), "<!doctype html>").unwrap();
    fs::write(page.join("assets/app-1a2b3c.js"), "export {}").unwrap();
    fs::write(page.join("assets/keyseal-4d5e6f.wasm"), b"\0asm").unwrap();
    fs::write(dir.path().join("secret"), "outside").unwrap();
    let setup = Setup {
        top: format!("page_dir = \"{}\"", page.display()),
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
        &format!("connect-src 'self' http://{0} ws://{0}", companion.address),
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
