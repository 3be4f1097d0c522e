//! What was used, as it is stored and asked for.

use keyseal_server::{
    clock,
    store::{Counts, ENVELOPE, Owner, Realm, Used},
};
use serde_json::{Value, json};

use crate::support::{Companion, User};

const DAY: &str = "2026-09-21";

fn used(
    sub: &str,
    days: i64,
    provider: &'static str,
    model: &str,
    by: &str,
    cost: Option<i64>,
) -> Used {
    let counts = Counts {
        requests: 1,
        priced: i64::from(cost.is_some()),
        unpriced: i64::from(cost.is_none()),
        input_tokens: 10,
        output_tokens: 1,
        cost_micro_usd: cost.unwrap_or_default(),
        ..Counts::default()
    };
    Used {
        owner: Owner::new(Realm::Jwt, sub),
        at: (clock::parse_date(DAY).unwrap() + days) * clock::DAY,
        provider,
        model: Some(model.to_owned()),
        credential: by.to_owned(),
        counts,
    }
}

async fn asked(user: &User<'_>, query: &str) -> Value {
    let path = format!("/usage?from={DAY}&to=2026-09-30&{query}");
    user.get(&path).await.expect(200).json()
}

pub async fn sums_are_taken_by_what_is_asked_and_given_page_by_page(companion: &Companion) {
    let (ann, store) = (companion.user("ann"), &companion.state.store);
    for (days, provider, model, by, cost) in [
        (0, "openai", "gpt-4o", "entry-1", Some(5)),
        (0, "openai", "gpt-4o", "entry-2", Some(7)),
        (0, "anthropic", "claude", ENVELOPE, None),
        (1, "openai", "gpt-4o", "entry-1", Some(11)),
        (1, "openai", "=cmd()", "entry-1", Some(0)),
        (-1, "openai", "gpt-4o", "entry-1", Some(1_000)),
    ] {
        store.record(used("ann", days, provider, model, by, cost));
        store.record(used("bob", days, provider, model, by, cost));
        // Written in two batches, so that rows are added to.
        companion.state.write_usage().await.unwrap();
    }
    store.record(used("ann", 0, "openai", "gpt-4o", "entry-1", Some(5)));
    companion.state.write_usage().await.unwrap();

    let by_day = asked(&ann, "by=day").await;
    assert_eq!(by_day["rows"].as_array().unwrap().len(), 2);
    assert_eq!(by_day["rows"][0]["day"], DAY);
    assert_eq!(by_day["rows"][0]["estimatedCostUsd"], 0.000017);
    assert_eq!(by_day["rows"][0]["unknownRequests"], 1);
    assert_eq!(by_day["totals"]["requests"], 6);
    assert_eq!(by_day["totals"]["totalTokens"], 66);

    let by_provider = asked(&ann, "by=provider").await;
    assert_eq!(by_provider["rows"][0]["provider"], "anthropic");
    assert_eq!(by_provider["rows"][0]["estimatedCostUsd"], Value::Null);
    let by_entry = asked(&ann, "by=entry").await["rows"].clone();
    assert_eq!(
        (&by_entry[0]["entry"], &by_entry[0]["credential"]),
        (&json!("entry-1"), &json!("entry"))
    );
    assert_eq!(
        (&by_entry[2]["entry"], &by_entry[2]["credential"]),
        (&Value::Null, &json!("envelope"))
    );

    let mut rows = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = asked(
            &ann,
            &format!("by=entry,model,day,provider&limit=2{cursor}"),
        )
        .await;
        assert_eq!(page["by"], json!(["day", "provider", "model", "entry"]));
        assert_eq!(page["totals"], by_day["totals"], "of all pages");
        rows.extend(page["rows"].as_array().unwrap().clone());
        let Some(next) = page["nextCursor"].as_str() else {
            break;
        };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(rows.len(), 5);
    let keys: Vec<_> = rows
        .iter()
        .map(|row| {
            format!(
                "{}{}{}{}",
                row["day"], row["provider"], row["model"], row["entry"]
            )
        })
        .collect();
    let mut unique = keys.clone();
    unique.dedup();
    assert_eq!(keys, unique, "no row twice");

    // The day is a Monday; a week is called by it.
    store.record(used("ann", 7, "openai", "gpt-4o", "entry-1", Some(13)));
    companion.state.write_usage().await.unwrap();
    let by_week = asked(&ann, "by=week,provider&limit=2").await;
    assert_eq!(by_week["by"], json!(["week", "provider"]));
    assert_eq!(by_week["rows"][0]["week"], DAY);
    assert_eq!(by_week["rows"][1]["estimatedCostUsd"], 0.000028);
    let cursor = by_week["nextCursor"].as_str().unwrap();
    let rest = asked(&ann, &format!("by=week,provider&cursor={cursor}")).await;
    assert_eq!(rest["rows"].as_array().unwrap().len(), 1);
    assert_eq!(rest["rows"][0]["week"], "2026-09-28");

    for wrong in [
        "by=nothing",
        "by=day,day",
        "by=",
        "cursor=x",
        "cursor=W10",
        "limit=many",
        "format=xml",
        "other=1",
    ] {
        let path = format!("/usage?{wrong}");
        ann.get(&path).await.refused(422, "validation");
    }
    for wrong in [
        "from=2026-9-1",
        "from=2026-09-02&to=2026-09-01",
        "from=2020-01-01&to=2026-01-01",
    ] {
        let path = format!("/usage?{wrong}");
        ann.get(&path).await.refused(422, "validation");
    }
}

