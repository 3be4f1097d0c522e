//! `/api/v1/usage`: what was used and what it cost, as JSON or CSV.

mod csv;
mod view;

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
    response::{IntoResponse, Response},
};
use base64ct::{Base64UrlUnpadded, Encoding};
use http::{HeaderMap, HeaderValue, header};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::Problem;
use crate::{
    AppState,
    auth::Caller,
    clock,
    store::{Dimension, Note, Part, UsageQuery, UsageRow},
    usage::price,
};

/// Without dates: so many days, today the last.
const DAYS: i64 = 30;
/// The longest time asked about at once.
const MOST_DAYS: i64 = 400;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    from: Option<String>,
    to: Option<String>,
    by: Option<String>,
    cursor: Option<String>,
    limit: Option<i64>,
    format: Option<String>,
}

/// The two forms of the answer, with how many rows one page has: by default and at most.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Csv,
}

impl Form {
    fn of(asked: &Asked, headers: &HeaderMap) -> Result<Self, Problem> {
        let accept = headers.get(header::ACCEPT);
        let accepts_csv = accept
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.trim_start().starts_with("text/csv"));
        match asked.format.as_deref() {
            None if accepts_csv => Ok(Self::Csv),
            None | Some("json") => Ok(Self::Json),
            Some("csv") => Ok(Self::Csv),
            Some(_) => Err(Problem::validation("`format` must be `json` or `csv`.")),
        }
    }

    fn page(self, limit: Option<i64>) -> i64 {
        let (page, most) = match self {
            Self::Json => (100, 1_000),
            Self::Csv => (10_000, 10_000),
        };
        limit.unwrap_or(page).clamp(1, most)
    }
}

pub async fn show(
    State(state): State<AppState>,
    caller: Caller,
    headers: HeaderMap,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(asked) = asked.map_err(|_| {
        Problem::validation("The query has a member that is unknown here, or `limit` is no number.")
            .next("There are: from, to, by, cursor, limit, format.")
    })?;
    let form = Form::of(&asked, &headers)?;
    let (from, to) = days(&asked)?;
    let by = dimensions(asked.by.as_deref().unwrap_or("day"))?;
    let after = asked.cursor.as_deref().map(|cursor| place(cursor, &by));
    let after = after.transpose()?;
    let limit = form.page(asked.limit);
    let query = UsageQuery {
        from,
        to,
        by: &by,
        after: after.as_deref(),
        // One more than asked tells whether there is a next page.
        limit: limit + 1,
    };
    let owner = &caller.owner;
    let mut rows = state.store.usage(owner, &query).await?;
    let wanted = usize::try_from(limit).unwrap_or_default();
    let more = rows.len() > wanted;
    rows.truncate(wanted);
    let next = rows.last().filter(|_| more).map(|row| cursor(&row.key));

    if form == Form::Csv {
        let names: Vec<_> = by.iter().map(|by| by.as_str()).collect();
        let note = Note::new("usage.export").detail(names.join(","));
        state.store.note(owner, &note, clock::micros()).await?;
        return Ok(csv::answer(&by, &rows, next.as_deref()));
    }
    let totals = UsageQuery {
        by: &[],
        after: None,
        limit: 1,
        ..query
    };
    let totals = state.store.usage(owner, &totals).await?;
    let totals = totals.first().map(|row| row.counts).unwrap_or_default();
    let rows: Vec<Value> = rows.iter().map(|row| view::row(&by, row)).collect();
    Ok(Json(json!({
        "from": clock::date(from),
        "to": clock::date(to),
        "by": by.iter().map(|by| by.as_str()).collect::<Vec<_>>(),
        "rows": rows,
        "totals": view::counts(&totals),
        "nextCursor": next,
        "prices": price::SOURCE,
    }))
    .into_response())
}

fn days(asked: &Asked) -> Result<(i64, i64), Problem> {
    let read = |name: &str, text: &Option<String>| match text {
        None => Ok(None),
        Some(text) => clock::parse_date(text).map(Some).ok_or_else(|| {
            Problem::validation(format!("`{name}` must be a date (UTC), as in 2026-11-30."))
        }),
    };
    let to = read("to", &asked.to)?.unwrap_or(clock::day(clock::micros()));
    let from = read("from", &asked.from)?.unwrap_or(to - DAYS + 1);
    if from > to {
        return Err(Problem::validation("`from` must not be after `to`."));
    }
    if to - from >= MOST_DAYS {
        return Err(Problem::validation(format!(
            "`from` and `to` must be at most {MOST_DAYS} days apart."
        )));
    }
    Ok((from, to))
}

fn dimensions(text: &str) -> Result<Vec<Dimension>, Problem> {
    let names: Vec<_> = text.split(',').map(str::trim).collect();
    let found: Vec<_> = Dimension::ALL
        .into_iter()
        .filter(|dimension| names.contains(&dimension.as_str()))
        .collect();
    if found.len() != names.len() {
        return Err(Problem::validation(
            "`by` must name some of day, week, provider, model and entry, each once.",
        ));
    }
    Ok(found)
}

/// Where a page ends: the key of its last row.
fn cursor(key: &[Part]) -> String {
    let parts = key.iter().map(|part| match part {
        Part::Day(day) => json!(day),
        Part::Text(text) => json!(text),
    });
    let text = Value::Array(parts.collect()).to_string();
    Base64UrlUnpadded::encode_string(text.as_bytes())
}

fn place(cursor: &str, by: &[Dimension]) -> Result<Vec<Part>, Problem> {
    let read = || {
        let bytes = Base64UrlUnpadded::decode_vec(cursor).ok()?;
        let values: Vec<Value> = serde_json::from_slice(&bytes).ok()?;
        let part = |(value, by): (Value, &Dimension)| match (by, value) {
            (by, Value::Number(day)) if by.is_date() => day.as_i64().map(Part::Day),
            (by, _) if by.is_date() => None,
            // PostgreSQL's TEXT holds no NUL.
            (_, Value::String(text)) if !text.contains('\0') => Some(Part::Text(text)),
            _ => None,
        };
        let complete = values.len() == by.len();
        let parts: Option<Vec<Part>> = values.into_iter().zip(by).map(part).collect();
        parts.filter(|_| complete)
    };
    read().ok_or_else(|| {
        Problem::validation("`cursor` must be a `nextCursor` of an answer with the same `by`.")
    })
}

/// What the two forms share: a row's credential as the API names it.
fn entry_of(credential: &str) -> (Option<&str>, &str) {
    use crate::store::{ENVELOPE, PLATFORM};
    match credential {
        ENVELOPE | PLATFORM => (None, credential),
        id => (Some(id), "entry"),
    }
}

/// A file to save.
fn attachment(text: String, next: Option<&str>) -> Response {
    let headers = [
        (
            header::CONTENT_TYPE,
            "text/csv; charset=utf-8; header=present",
        ),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"keyseal-usage.csv\"",
        ),
    ];
    let mut response = (headers, text).into_response();
    if let Some(next) = next.and_then(|next| HeaderValue::from_str(next).ok()) {
        response.headers_mut().insert("keyseal-next-cursor", next);
    }
    response
}

type Rows<'a> = &'a [UsageRow];
