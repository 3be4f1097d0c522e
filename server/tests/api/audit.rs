//! What is written down beside the changes themselves, and for how long.

use keyseal_server::{
    clock,
    store::{Note, Owner, Realm},
};
use serde_json::{Value, json};

use crate::support::{Companion, Setup, User, new_id};

async fn events(user: &User<'_>, query: &str) -> Vec<Value> {
    let page = user.get(&format!("/audit{query}")).await.expect(200).json();
    page["events"].as_array().unwrap().clone()
}

pub async fn one_action_can_be_asked_for_and_the_mask_is_shown(companion: &Companion) {
    let ann = companion.user("ann");
    let id = ann.add().await;
    let path = format!("/api-keys/{id}");
    ann.patch(&path, &json!({ "label": "x" })).await.expect(200);
    let hint = ann.get(&path).await.json()["keyHint"].clone();
    assert!(hint.as_str().unwrap().contains('…'));
    let added = events(&ann, "?action=key.add").await;
    assert_eq!(added.len(), 1);
    assert_eq!(
        (&added[0]["entryId"], &added[0]["keyHint"]),
        (&json!(id), &hint)
    );
    assert_eq!(
        events(&ann, "?action=key.revoke").await,
        Vec::<Value>::new()
    );
    assert_eq!(events(&ann, "").await.len(), 2);
    for wrong in ["", "KEY", "a'b", "%00"] {
        ann.get(&format!("/audit?action={wrong}"))
            .await
            .refused(422, "validation");
    }
}

pub async fn one_entry_and_a_stretch_of_time_can_be_asked_for(companion: &Companion) {
    let ann = companion.user("ann");
    let (one, other) = (ann.add().await, ann.add().await);
    let path = format!("/api-keys/{one}");
    ann.patch(&path, &json!({ "label": "x" })).await.expect(200);
    let of = |events: Vec<Value>| -> Vec<_> {
        events.iter().map(|event| event["action"].clone()).collect()
    };
    let found = events(&ann, &format!("?entry={one}")).await;
    assert_eq!(of(found.clone()), ["key.update", "key.add"]);
    let found_other = events(&ann, &format!("?entry={other}&action=key.update")).await;
    assert_eq!(of(found_other), Vec::<Value>::new());

    // The act of a moment belongs to the stretch that begins there, not to the one that ends there.
    let store = &companion.state.store;
    let owner = Owner::new(Realm::Jwt, "ann");
    for (action, at) in [
        ("then", "2026-09-21T10:00:00Z"),
        ("later", "2026-09-22T00:00:00Z"),
    ] {
        let at = clock::parse_rfc3339(at).unwrap();
        store.note(&owner, &Note::new(action), at).await.unwrap();
    }
    for (query, expected) in [
        (
            "?since=2026-09-21T10:00:00Z&until=2026-09-22T00:00:00Z",
            vec!["then"],
        ),
        (
            "?since=2026-09-21T12:00:00%2B02:00&until=2026-09-22T00:00:00.001Z",
            vec!["later", "then"],
        ),
        ("?until=2026-09-21T09:59:59Z", vec![]),
    ] {
        assert_eq!(of(events(&ann, query).await), expected, "{query}");
    }
    for wrong in ["entry=x", "since=2026-09-21", "until=now", "since="] {
        ann.get(&format!("/audit?{wrong}"))
            .await
            .refused(422, "validation");
    }
}

pub async fn refusals_are_written_down_once_for_whom_they_concern(companion: &Companion) {
    let (ann, bob) = (companion.user("ann"), companion.user("bob"));
    let id = new_id();
    let mut upload = ann.upload(&id);
    upload["sealedKey"] = ann.seal(&keyseal::envelope::KeyClaims {
        provider: "openai".into(),
        ..ann.claims(&id)
    });
    for _ in 0..5 {
        ann.post("/api-keys", &upload)
            .await
            .refused(422, "sealed_key_mismatch");
    }
    let plain = json!({ "apiKey": "sk-proj-plain-key-0123456789" });
    for _ in 0..3 {
        bob.post("/api-keys", &plain)
            .await
            .refused(422, "plaintext_refused");
    }
    ann.get("/api-keys/nonsense")
        .await
        .refused(404, "not_found");
    let refused = events(&ann, "?action=request.refuse").await;
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert_eq!(refused[0]["detail"], "sealed_key_mismatch");
    let refused = events(&bob, "").await;
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0]["detail"], "plaintext_refused");
    assert!(!format!("{refused:?}").contains("plain-key"));
}

pub async fn nothing_but_age_removes_what_was_written_down(companion: &Companion) {
    let ann = companion.user("ann");
    ann.add().await;
    for method in ["DELETE", "PUT", "PATCH", "POST"] {
        let answer = ann.send(method, "/audit", None).await;
        assert_eq!(answer.status, 405, "{method}");
    }
    let store = &companion.state.store;
    let owner = Owner::new(Realm::Jwt, "ann");
    let old = clock::micros() - 10 * clock::DAY;
    store
        .note(&owner, &Note::new("old.act"), old)
        .await
        .unwrap();
    assert_eq!(events(&ann, "").await.len(), 2);
    let removed = store
        .forget_events(clock::micros() - 11 * clock::DAY)
        .await
        .unwrap();
    assert_eq!(removed, 0);
    let removed = store
        .forget_events(clock::micros() - 9 * clock::DAY)
        .await
        .unwrap();
    assert_eq!(removed, 1);
    let left = events(&ann, "").await;
    assert_eq!((left.len(), &left[0]["action"]), (1, &json!("key.add")));
}

#[tokio::test]
async fn keep_days_removes_old_notes_only_where_it_is_set() {
    let mut kept = Vec::new();
    for keep in ["", "[audit]\nkeep_days = 5"] {
        let setup = Setup {
            more: keep.into(),
            ..Setup::default()
        };
        let companion = Companion::start(&setup).await;
        let owner = Owner::new(Realm::Jwt, "ann");
        for days in [0, 4, 6] {
            let at = clock::micros() - days * clock::DAY;
            let note = Note::new("an.act");
            companion.state.store.note(&owner, &note, at).await.unwrap();
        }
        let folder = companion.stop().await;
        // What is too old goes at the next start, and each minute after it.
        let companion = Companion::start_in(folder, &setup).await;
        let ann = companion.user("ann");
        let expected = if keep.is_empty() { 3 } else { 2 };
        for _ in 0..100 {
            if events(&ann, "").await.len() == expected {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        kept.push(events(&ann, "").await.len());
        companion.stop().await;
    }
    assert_eq!(kept, [3, 2]);
}
