//! Rows as a transaction reads them.

use sqlx::{Any, Row, Transaction};

use super::{Entry, Owner, StoreError, entry::entry_columns};

pub(super) type Tx = Transaction<'static, Any>;

pub(super) async fn stored(
    connection: &mut sqlx::AnyConnection,
    owner: &Owner,
    id: &str,
) -> Result<Option<(Entry, String)>, StoreError> {
    let row = sqlx::query(concat!(
        "SELECT ",
        entry_columns!(),
        ", request_digest FROM entries WHERE realm = $1 AND sub = $2 AND id = $3"
    ))
    .bind(owner.realm().as_str())
    .bind(owner.sub())
    .bind(id)
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some((
        Entry::from_row(&row)?,
        row.try_get("request_digest")?,
    )))
}

pub(super) async fn live(
    tx: &mut Tx,
    owner: &Owner,
    id: &str,
) -> Result<Option<Entry>, StoreError> {
    let found = stored(tx, owner, id).await?.map(|(entry, _)| entry);
    Ok(found.filter(|entry| entry.revoked_at.is_none()))
}

/// What was written in this transaction.
pub(super) async fn required(tx: &mut Tx, owner: &Owner, id: &str) -> Result<Entry, StoreError> {
    live(tx, owner, id)
        .await?
        .ok_or(StoreError::Sqlx(sqlx::Error::RowNotFound))
}

pub(super) async fn of_provider(
    tx: &mut Tx,
    owner: &Owner,
    provider: &str,
) -> Result<Vec<Entry>, StoreError> {
    let rows = sqlx::query(concat!(
        "SELECT ",
        entry_columns!(),
        " FROM entries WHERE realm = $1 AND sub = $2 AND provider = $3 AND revoked_at IS NULL
          ORDER BY priority, created_at, id"
    ))
    .bind(owner.realm().as_str())
    .bind(owner.sub())
    .bind(provider)
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.iter().map(Entry::from_row).collect::<Result<_, _>>()?)
}
