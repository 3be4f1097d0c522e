//! A user's settings: one JSON object.

use serde_json::{Map, Value};
use sqlx::Row;

use super::{Note, Owner, Store, StoreError, audit, lock};
use crate::clock::Micros;

/// The largest settings a user may have, as JSON.
pub const LARGEST: usize = 8_192;

impl Store {
    /// The settings, empty at first.
    pub async fn settings(&self, owner: &Owner) -> Result<Map<String, Value>, StoreError> {
        let row = sqlx::query("SELECT settings FROM users WHERE realm = $1 AND sub = $2")
            .bind(owner.realm().as_str())
            .bind(owner.sub())
            .fetch_optional(&self.reader)
            .await?;
        let Some(row) = row else {
            return Ok(Map::new());
        };
        Ok(serde_json::from_str(row.try_get("settings")?)?)
    }

    /// Merges into the settings (RFC 7396: null removes). `None`: they would become too large.
    pub async fn merge_settings(
        &self,
        owner: &Owner,
        patch: &Map<String, Value>,
        now: Micros,
    ) -> Result<Option<Map<String, Value>>, StoreError> {
        let mut tx = self.begin().await?;
        lock(&mut tx, owner).await?;
        let row = sqlx::query("SELECT settings FROM users WHERE realm = $1 AND sub = $2")
            .bind(owner.realm().as_str())
            .bind(owner.sub())
            .fetch_one(&mut *tx)
            .await?;
        let mut settings: Map<String, Value> = serde_json::from_str(row.try_get("settings")?)?;
        merge(&mut settings, patch);
        let text = serde_json::to_string(&settings)?;
        if text.len() > LARGEST {
            return Ok(None);
        }
        sqlx::query("UPDATE users SET settings = $3 WHERE realm = $1 AND sub = $2")
            .bind(owner.realm().as_str())
            .bind(owner.sub())
            .bind(text)
            .execute(&mut *tx)
            .await?;
        audit::write(&mut tx, owner, &Note::new("settings.update"), now).await?;
        tx.commit().await?;
        Ok(Some(settings))
    }
}

fn merge(into: &mut Map<String, Value>, patch: &Map<String, Value>) {
    for (name, value) in patch {
        match value {
            Value::Null => {
                into.remove(name);
            }
            Value::Object(inner) => {
                let old = into
                    .entry(name.clone())
                    .or_insert_with(|| Value::Object(Map::new()));
                if !old.is_object() {
                    *old = Value::Object(Map::new());
                }
                if let Value::Object(old) = old {
                    merge(old, inner);
                }
            }
            other => {
                into.insert(name.clone(), other.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn merging_keeps_what_is_not_named_and_null_removes() {
        let mut settings = json!({"a": {"x": true, "y": true}, "b": 1})
            .as_object()
            .unwrap()
            .clone();
        let patch = json!({"a": {"x": null, "z": false}, "c": {"n": null, "m": 1}});
        merge(&mut settings, patch.as_object().unwrap());
        assert_eq!(
            Value::Object(settings),
            json!({"a": {"y": true, "z": false}, "b": 1, "c": {"m": 1}})
        );
    }
}
