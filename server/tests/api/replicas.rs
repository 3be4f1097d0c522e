//! Two companions on one database, with the same keys.

use std::time::Duration;

use axum::body::Body;
use http::Request;
use keyseal::envelope::{RequestClaims, Secret, Session};
use keyseal_server::{
    clock,
    store::{Owner, Realm},
};
use serde_json::json;

use crate::support::{Answer, Companion, KEY, User, postgres::Postgres};

async fn chat(user: &User<'_>) -> Answer {
    let body = json!({ "model": "demo", "messages": [{ "role": "user", "content": "Hello" }] });
    let request = Request::post("/forward/demo/v1/chat/completions")
        .header("authorization", format!("Bearer {}", user.token))
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()));
    user.companion.call(request.unwrap()).await
}

pub async fn what_one_replica_acknowledged_holds_on_the_other(cluster: &Postgres) {
    let (one, other) = Companion::replicas(cluster).await;
    let (here, there) = (one.user("ann"), other.user("ann"));

    let id = here.add().await;
    assert_eq!(there.ids().await, vec![id.clone()]);
    let answer = chat(&there).await.expect(200);
    assert_eq!(
        answer.header("keyseal-served-by"),
        Some(format!("entry {id}").as_str())
    );

    chat(&here).await.expect(200);
    for replica in [&one, &other] {
        replica.state.write_usage().await.unwrap();
    }
    let used = here.get("/usage?by=model,entry").await.expect(200).json();
    assert_eq!(
        used["rows"].as_array().unwrap().len(),
        1,
        "one row for both"
    );
    assert_eq!(used["totals"]["requests"], 2);

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

    one_envelope_serves_one_request_of_either(&here, &there).await;

    here.delete(&format!("/api-keys/{id}")).await.expect(204);
    chat(&here).await.refused(409, "no_credential");
    tokio::time::sleep(Duration::from_secs(1)).await;
    chat(&there).await.refused(409, "no_credential");
    one.stop().await;
    other.stop().await;
}

/// A session is good at both, which share its key and nothing else; an envelope at one of them.
async fn one_envelope_serves_one_request_of_either(here: &User<'_>, there: &User<'_>) {
    let path = "/forward/demo/v1/models";
    let now = clock::seconds();
    let key = here.companion.sealing_key();
    let session = Session::start("ann", &here.token, now, now + 3600, &key).unwrap();
    let envelope = |jti: &str| {
        let claims = RequestClaims {
            key: Secret::new(KEY.into()),
            provider: "demo".into(),
            sub: "ann".into(),
            m: "GET".into(),
            p: path.into(),
            iat: clock::seconds(),
            jti: jti.into(),
            host: None,
        };
        session.seal_request(&claims).unwrap()
    };
    // One token at both, as a load balancer sends one user to either.
    let send = async |at: &User<'_>, envelope: &str| {
        let request = Request::get(path)
            .header("authorization", format!("Bearer {}", here.token))
            .header("keyseal-session", session.jwe())
            .header("keyseal-key", envelope);
        let request = request.body(Body::empty()).unwrap();
        at.companion.call(request).await
    };
    let first = envelope("first");
    send(here, &first).await.expect(200);
    send(there, &first).await.refused(409, "replayed");
    send(here, &first).await.refused(409, "replayed");
    let second = envelope("second");
    send(there, &second).await.expect(200);
    send(here, &second).await.refused(409, "replayed");

    for round in 0..8 {
        let raced = envelope(&format!("raced-{round}"));
        let sent =
            futures_util::future::join_all([here, there, here, there].map(|at| send(at, &raced)));
        let answers = sent.await;
        let served = answers.iter().filter(|answer| answer.status == 200);
        let replayed = answers.iter().filter(|answer| answer.status == 409);
        assert_eq!((served.count(), replayed.count()), (1, 3), "round {round}");
    }
}
