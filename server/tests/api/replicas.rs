//! Two companions on one database, with the same keys.

use std::time::Duration;

use axum::body::Body;
use http::Request;
use keyseal_server::{
    clock,
    store::{Owner, Realm},
};
use serde_json::json;

use crate::support::{Answer, Companion, Setup, User, postgres::Postgres};

async fn chat(user: &User<'_>) -> Answer {
    let body = json!({ "model": "demo", "messages": [{ "role": "user", "content": "Hello" }] });
    let request = Request::post("/forward/demo/v1/chat/completions")
        .header("authorization", format!("Bearer {}", user.token))
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()));
    user.companion.call(request.unwrap()).await
}

pub async fn what_one_replica_acknowledged_holds_on_the_other(cluster: &Postgres) {
    let mut setup = Setup {
        database_url: Some(cluster.database()),
        top: "public_url = \"http://keys.test\"".into(),
        ..Setup::default()
    };
    let one = Companion::start(&setup).await;
    setup.keys_dir = Some(one.folder.path().join("keys"));
    let other = Companion::start(&setup).await;
    let (here, there) = (one.user("ann"), other.user("ann"));

    let id = here.add().await;
    assert_eq!(there.ids().await, vec![id.clone()]);
    let answer = chat(&there).await.expect(200);
    assert_eq!(
        answer.header("keyseal-served-by"),
        Some(format!("entry {id}").as_str())
    );

    let ann = Owner::new(Realm::Jwt, "ann");
    let until = clock::seconds() + 240;
    assert!(
        one.state
            .store
            .claim_jti(&ann, "once", until)
            .await
            .unwrap()
    );
    assert!(
        !other
            .state
            .store
            .claim_jti(&ann, "once", until)
            .await
            .unwrap()
    );

    here.delete(&format!("/api-keys/{id}")).await.expect(204);
    chat(&here).await.refused(409, "no_credential");
    tokio::time::sleep(Duration::from_secs(1)).await;
    chat(&there).await.refused(409, "no_credential");
    one.stop().await;
    other.stop().await;
}
