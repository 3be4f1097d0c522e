//! Many at once.

use keyseal_server::{
    clock,
    store::{Owner, Realm},
};
use serde_json::json;
use tokio::task::JoinSet;

use crate::support::caller::{Answer, call};
use crate::support::{Companion, companion::token, new_id};

const MANY: usize = 12;

/// The same call many times at once; `body` by number.
async fn at_once(
    companion: &Companion,
    method: &'static str,
    path: &'static str,
    body: impl Fn(usize) -> serde_json::Value,
) -> Vec<Answer> {
    let mut calls = JoinSet::new();
    let (to, token) = (companion.address, token(&json!({ "sub": "ann" })));
    for number in 0..MANY {
        let request = http::Request::builder()
            .method(method)
            .uri(format!("/api/v1{path}"))
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json")
            .body(axum::body::Body::from(body(number).to_string()))
            .unwrap();
        calls.spawn(call(to, request));
    }
    calls.join_all().await
}

pub async fn of_many_equal_uploads_one_is_stored_and_all_are_acknowledged(companion: &Companion) {
    let ann = companion.user("ann");
    let id = new_id();
    let body = ann.upload(&id);
    let answers = at_once(companion, "POST", "/api-keys", |_| body.clone()).await;
    let first = ann.get(&format!("/api-keys/{id}")).await.json();
    for answer in answers {
        assert_eq!(answer.expect(201).json(), first);
    }
    assert_eq!(
        ann.get("/audit").await.json()["events"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

pub async fn uploads_at_once_get_places_of_their_own(companion: &Companion) {
    let ann = companion.user("ann");
    let uploads: Vec<_> = (0..MANY).map(|_| ann.upload(&new_id())).collect();
    let answers = at_once(companion, "POST", "/api-keys", |number| {
        uploads[number].clone()
    })
    .await;
    let mut places: Vec<_> = answers
        .into_iter()
        .map(|answer| answer.expect(201).json()["priority"].as_u64())
        .collect();
    places.sort();
    assert_eq!(places, (0..MANY as u64).map(Some).collect::<Vec<_>>());
}

pub async fn of_many_claims_of_one_id_one_wins(companion: &Companion) {
    let mut claims = JoinSet::new();
    for _ in 0..MANY {
        let state = companion.state.clone();
        claims.spawn(async move {
            let owner = Owner::new(Realm::Jwt, "ann");
            state
                .store
                .claim_jti(&owner, "once", clock::seconds() + 240)
                .await
                .unwrap()
        });
    }
    let won = claims.join_all().await;
    assert_eq!(won.iter().filter(|won| **won).count(), 1);
}

pub async fn settings_that_are_merged_at_once_are_all_kept(companion: &Companion) {
    let answers = at_once(
        companion,
        "PATCH",
        "/me",
        |number| json!({ "settings": { format!("s{number}"): number } }),
    );
    answers
        .await
        .into_iter()
        .for_each(|answer| drop(answer.expect(200)));
    let me = companion.user("ann").get("/me").await.json();
    assert_eq!(me["settings"].as_object().unwrap().len(), MANY);
}

pub async fn orders_that_are_set_at_once_end_in_one_of_them(companion: &Companion) {
    let ann = companion.user("ann");
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.push(ann.add().await);
    }
    let turned = |number: usize| {
        let mut order = ids.clone();
        order.rotate_left(number % ids.len());
        order
    };
    let answers = at_once(
        companion,
        "POST",
        "/api-keys/reorder",
        |number| json!({ "provider": "demo", "ids": turned(number) }),
    );
    answers
        .await
        .into_iter()
        .for_each(|answer| drop(answer.expect(200)));
    let list = ann.get("/api-keys").await.json();
    let keys = list["keys"].as_array().unwrap();
    let places: Vec<_> = keys
        .iter()
        .map(|key| key["priority"].as_u64().unwrap())
        .collect();
    assert_eq!(places, [0, 1, 2, 3]);
    let last = ann.ids().await;
    assert!((0..4).any(|number| turned(number) == last), "{last:?}");
}
