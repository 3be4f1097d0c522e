//! The most that one user is counted in fees in a month.

use std::collections::BTreeMap;

use sqlx::Row;

use super::counters::{Counted, Key};
use super::{StoreError, rows::Tx};
use crate::clock;

/// Cuts the fees of what is about to be written, where a user's month has come to more than `cap`.
///
/// Replicas add to one sum and see what it has become, so that together they never count more.
pub(super) async fn cut(
    tx: &mut Tx,
    rows: &mut [(&Key, Counted)],
    cap: i64,
) -> Result<(), StoreError> {
    let mut sums = BTreeMap::<_, i64>::new();
    for (key, (counts, _)) in rows
        .iter()
        .filter(|(_, (counts, _))| counts.fee_micro_usd > 0)
    {
        let sum = sums.entry(user_month(key)).or_default();
        *sum = sum.saturating_add(counts.fee_micro_usd);
    }
    let mut left = BTreeMap::new();
    for (user, sum) in sums {
        let whole = add(tx, user, sum).await?;
        left.insert(user, cap.saturating_sub(whole.saturating_sub(sum)).max(0));
    }
    for (key, (counts, _)) in rows {
        if let Some(left) = left.get_mut(&user_month(key)) {
            counts.fee_micro_usd = counts.fee_micro_usd.min(*left);
            *left -= counts.fee_micro_usd;
        }
    }
    Ok(())
}

type UserMonth<'a> = (&'static str, &'a str, i64);

fn user_month(key: &Key) -> UserMonth<'_> {
    let month = clock::month(key.day * clock::DAY);
    (key.owner.realm().as_str(), key.owner.sub(), month)
}

/// The month's sum with `more` in it.
async fn add(tx: &mut Tx, user: UserMonth<'_>, more: i64) -> Result<i64, StoreError> {
    let (realm, sub, month) = user;
    let row = sqlx::query(
        "INSERT INTO fee_months (realm, sub, month, micro_usd) VALUES ($1, $2, $3, $4)
         ON CONFLICT (realm, sub, month)
         DO UPDATE SET micro_usd = fee_months.micro_usd + excluded.micro_usd
         RETURNING micro_usd",
    )
    .bind(realm)
    .bind(sub)
    .bind(month)
    .bind(more)
    .fetch_one(&mut **tx)
    .await?;
    Ok(row.try_get(0)?)
}

#[cfg(test)]
mod tests {
    use super::super::{Counts, Owner, Realm, Store, Used};

    const DAY: i64 = super::clock::DAY;

    fn used(sub: &str, at: i64) -> Used {
        let counts = Counts {
            requests: 1,
            fee_micro_usd: 300,
            ..Counts::default()
        };
        Used {
            owner: Owner::new(Realm::Jwt, sub),
            at,
            provider: "openai",
            model: None,
            credential: "one".to_owned(),
            counts,
        }
    }

    #[tokio::test]
    async fn replicas_together_count_no_more_than_the_cap_of_a_month_for_each_user() {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/keyseal.db", dir.path().display());
        let open = async || {
            let store = Store::open(&url).await.unwrap();
            store.with_fees_of_month(Some(1_000))
        };
        let replicas = [open().await, open().await];
        for round in 0..2 {
            for store in &replicas {
                store.record(used("ann", round * DAY));
                store.record(used("bob", round * DAY));
                store.record(used("ann", (40 + round) * DAY));
            }
            let [here, there] = &replicas;
            let (one, other) = tokio::join!(here.flush_uses(), there.flush_uses());
            assert!(one.is_ok() && other.is_ok());
        }
        let sums: Vec<(String, i64, i64)> = sqlx::query_as(
            "SELECT sub, CASE WHEN day < 31 THEN 1 ELSE 2 END AS month, SUM(fee_micro_usd)
             FROM usage_days GROUP BY sub, month ORDER BY sub, month",
        )
        .fetch_all(&replicas[0].reader)
        .await
        .unwrap();
        let sum = |sub: &str, month| (sub.to_owned(), month, 1_000);
        assert_eq!(sums, [sum("ann", 1), sum("ann", 2), sum("bob", 1)]);
    }

    #[tokio::test]
    async fn without_a_cap_all_fees_are_counted() {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/keyseal.db", dir.path().display());
        let store = Store::open(&url).await.unwrap();
        for _ in 0..4 {
            store.record(used("ann", 0));
        }
        assert!(store.flush_uses().await.is_ok());
        let sum: (i64,) = sqlx::query_as("SELECT SUM(fee_micro_usd) FROM usage_days")
            .fetch_one(&store.reader)
            .await
            .unwrap();
        assert_eq!(sum.0, 1_200);
    }
}
