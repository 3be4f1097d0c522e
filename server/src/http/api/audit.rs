//! `/api/v1/audit`: who did what, when.

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::Problem;
use crate::{
    AppState,
    auth::Caller,
    clock::{self, Micros},
    store::{Event, EventQuery},
};

const PAGE: i64 = 50;
const LARGEST_PAGE: i64 = 200;

#[derive(Deserialize)]
pub struct Page {
    cursor: Option<String>,
    limit: Option<i64>,
    action: Option<String>,
    entry: Option<String>,
    since: Option<String>,
    until: Option<String>,
}

pub async fn list(
    State(state): State<AppState>,
    caller: Caller,
    page: Result<Query<Page>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(page) = page.map_err(|_| Problem::validation("`limit` must be a number."))?;
    let limit = page.limit.unwrap_or(PAGE).clamp(1, LARGEST_PAGE);
    if page
        .cursor
        .as_deref()
        .is_some_and(|cursor| Uuid::parse_str(cursor).is_err())
    {
        return Err(Problem::validation(
            "`cursor` must be a `nextCursor` of an answer before.",
        ));
    }
    let action = page.action.as_deref();
    let is_name = |byte: u8| byte.is_ascii_lowercase() || byte == b'.';
    if action.is_some_and(|action| action.is_empty() || !action.bytes().all(is_name)) {
        return Err(Problem::validation(
            "`action` must be the name of an action, as in key.revoke.",
        ));
    }
    let entry = page.entry.as_deref();
    if entry.is_some_and(|id| Uuid::parse_str(id).is_err()) {
        return Err(Problem::validation("`entry` must be the id of an entry."));
    }
    let asked = EventQuery {
        before: page.cursor.as_deref(),
        action,
        entry,
        since: moment("since", page.since.as_deref())?,
        until: moment("until", page.until.as_deref())?,
        // One more than asked tells whether there is a next page.
        limit: limit + 1,
    };
    let mut events = state.store.events(&caller.owner, &asked).await?;
    let wanted = usize::try_from(limit).unwrap_or_default();
    let more = events.len() > wanted;
    events.truncate(wanted);
    let next = events.last().filter(|_| more).map(|event| event.id.clone());
    let sub = caller.owner.sub();
    let events: Vec<Value> = events.into_iter().map(|event| view(sub, event)).collect();
    Ok(Json(json!({ "events": events, "nextCursor": next })))
}

fn moment(name: &str, text: Option<&str>) -> Result<Option<Micros>, Problem> {
    let read = |text| {
        clock::parse_rfc3339(text).ok_or_else(|| {
            Problem::validation(format!(
                "`{name}` must be a time (RFC 3339), as in 2026-11-30T00:00:00Z."
            ))
        })
    };
    text.map(read).transpose()
}

fn view(sub: &str, event: Event) -> Value {
    json!({
        "id": event.id,
        "at": clock::rfc3339(event.at),
        "actor": sub,
        "action": event.action,
        "entryId": event.entry_id,
        "keyHint": event.hint,
        "provider": event.provider,
        "detail": event.detail,
    })
}
