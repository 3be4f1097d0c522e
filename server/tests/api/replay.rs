//! What the forward path asks of the store.

use keyseal_server::{
    clock::{self, Micros},
    store::{Counts, Owner, Realm, Status, Used},
};
use serde_json::json;

use crate::support::{Companion, new_id};

fn ann() -> Owner {
    Owner::new(Realm::Jwt, "ann")
}

pub async fn an_id_is_claimed_once_and_forgotten_by_the_databases_clock(companion: &Companion) {
    let store = &companion.state.store;
    let now = clock::seconds();
    assert!(store.claim_jti(&ann(), "a", now + 240).await.unwrap());
    assert!(!store.claim_jti(&ann(), "a", now + 240).await.unwrap());
    assert!(!store.claim_jti(&ann(), "a", now + 900).await.unwrap());
    assert!(
        store
            .claim_jti(&Owner::new(Realm::Jwt, "bob"), "a", now + 240)
            .await
            .unwrap()
    );
    assert!(
        store
            .claim_jti(&Owner::new(Realm::Local, "ann"), "a", now + 240)
            .await
            .unwrap()
    );
    // Over by the database's clock: a replica whose own clock is slow would still take it.
    assert!(!store.claim_jti(&ann(), "late", now - 5).await.unwrap());
    assert!(!store.claim_jti(&ann(), "nul\0", now + 240).await.unwrap());

    assert!(store.claim_jti(&ann(), "soon", now + 2).await.unwrap());
    store.forget_replays().await.unwrap();
    assert!(
        !store.claim_jti(&ann(), "soon", now + 240).await.unwrap(),
        "still kept"
    );
    tokio::time::sleep(std::time::Duration::from_millis(4_100)).await;
    store.forget_replays().await.unwrap();
    assert!(
        store
            .claim_jti(&ann(), "soon", clock::seconds() + 240)
            .await
            .unwrap(),
        "forgotten"
    );
    assert!(
        !store.claim_jti(&ann(), "a", now + 240).await.unwrap(),
        "still kept"
    );
}

fn used(id: &str, at: Micros) -> Used {
    let counts = Counts {
        requests: 1,
        ..Counts::default()
    };
    Used {
        owner: ann(),
        at,
        provider: "demo",
        model: None,
        credential: id.to_owned(),
        counts,
    }
}

pub async fn uses_are_counted(companion: &Companion) {
    let user = companion.user("ann");
    let (id, store) = (user.add().await, &companion.state.store);
    let at = clock::micros();
    for late in [0, 7_000, 3_000] {
        store.record(used(&id, at + late));
    }
    store.record(used(&new_id(), at));
    companion.state.write_usage().await.unwrap();
    let key = user.get(&format!("/api-keys/{id}")).await.json();
    assert_eq!(key["totalRequests"], 3);
    assert_eq!(key["lastUsedAt"], json!(clock::rfc3339(at + 7_000)));
}

pub async fn candidates_are_active_unexpired_and_in_order(companion: &Companion) {
    let user = companion.user("ann");
    let store = &companion.state.store;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(user.add().await);
    }
    let path = |index: usize| format!("/api-keys/{}", ids[index]);
    user.patch(&path(1), &json!({ "isActive": false }))
        .await
        .expect(200);
    user.delete(&path(2)).await.expect(204);
    let soon = clock::rfc3339(clock::micros() + 60_000_000);
    user.patch(&path(3), &json!({ "expiresAt": soon }))
        .await
        .expect(200);
    user.patch(&path(4), &json!({ "priority": 0 }))
        .await
        .expect(200);
    user.patch(&path(0), &json!({ "priority": 1 }))
        .await
        .expect(200);

    let found = async |owner: Owner, provider: &str, later: i64| {
        let now = clock::micros() + later * 1_000_000;
        let found = store.candidates(&owner, provider, now).await.unwrap();
        found
            .into_iter()
            .map(|candidate| candidate.id)
            .collect::<Vec<_>>()
    };
    let expect = |indices: &[usize]| indices.iter().map(|i| ids[*i].clone()).collect::<Vec<_>>();
    assert_eq!(found(ann(), "demo", 0).await, expect(&[4, 0, 3]));
    assert_eq!(found(ann(), "demo", 120).await, expect(&[4, 0]));
    assert_eq!(found(ann(), "openai", 0).await, expect(&[]));
    assert_eq!(
        found(Owner::new(Realm::Local, "ann"), "demo", 0).await,
        expect(&[])
    );
    assert_eq!(
        found(Owner::new(Realm::Jwt, "bob"), "demo", 0).await,
        expect(&[])
    );

    let at = clock::micros();
    store
        .record_test(&ann(), &ids[0], "{}", (Status::Valid, None), at)
        .await
        .unwrap();
    let untouched = user.get(&path(0)).await.json();
    assert_eq!(untouched["status"], "untested", "another key was tested");
    let stored = store.entry(&ann(), &ids[0]).await.unwrap().unwrap();
    let stored = stored.sealed_key.unwrap();
    store
        .record_test(
            &ann(),
            &ids[0],
            &stored,
            (Status::Limited, Some("No funds.")),
            at,
        )
        .await
        .unwrap();
    let fourth = store.entry(&ann(), &ids[4]).await.unwrap().unwrap();
    let fourth = fourth.sealed_key.unwrap();
    store
        .mark_status(&ann(), &ids[4], &fourth, (Status::Invalid, None))
        .await
        .unwrap();
    store
        .mark_status(&ann(), &ids[4], &stored, (Status::Valid, None))
        .await
        .unwrap();
    let sealed = store.entry(&ann(), &ids[3]).await.unwrap().unwrap();
    let sealed = sealed.sealed_key.unwrap();
    store
        .mark_needs_reentry(&ann(), &ids[3], &sealed)
        .await
        .unwrap();
    // A key that was entered again meanwhile is not the one that did not open.
    store
        .mark_needs_reentry(&ann(), &ids[1], &sealed)
        .await
        .unwrap();
    let other = user.get(&path(1)).await.json();
    assert_eq!(other["needsReentry"], false);
    store
        .mark_status(&ann(), &ids[2], &fourth, (Status::Valid, None))
        .await
        .unwrap();
    let [limited, invalid, reentry] = [0, 4, 3].map(path);
    let limited = user.get(&limited).await.json();
    assert_eq!(
        (&limited["status"], &limited["isValid"]),
        (&json!("limited"), &json!(true))
    );
    assert_eq!(limited["statusDetail"], "No funds.");
    assert_eq!(limited["lastTestedAt"], json!(clock::rfc3339(at)));
    let invalid = user.get(&invalid).await.json();
    assert_eq!(
        (&invalid["status"], &invalid["isValid"]),
        (&json!("invalid"), &json!(false))
    );
    assert_eq!(user.get(&reentry).await.json()["needsReentry"], true);
}
