//! `/api/v1/api-keys`

use axum::{Json, extract::State};
use http::StatusCode;
use keyseal::{catalogue::Provider, envelope::digest};
use serde::Deserialize;
use serde_json::{Number, Value, json, value::RawValue};

use super::{
    super::{Code, Problem, credential, json::Body, segment::Segment},
    entry::EntryView,
    providers, sealed,
    values::{EntryId, budget, expiry, label, nullable, period, priority},
};
use crate::{
    AppState,
    auth::Caller,
    clock,
    store::{Added, Changes, Entry, NewEntry, Period, Reordered, Replaced},
};

pub async fn list(State(state): State<AppState>, caller: Caller) -> Result<Json<Value>, Problem> {
    Ok(listed(state.store.list(&caller.owner).await?))
}

fn listed(entries: Vec<Entry>) -> Json<Value> {
    let keys: Vec<EntryView> = entries.into_iter().map(EntryView::from).collect();
    Json(json!({ "keys": keys }))
}

pub async fn show(
    State(state): State<AppState>,
    caller: Caller,
    Segment(id): Segment,
) -> Result<Json<EntryView>, Problem> {
    let id = existing(&id)?;
    let entry = state.store.entry(&caller.owner, id.as_str()).await?;
    let entry = entry
        .filter(|entry| entry.revoked_at.is_none())
        .ok_or_else(Problem::no_entry)?;
    Ok(Json(entry.into()))
}