pub async fn csv_has_the_same_rows_and_no_formula(companion: &Companion) {
    let (ann, store) = (companion.user("ann"), &companion.state.store);
    store.record(used(
        "ann",
        0,
        "openai",
        "gpt-4o",
        "entry-1",
        Some(1_234_567),
    ));
    store.record(used("ann", 0, "openai", "=cmd()", "entry-1", None));
    companion.state.write_usage().await.unwrap();
    let path = format!("/usage?from={DAY}&to={DAY}&by=model,entry&format=csv");
    let answer = ann.get(&path).await.expect(200);
    assert!(
        answer
            .header("content-type")
            .unwrap()
            .starts_with("text/csv")
    );
    let text = answer.text();
    let lines: Vec<_> = text.split("\r\n").collect();
    assert!(lines[0].starts_with("model,credential,entry,requests,"));
    assert!(
        lines.contains(&"\"'=cmd()\",entry,entry-1,1,0,1,0,10,0,0,1,0,11,0,0.000,0,,"),
        "{text}"
    );
    assert!(
        lines.contains(&"gpt-4o,entry,entry-1,1,0,0,0,10,0,0,1,0,11,0,0.000,0,1.234567,0.000000"),
        "{text}"
    );
    let path = format!("/usage?from={DAY}&to={DAY}&by=model&format=csv&limit=1");
    let page = ann.get(&path).await.expect(200);
    assert!(page.header("keyseal-next-cursor").is_some());
    let audit = ann.get("/audit?action=usage.export").await.json();
    assert_eq!(
        audit["events"].as_array().unwrap().len(),
        2,
        "exports are written down"
    );
}

pub async fn counts_that_are_written_at_once_are_all_added(companion: &Companion) {
    let ann = companion.user("ann");
    let id = ann.add().await;
    let mut writers = Vec::new();
    for _ in 0..8 {
        let (state, id) = (companion.state.clone(), id.clone());
        writers.push(tokio::spawn(async move {
            for _ in 0..10 {
                state
                    .store
                    .record(used("ann", 0, "demo", "demo", &id, Some(3)));
                state.write_usage().await.unwrap();
            }
        }));
    }
    for writer in writers {
        writer.await.unwrap();
    }
    companion.state.write_usage().await.unwrap();
    let totals = asked(&ann, "by=entry").await["totals"].clone();
    assert_eq!(
        (&totals["requests"], &totals["estimatedCostUsd"]),
        (&json!(80), &json!(0.00024))
    );
    let entry = ann.get(&format!("/api-keys/{id}")).await.json();
    assert_eq!(
        (&entry["totalRequests"], &entry["totalTokens"]),
        (&json!(80), &json!(880))
    );
    assert_eq!(entry["estimatedCostUsd"], 0.00024);
}

pub async fn a_budget_is_shown_with_what_is_left(companion: &Companion) {
    let ann = companion.user("ann");
    let id = crate::support::new_id();
    let mut upload = ann.upload(&id);
    upload["budgetUsd"] = json!(0.5);
    let added = ann.post("/api-keys", &upload).await.expect(201).json();
    assert_eq!(
        (&added["budgetUsd"], &added["budgetPeriod"]),
        (&json!(0.5), &json!("month"))
    );
    ann.post("/api-keys", &upload).await.expect(201);
    upload["budgetUsd"] = json!(0.6);
    ann.post("/api-keys", &upload)
        .await
        .refused(409, "id_conflict");

    let mut now = used("ann", 0, "demo", "demo", &id, Some(200_000));
    now.at = clock::micros();
    companion.state.store.record(now);
    let last_year = used("ann", -365, "demo", "demo", &id, Some(900_000));
    companion.state.store.record(last_year);
    companion.state.write_usage().await.unwrap();
    let path = format!("/api-keys/{id}");
    let entry = ann.get(&path).await.json();
    assert_eq!(
        (&entry["budgetSpentUsd"], &entry["budgetLeftUsd"]),
        (&json!(0.2), &json!(0.3))
    );
    let total = ann
        .patch(&path, &json!({ "budgetPeriod": "total" }))
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&total["budgetSpentUsd"], &total["budgetLeftUsd"]),
        (&json!(1.1), &json!(0.0))
    );
    let label = ann
        .patch(&path, &json!({ "label": "x" }))
        .await
        .expect(200)
        .json();
    assert_eq!(label["budgetUsd"], 0.5, "left as it was");
    let none = ann
        .patch(&path, &json!({ "budgetUsd": null }))
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&none["budgetUsd"], &none["budgetPeriod"]),
        (&Value::Null, &Value::Null)
    );

    for wrong in [
        json!({ "budgetUsd": -1 }),
        json!({ "budgetUsd": "5" }),
        json!({ "budgetUsd": 1e9 }),
        json!({ "budgetPeriod": "week" }),
        json!({ "budgetPeriod": 7 }),
    ] {
        ann.patch(&path, &wrong).await.refused(422, "validation");
    }
    let mut without = ann.upload(&crate::support::new_id());
    without["budgetPeriod"] = json!("month");
    ann.post("/api-keys", &without)
        .await
        .refused(422, "validation");
}
