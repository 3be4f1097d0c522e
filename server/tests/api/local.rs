//! Local mode: a link, a tab, and nobody else.

use axum::body::Body;
use http::Request;
use serde_json::json;

use crate::support::{Answer, Companion, Setup, User};

/// A call of the page with these headers instead of its own.
async fn call(user: &User<'_>, headers: &[(&str, &str)]) -> Answer {
    let token = format!("Bearer {}", user.token);
    let mut request = Request::get("/api/v1/api-keys").header("authorization", token);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    user.companion
        .call(request.body(Body::empty()).unwrap())
        .await
}

#[tokio::test]
async fn a_link_is_good_once_also_after_a_restart() {
    let companion = Companion::start(&Setup::local()).await;
    let first = companion.link.clone().unwrap();
    assert!(first.starts_with(&format!("http://{}/#link=", companion.address)));
    let answer = companion.exchange(&first).await.expect(200);
    assert_eq!(answer.header("set-cookie"), None);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    companion
        .exchange(&first)
        .await
        .refused(401, "unauthorized");
    let unused = {
        let local = companion.state.verifier.local().unwrap();
        let code = local.link(keyseal_server::clock::seconds()).unwrap();
        format!("http://x/#link={code}")
    };
    let token = answer.json()["token"].as_str().unwrap().to_owned();

    let companion = Companion::start_in(companion.stop().await, &Setup::local()).await;
    companion
        .exchange(&first)
        .await
        .refused(401, "unauthorized");
    companion.exchange(&unused).await.expect(200);
    let tab = User {
        companion: &companion,
        sub: "local".into(),
        token,
    };
    assert_eq!(tab.get("/me").await.expect(200).json()["sub"], "local");
}

#[tokio::test]
async fn a_link_is_no_token_a_token_is_no_link_and_an_old_link_is_nothing() {
    let companion = Companion::start(&Setup::local()).await;
    let mut tab = companion.local_user().await;
    let link = format!("http://x/#link={}", tab.token);
    companion.exchange(&link).await.refused(401, "unauthorized");
    let now = keyseal_server::clock::seconds();
    let local = companion.state.verifier.local().unwrap();
    let old = format!("http://x/#link={}", local.link(now - 700).unwrap());
    companion.exchange(&old).await.refused(401, "unauthorized");
    tab.token = local.link(now).unwrap();
    tab.get("/me").await.refused(401, "unauthorized");
    for body in [
        json!({}),
        json!({ "link": 7 }),
        json!({ "link": "" }),
        json!({ "link": "a.b.c" }),
    ] {
        let request = Request::post("/api/v1/local/token")
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()));
        let answer = companion.call(request.unwrap()).await;
        assert!(answer.status.is_client_error(), "{body}");
    }
}

#[tokio::test]
async fn a_name_rebound_to_this_machine_reaches_nothing() {
    let companion = Companion::start(&Setup::local()).await;
    let tab = companion.local_user().await;
    let own = companion.address.to_string();
    call(&tab, &[("host", &own)]).await.expect(200);
    let port = companion.address.port();
    for host in [
        format!("evil.example.com:{port}"),
        format!("localhost:{port}"),
        format!("127.0.0.1.evil.example.com:{port}"),
        format!("127.0.0.1:{}", port ^ 1),
        format!("{own}@evil.example.com"),
        format!("0.0.0.0:{port}"),
        format!("[::1]:{port}"),
        "127.0.0.1".to_owned(),
        String::new(),
    ] {
        call(&tab, &[("host", &host)])
            .await
            .refused(403, "forbidden");
        // The public parts too: a page that reads them knows that the companion runs.
        let request = Request::get("/healthz")
            .header("host", &host)
            .body(Body::empty());
        companion
            .call(request.unwrap())
            .await
            .refused(403, "forbidden");
    }
    let answer = call(&tab, &[("host", &own), ("host", "evil.example.com")]).await;
    assert!(answer.status.is_client_error());
}

#[tokio::test]
async fn a_page_of_another_origin_reaches_nothing() {
    let companion = Companion::start(&Setup::local()).await;
    let tab = companion.local_user().await;
    call(
        &tab,
        &[("origin", &format!("http://{}", companion.address))],
    )
    .await
    .expect(200);
    for origin in [
        "https://evil.example.com".to_owned(),
        "null".into(),
        format!("https://{}", companion.address),
        "http://127.0.0.1".into(),
        format!("http://localhost:{}", companion.address.port()),
    ] {
        let answer = call(&tab, &[("origin", &origin)])
            .await
            .refused(403, "forbidden");
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
}

#[tokio::test]
async fn an_allowed_origin_may_call_with_its_token() {
    let mut setup = Setup::local();
    setup.more = "[cors]\norigins = [\"http://localhost:5173\"]\n".into();
    let companion = Companion::start(&setup).await;
    let tab = companion.local_user().await;
    let answer = call(&tab, &[("origin", "http://localhost:5173")])
        .await
        .expect(200);
    assert_eq!(
        answer.header("access-control-allow-origin"),
        Some("http://localhost:5173")
    );
    call(&tab, &[("origin", "http://localhost:5174")])
        .await
        .refused(403, "forbidden");
}