/// An id that is no UUID names nothing.
fn existing(id: &str) -> Result<EntryId, Problem> {
    EntryId::parse(id).map_err(|_| Problem::no_entry())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewKey {
    id: String,
    provider: String,
    sealed_key: Box<RawValue>,
    #[serde(default)]
    label: Option<String>,
    #[serde(default)]
    priority: Option<i64>,
    #[serde(default)]
    expires_at: Option<String>,
    #[serde(default)]
    budget_usd: Option<Number>,
    #[serde(default)]
    budget_period: Option<String>,
}

pub async fn add(
    State(state): State<AppState>,
    caller: Caller,
    Body(new): Body<NewKey>,
) -> Result<(StatusCode, Json<EntryView>), Problem> {
    let now = clock::micros();
    let owner = &caller.owner;
    let id = EntryId::parse(&new.id)?;
    let provider = providers::offered(&state, &new.provider)?;
    let label = label(new.label.as_deref().unwrap_or_default())?;
    let priority = new.priority.map(priority).transpose()?;
    let budget = new_budget(new.budget_usd.as_ref(), new.budget_period.as_deref())?;
    let sealed = sealed::parse(&new.sealed_key)?;

    let mut request = vec![
        json!(provider.id),
        json!(sealed.to_json()),
        json!(label),
        json!(priority),
        json!(new.expires_at),
    ];
    // Only where there is one: requests of before budgets stay the same.
    request.extend(budget.map(|(micro, period)| json!([micro, period.as_str()])));
    let request = Value::Array(request);
    let request_digest = digest(request.to_string().as_bytes());
    if let Some(known) = state
        .store
        .known(owner, id.as_str(), &request_digest)
        .await?
    {
        return added(known);
    }
    credential::check_tier(&state, &caller)?;
    let expires_at = new
        .expires_at
        .as_deref()
        .map(|at| expiry(at, now))
        .transpose()?;
    let purpose = sealed::Purpose {
        owner,
        id: &id,
        provider,
    };
    let checked = sealed::check(&state, sealed, &purpose).await?;
    let entry = NewEntry {
        id: id.as_str(),
        provider: provider.id,
        label: &label,
        key: checked.as_replacement(),
        request_digest: &request_digest,
        priority,
        expires_at,
        budget,
    };
    let stored = state.store.add(owner, &entry, now).await?;
    state.entries_changed(owner);
    added(stored)
}

fn new_budget(
    amount: Option<&Number>,
    named: Option<&str>,
) -> Result<Option<(i64, Period)>, Problem> {
    let named = named.map(period).transpose()?;
    match (amount, named) {
        (None, None) => Ok(None),
        (None, Some(_)) => Err(Problem::validation("`budgetPeriod` is of a `budgetUsd`.")),
        (Some(amount), named) => Ok(Some((budget(amount)?, named.unwrap_or(Period::Month)))),
    }
}

fn added(outcome: Added) -> Result<(StatusCode, Json<EntryView>), Problem> {
    match outcome {
        Added::Stored(entry) | Added::Same(entry) => {
            Ok((StatusCode::CREATED, Json((*entry).into())))
        }
        Added::Conflict => {
            Err(Problem::from(Code::IdConflict).next("Use a new id for a new entry."))
        }
        Added::Revoked => {
            Err(Problem::from(Code::RevokedId).next("Enter the key again as a new entry."))
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangedKey {
    #[serde(default)]
    label: Option<String>,
    #[serde(default)]
    is_active: Option<bool>,
    #[serde(default)]
    priority: Option<i64>,
    #[serde(default, deserialize_with = "nullable")]
    expires_at: Option<Option<String>>,
    #[serde(default, deserialize_with = "nullable")]
    budget_usd: Option<Option<Number>>,
    #[serde(default)]
    budget_period: Option<String>,
    #[serde(default)]
    sealed_key: Option<Box<RawValue>>,
}

pub async fn change(
    State(state): State<AppState>,
    caller: Caller,
    Segment(id): Segment,
    Body(change): Body<ChangedKey>,
) -> Result<Json<EntryView>, Problem> {
    let id = existing(&id)?;
    let entry = match &change.sealed_key {
        Some(sealed_key) if change.is_key_alone() => {
            replace(&state, &caller, &id, sealed_key).await
        }
        Some(_) => Err(Problem::validation("`sealedKey` is changed alone.")
            .next("Send the other members in a PATCH of their own.")),
        None => update(&state, &caller, &id, &change).await,
    }?;
    Ok(Json(entry.into()))
}

impl ChangedKey {
    fn is_key_alone(&self) -> bool {
        self.label.is_none()
            && self.is_active.is_none()
            && self.priority.is_none()
            && self.expires_at.is_none()
            && self.budget_usd.is_none()
            && self.budget_period.is_none()
    }
}

async fn update(
    state: &AppState,
    caller: &Caller,
    id: &EntryId,
    change: &ChangedKey,
) -> Result<Entry, Problem> {
    let now = clock::micros();
    let expires_at = match &change.expires_at {
        None => None,
        Some(None) => Some(None),
        Some(Some(text)) => Some(Some(expiry(text, now)?)),
    };
    let changes = Changes {
        label: change.label.as_deref().map(label).transpose()?,
        active: change.is_active,
        priority: change.priority.map(priority).transpose()?,
        expires_at,
        budget: match &change.budget_usd {
            None => None,
            Some(None) => Some(None),
            Some(Some(amount)) => Some(Some(budget(amount)?)),
        },
        budget_period: change.budget_period.as_deref().map(period).transpose()?,
    };
    let updated = state
        .store
        .update(&caller.owner, id.as_str(), &changes, now)
        .await?;
    state.entries_changed(&caller.owner);
    updated.ok_or_else(Problem::no_entry)
}

async fn replace(
    state: &AppState,
    caller: &Caller,
    id: &EntryId,
    sealed_key: &RawValue,
) -> Result<Entry, Problem> {
    let owner = &caller.owner;
    let sealed = sealed::parse(sealed_key)?;
    let entry = state.store.entry(owner, id.as_str()).await?;
    let entry = entry
        .filter(|entry| entry.revoked_at.is_none())
        .ok_or_else(Problem::no_entry)?;
    let provider: &'static Provider = providers::offered(state, &entry.provider)?;
    credential::check_tier(state, caller)?;
    let purpose = sealed::Purpose {
        owner,
        id,
        provider,
    };
    let checked = sealed::check(state, sealed, &purpose).await?;
    let key = checked.as_replacement();
    match state
        .store
        .replace(owner, id.as_str(), key, clock::micros())
        .await?
    {
        Replaced::Stored(entry) => {
            state.key_replaced(owner, id.as_str());
            Ok(*entry)
        }
        Replaced::Gone => Err(Problem::no_entry()),
        Replaced::NotNewer => {
            let detail = "The sealed key is not newer than the one it would replace.";
            Err(Problem::new(Code::SealedKeyExpired, detail).next("Enter the key again."))
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewOrder {
    provider: String,
    ids: Vec<String>,
}

pub async fn reorder(
    State(state): State<AppState>,
    caller: Caller,
    Body(order): Body<NewOrder>,
) -> Result<Json<Value>, Problem> {
    let provider = providers::offered(&state, &order.provider)?;
    let now = clock::micros();
    let outcome = state
        .store
        .reorder(&caller.owner, provider.id, &order.ids, now)
        .await?;
    let Reordered::Done(entries) = outcome else {
        return Err(Problem::validation(
            "`ids` must name each of the provider's entries exactly once.",
        )
        .next("Fetch the list again; an entry may have been added or revoked meanwhile."));
    };
    state.entries_changed(&caller.owner);
    Ok(listed(entries))
}

pub async fn revoke(
    State(state): State<AppState>,
    caller: Caller,
    Segment(id): Segment,
) -> Result<StatusCode, Problem> {
    let id = existing(&id)?;
    if !state
        .store
        .revoke(&caller.owner, id.as_str(), clock::micros())
        .await?
    {
        return Err(Problem::no_entry());
    }
    state.key_gone(&caller.owner, id.as_str());
    Ok(StatusCode::NO_CONTENT)
}
