//! Entries: add, list, change, replace, reorder, revoke.

use keyseal_server::clock;
use serde_json::{Value, json};

use crate::support::{Companion, KEY, companion::User, new_id};

fn minute_ago() -> i64 {
    clock::seconds() - 60
}

/// An upload whose key was sealed at that time.
fn sealed_at(user: &User<'_>, id: &str, iat: i64) -> Value {
    let mut claims = user.claims(id);
    claims.iat = iat;
    user.seal(&claims)
}

pub async fn an_added_key_is_listed_with_its_mask_and_its_ciphertext(companion: &Companion) {
    let ann = companion.user("ann");
    let id = new_id();
    let mut body = ann.upload(&id);
    body["label"] = "  prod ".into();
    body["expiresAt"] = "2099-01-31T12:00:00+02:00".into();
    let added = ann.post("/api-keys", &body).await.expect(201).json();
    let list = ann.get("/api-keys").await.expect(200);
    assert_eq!(list.json(), json!({ "keys": [added] }));
    assert_eq!(
        ann.get(&format!("/api-keys/{id}")).await.expect(200).json(),
        added
    );
    assert!(!list.text().contains(KEY));

    let created = added["createdAt"].as_str().unwrap();
    assert!(
        clock::parse_rfc3339(created).unwrap() > clock::micros() - 60_000_000,
        "{created}"
    );
    let expected = json!({
        "id": id, "provider": "demo", "category": "llm", "label": "prod",
        "keyHint": keyseal::catalogue::hint(KEY), "host": null, "storage": "synced",
        "status": "untested", "statusDetail": null, "isValid": null, "isActive": true,
        "priority": 0, "totalRequests": 0, "totalTokens": 0, "estimatedCostUsd": null,
        "unknownRequests": 0, "budgetUsd": null, "budgetPeriod": null, "budgetSpentUsd": null,
        "budgetLeftUsd": null,
        "createdAt": created, "lastTestedAt": null, "lastUsedAt": null,
        "restingUntil": null, "expiresAt": "2099-01-31T10:00:00.000Z", "needsReentry": false,
        "sealedKey": body["sealedKey"],
    });
    assert_eq!(added, expected);
}

pub async fn the_same_request_again_answers_the_same_and_rewrites_nothing(companion: &Companion) {
    let ann = companion.user("ann");
    let id = new_id();
    let mut body = ann.upload(&id);
    body["sealedKey"] = sealed_at(&ann, &id, minute_ago());
    let first = ann.post("/api-keys", &body).await.expect(201).json();
    assert_eq!(ann.post("/api-keys", &body).await.expect(201).json(), first);

    let path = format!("/api-keys/{id}");
    let changed = ann
        .patch(&path, &json!({ "label": "new", "isActive": false }))
        .await;
    let changed = changed.expect(200).json();
    assert_eq!(
        ann.post("/api-keys", &body).await.expect(201).json(),
        changed
    );
    let newer = json!({ "sealedKey": sealed_at(&ann, &id, clock::seconds()) });
    let newer = ann.patch(&path, &newer).await.expect(200).json();
    assert_eq!(ann.post("/api-keys", &body).await.expect(201).json(), newer);

    let events = ann.get("/audit").await.expect(200).json();
    let adds = events["events"].as_array().unwrap().iter();
    assert_eq!(adds.filter(|event| event["action"] == "key.add").count(), 1);
}

pub async fn another_body_under_the_same_id_is_a_conflict(companion: &Companion) {
    let ann = companion.user("ann");
    let id = new_id();
    let body = ann.upload(&id);
    ann.post("/api-keys", &body).await.expect(201);
    for (name, value) in [
        ("sealedKey", ann.seal(&ann.claims(&id))),
        ("label", "other".into()),
        ("priority", 7.into()),
        ("expiresAt", "2099-01-01T00:00:00Z".into()),
    ] {
        let mut other = body.clone();
        other[name] = value;
        ann.post("/api-keys", &other)
            .await
            .refused(409, "id_conflict");
    }
}

