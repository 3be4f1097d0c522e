//! What users have of the operator's keys: counted in the database, on both.

use std::time::Duration;

use keyseal_server::{
    choose::platform::Reservation,
    clock,
    config::{Relay, Tier},
    store::{Owner, Realm, Spent},
};
use serde_json::json;

use crate::support::Companion;

const TIER: Tier = Tier {
    byok: true,
    platform: true,
    requests_per_minute: 6,
    requests_per_day: 8,
    micro_usd_per_day: 1_000,
    micro_usd_per_request: 100,
    relay: Relay {
        connections: 0,
        idle: Duration::ZERO,
        total: Duration::ZERO,
        bytes_per_second: 0,
    },
};
const MINUTE: i64 = 60_000_000;
/// The middle of a day that is still to come: the companion forgets the counters of those gone by.
const NOON: i64 = 40_000 * clock::DAY + clock::DAY / 2;

fn ann() -> Owner {
    Owner::new(Realm::Jwt, "ann")
}

pub async fn what_is_reserved_never_exceeds_the_limits_however_many_ask_at_once(
    companion: &Companion,
) {
    for (tier, granted, spent) in [
        (TIER, 6, Spent::Minute(10_000_000)),
        (
            Tier {
                requests_per_minute: 100,
                ..TIER
            },
            8,
            Spent::Day,
        ),
        (
            Tier {
                requests_per_minute: 100,
                micro_usd_per_day: 350,
                ..TIER
            },
            3,
            Spent::Money,
        ),
        (
            Tier {
                requests_per_minute: 0,
                ..TIER
            },
            0,
            Spent::Minute(MINUTE),
        ),
    ] {
        let owner = Owner::new(Realm::Jwt, format!("{spent:?}"));
        let mut asking = tokio::task::JoinSet::new();
        for _ in 0..20 {
            let (state, owner) = (companion.state.clone(), owner.clone());
            asking.spawn(async move {
                let reserved = state.store.reserve(&owner, tier, 100, NOON).await;
                reserved.unwrap().0
            });
        }
        let all = asking.join_all().await;
        let refused: Vec<_> = all.iter().filter_map(|one| one.err()).collect();
        assert_eq!(all.len() - refused.len(), granted, "{spent:?}");
        assert!(refused.iter().all(|one| *one == spent), "{refused:?}");
    }
}

pub async fn a_minutes_requests_come_back_one_by_one_and_a_days_with_the_day(
    companion: &Companion,
) {
    let store = &companion.state.store;
    let at = async |now| store.reserve(&ann(), TIER, 1, now).await.unwrap();
    for left in (0..6).rev() {
        let (taken, now_left) = at(NOON).await;
        assert_eq!(taken, Ok(40_000));
        assert_eq!(now_left.this_minute, left);
        assert_eq!(now_left.today, left + 2);
    }
    // A minute's six come back in a minute, evenly.
    assert_eq!(at(NOON + 9_000_000).await.0, Err(Spent::Minute(1_000_000)));
    assert!(at(NOON + 10_000_000).await.0.is_ok());
    assert!(at(NOON + 10_000_000).await.0.is_err());
    assert!(at(NOON + MINUTE).await.0.is_ok(), "the eighth of the day");
    assert_eq!(at(NOON + 2 * MINUTE).await.0, Err(Spent::Day));
    let (bob, next) = (Owner::new(Realm::Jwt, "bob"), 40_001 * clock::DAY);
    let left = store.left(&bob, TIER, NOON).await.unwrap();
    assert_eq!((left.this_minute, left.today), (6, 8), "each user alone");
    assert_eq!(at(next).await.0, Ok(40_001), "a new day");

    store.forget_counters(next).await.unwrap();
    let left = store.left(&ann(), TIER, next).await.unwrap();
    assert_eq!(left.today, 7, "today is not forgotten");
    store.forget_counters(next + 2 * clock::DAY).await.unwrap();
    let left = store.left(&ann(), TIER, next).await.unwrap();
    assert_eq!((left.this_minute, left.today), (6, 8));
}

pub async fn costs_correct_what_was_reserved_and_unknown_ones_stay_counted(companion: &Companion) {
    let (state, store) = (&companion.state, &companion.state.store);
    let spent = async || {
        store.flush_settlements().await.unwrap();
        let left = store.left(&ann(), TIER, clock::micros()).await.unwrap();
        TIER.micro_usd_per_day - left.micro_usd_today
    };
    let reserve = async |most| {
        let made = Reservation::make(state, &ann(), TIER, most).await.unwrap();
        made.map_err(|(spent, _)| spent)
    };
    let mut known = reserve(None).await.ok().unwrap();
    assert_eq!(spent().await, 100, "reserved before anything is sent");
    known.settle(Some(30));
    known.settle(None);
    drop(known);
    assert_eq!(spent().await, 30);

    let mut unknown = reserve(None).await.ok().unwrap();
    unknown.settle(None);
    drop(unknown);
    assert_eq!(spent().await, 130, "unknown is not nothing");

    let mut dear = reserve(Some(500)).await.ok().unwrap();
    assert_eq!(spent().await, 630, "as much as it can cost");
    assert_eq!(reserve(Some(500)).await.err(), Some(Spent::Money));
    dear.settle(Some(0));
    dear.settle(Some(850));
    assert_eq!(spent().await, 980, "the last word counts");
    assert_eq!(reserve(None).await.err(), Some(Spent::Money));
}

pub async fn a_rest_is_read_back_by_everyone_and_only_for_the_same_key(companion: &Companion) {
    let user = companion.user("ann");
    let (id, store) = (user.add().await, &companion.state.store);
    let now = clock::micros();
    let entry = store.entry(&ann(), &id).await.unwrap().unwrap();
    let sealed = entry.sealed_key.unwrap();
    let rests = async || {
        let found = store.candidates(&ann(), "demo", now).await.unwrap();
        found[0].resting_until
    };
    assert_eq!(rests().await, None);
    store.rest(&ann(), &id, "{}", now + 9).await.unwrap();
    let bob = Owner::new(Realm::Jwt, "bob");
    store.rest(&bob, &id, &sealed, now + 9).await.unwrap();
    assert_eq!(rests().await, None, "another key, another user");
    for (until, expected) in [(now + 5, now + 5), (now + 9, now + 9), (now + 7, now + 9)] {
        store.rest(&ann(), &id, &sealed, until).await.unwrap();
        assert_eq!(rests().await, Some(expected), "the longer one stays");
    }
    let path = format!("/api-keys/{id}");
    user.patch(&path, &json!({ "label": "x" }))
        .await
        .expect(200);
    assert_eq!(rests().await, Some(now + 9));
    let mut again = user.claims(&id);
    again.iat += 5;
    user.patch(&path, &json!({ "sealedKey": user.seal(&again) }))
        .await
        .expect(200);
    assert_eq!(rests().await, None, "a new key is not tired");
}