pub async fn a_revoked_entry_is_gone_and_its_id_never_comes_back(companion: &Companion) {
    let ann = companion.user("ann");
    let id = new_id();
    let body = ann.upload(&id);
    let path = format!("/api-keys/{id}");
    ann.post("/api-keys", &body).await.expect(201);
    let answer = ann.delete(&path).await.expect(204);
    assert!(answer.body.is_empty());
    ann.delete(&path).await.expect(204);

    assert_eq!(ann.ids().await, Vec::<String>::new());
    ann.get(&path).await.refused(404, "not_found");
    ann.patch(&path, &json!({ "label": "back" }))
        .await
        .refused(404, "not_found");
    let again = json!({ "sealedKey": ann.seal(&ann.claims(&id)) });
    ann.patch(&path, &again).await.refused(404, "not_found");
    ann.post("/api-keys", &body)
        .await
        .refused(409, "revoked_id");
    ann.post("/api-keys", &ann.upload(&id))
        .await
        .refused(409, "revoked_id");

    let owner = keyseal_server::store::Owner::new(keyseal_server::store::Realm::Jwt, "ann");
    let kept = companion
        .state
        .store
        .entry(&owner, &id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(kept.sealed_key, None);
    assert!(kept.revoked_at.is_some() && !kept.active);
    let revokes = ann.get("/audit?action=key.revoke").await.expect(200).json();
    assert_eq!(
        revokes["events"].as_array().unwrap().len(),
        1,
        "the second revoke changed nothing"
    );
}

pub async fn each_user_has_ids_and_entries_of_their_own(companion: &Companion) {
    let (ann, bob) = (companion.user("ann"), companion.user("bob"));
    let id = ann.add().await;
    let path = format!("/api-keys/{id}");
    for answer in [
        bob.get(&path).await,
        bob.patch(&path, &json!({ "label": "mine" })).await,
        bob.patch(&path, &json!({ "sealedKey": bob.seal(&bob.claims(&id)) }))
            .await,
        bob.delete(&path).await,
    ] {
        let nothing = bob.get(&format!("/api-keys/{}", new_id())).await;
        assert_eq!(answer.refused(404, "not_found").text(), nothing.text());
    }
    bob.post(
        "/api-keys/reorder",
        &json!({ "provider": "demo", "ids": [id] }),
    )
    .await
    .refused(422, "validation");
    assert_eq!(bob.ids().await, Vec::<String>::new());
    assert_eq!(bob.get("/audit").await.json()["events"], json!([]));

    bob.post("/api-keys", &bob.upload(&id)).await.expect(201);
    bob.delete(&path).await.expect(204);
    assert_eq!(ann.ids().await, [id]);
}

pub async fn a_change_beside_the_key_never_touches_the_ciphertext(companion: &Companion) {
    let ann = companion.user("ann");
    let id = ann.add().await;
    let path = format!("/api-keys/{id}");
    let before = ann.get(&path).await.json();
    let mut expected = before.clone();
    for (name, value) in [
        ("label", json!("work")),
        ("isActive", json!(false)),
        ("priority", json!(12)),
        ("expiresAt", json!("2099-05-01T00:00:00.000Z")),
        ("isActive", json!(true)),
        ("expiresAt", json!(null)),
        ("label", json!("")),
    ] {
        expected[name] = value.clone();
        let changed = ann
            .patch(&path, &json!({ name: value }))
            .await
            .expect(200)
            .json();
        assert_eq!(changed, expected);
    }
    assert_eq!(
        ann.patch(&path, &json!({})).await.expect(200).json(),
        expected
    );
    assert_eq!(ann.get(&path).await.json(), expected);

    let mut both = json!({ "label": "x", "sealedKey": ann.seal(&ann.claims(&id)) });
    ann.patch(&path, &both).await.refused(422, "validation");
    both["provider"] = "openai".into();
    ann.patch(&path, &both).await.refused(422, "validation");
    ann.patch(&path, &json!({ "id": new_id() }))
        .await
        .refused(422, "validation");
    ann.patch(&path, &json!({ "keyHint": "x" }))
        .await
        .refused(422, "validation");
    assert_eq!(ann.get(&path).await.json(), expected);
}

pub async fn a_key_is_replaced_only_by_one_sealed_later_for_the_same_entry(companion: &Companion) {
    let ann = companion.user("ann");
    let (id, other) = (new_id(), ann.add().await);
    let path = format!("/api-keys/{id}");
    let stored_at = minute_ago();
    let mut body = ann.upload(&id);
    body["sealedKey"] = sealed_at(&ann, &id, stored_at);
    let before = ann.post("/api-keys", &body).await.expect(201).json();

    for iat in [stored_at - 1, stored_at] {
        let sealed = sealed_at(&ann, &id, iat);
        ann.patch(&path, &json!({ "sealedKey": sealed }))
            .await
            .refused(422, "sealed_key_expired");
    }
    let moved = ann.seal(&ann.claims(&other));
    ann.patch(&path, &json!({ "sealedKey": moved }))
        .await
        .refused(422, "sealed_key_mismatch");
    assert_eq!(ann.get(&path).await.json(), before);

    let mut claims = ann.claims(&id);
    claims.key = keyseal::envelope::Secret::new("demo-zzzzzzzzzzzzzzzzzzzzWXYZ".into());
    let newer = ann.seal(&claims);
    let after = ann
        .patch(&path, &json!({ "sealedKey": newer }))
        .await
        .expect(200)
        .json();
    assert_eq!(after["sealedKey"], newer);
    assert!(after["keyHint"].as_str().unwrap().ends_with("WXYZ"));
    assert_eq!(after["status"], "untested");
    assert_eq!(after["label"], before["label"]);
    ann.patch(&path, &json!({ "sealedKey": newer }))
        .await
        .refused(422, "sealed_key_expired");
}

pub async fn a_new_order_names_every_entry_once_and_is_kept(companion: &Companion) {
    let ann = companion.user("ann");
    let (a, b, c) = (ann.add().await, ann.add().await, ann.add().await);
    assert_eq!(
        ann.ids().await,
        [a.clone(), b.clone(), c.clone()],
        "new entries come last"
    );
    let order = |ids: &[&String]| json!({ "provider": "demo", "ids": ids });

    let list = ann
        .post("/api-keys/reorder", &order(&[&c, &a, &b]))
        .await
        .expect(200)
        .json();
    let keys = list["keys"].as_array().unwrap();
    let places: Vec<_> = keys
        .iter()
        .map(|key| (&key["id"], key["priority"].as_i64()))
        .collect();
    assert_eq!(
        places,
        [
            (&json!(c), Some(0)),
            (&json!(a), Some(1)),
            (&json!(b), Some(2))
        ]
    );
    assert_eq!(ann.ids().await, [c.clone(), a.clone(), b.clone()]);

    let stranger = new_id();
    for wrong in [
        order(&[&a, &b]),
        order(&[&a, &b, &c, &c]),
        order(&[&a, &b, &b]),
        order(&[&a, &b, &c, &stranger]),
        order(&[&a, &b, &stranger]),
        order(&[]),
        json!({ "provider": "openai", "ids": [a, b, c] }),
    ] {
        ann.post("/api-keys/reorder", &wrong)
            .await
            .refused(422, "validation");
    }
    assert_eq!(ann.ids().await, [c, a, b]);
}

pub async fn values_that_cannot_be_are_refused(companion: &Companion) {
    let ann = companion.user("ann");
    let id = new_id();
    let good = ann.upload(&id);
    for (name, value) in [
        ("id", json!("not-a-uuid")),
        ("id", json!(id.to_uppercase())),
        ("label", json!("two\nlines")),
        ("label", json!("nul\u{0}")),
        ("label", json!("x".repeat(101))),
        ("label", json!(7)),
        ("priority", json!(-1)),
        ("priority", json!(1.5)),
        ("priority", json!(1_000_001)),
        ("priority", json!("0")),
        ("expiresAt", json!("tomorrow")),
        ("expiresAt", json!("2020-01-01T00:00:00Z")),
        ("surprise", json!(true)),
    ] {
        let mut body = good.clone();
        body[name] = value.clone();
        let answer = ann.post("/api-keys", &body).await;
        let problem = answer.refused(422, "validation").json();
        assert!(problem["detail"].is_string(), "{name} {value}");
    }
    for missing in ["id", "provider", "sealedKey"] {
        let mut body = good.clone();
        body.as_object_mut().unwrap().remove(missing);
        let problem = ann
            .post("/api-keys", &body)
            .await
            .refused(422, "validation")
            .json();
        assert!(
            problem["detail"].as_str().unwrap().contains(missing),
            "{problem}"
        );
    }
    for provider in ["nobody", "", "../demo", "DEMO"] {
        let mut body = good.clone();
        body["provider"] = provider.into();
        ann.post("/api-keys", &body)
            .await
            .refused(404, "provider_unknown");
    }
    assert_eq!(ann.ids().await, Vec::<String>::new());
    ann.post("/api-keys", &good).await.expect(201);
}

pub async fn what_happened_is_written_down_page_by_page(companion: &Companion) {
    let ann = companion.user("ann");
    let id = ann.add().await;
    for label in ["a", "b", "c"] {
        ann.patch(&format!("/api-keys/{id}"), &json!({ "label": label }))
            .await
            .expect(200);
    }
    ann.delete(&format!("/api-keys/{id}")).await.expect(204);
    let mut actions = Vec::new();
    let mut path = "/audit?limit=2".to_owned();
    loop {
        let page = ann.get(&path).await.expect(200).json();
        for event in page["events"].as_array().unwrap() {
            assert_eq!(
                (&event["actor"], &event["entryId"]),
                (&json!("ann"), &json!(id))
            );
            assert!(clock::parse_rfc3339(event["at"].as_str().unwrap()).is_some());
            actions.push(event["action"].as_str().unwrap().to_owned());
        }
        let Some(next) = page["nextCursor"].as_str() else {
            break;
        };
        path = format!("/audit?limit=2&cursor={next}");
    }
    assert_eq!(
        actions,
        [
            "key.revoke",
            "key.update",
            "key.update",
            "key.update",
            "key.add"
        ]
    );
    for wrong in ["/audit?cursor=nonsense", "/audit?limit=many"] {
        ann.get(wrong).await.refused(422, "validation");
    }
}
