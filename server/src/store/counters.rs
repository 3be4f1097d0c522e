//! Counts of use: gathered in memory and written about once a second, because a request must not
//! wait for the disk to be counted.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use super::{Owner, Store, StoreError};
use crate::clock::Micros;

#[derive(Default)]
pub(super) struct Uses(Mutex<HashMap<(Owner, String), Use>>);

#[derive(Clone, Copy)]
struct Use {
    count: i64,
    last: Micros,
}

impl Uses {
    fn add(&self, key: (Owner, String), more: Use) {
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let sum = uses.entry(key).or_insert(Use {
            count: 0,
            last: more.last,
        });
        sum.count += more.count;
        sum.last = sum.last.max(more.last);
    }

    fn take(&self) -> HashMap<(Owner, String), Use> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Store {
    /// Counts one use of an entry.
    pub fn record_use(&self, owner: &Owner, id: &str, at: Micros) {
        self.uses
            .add((owner.clone(), id.to_owned()), Use { count: 1, last: at });
    }

    /// Writes what was counted; what cannot be written is kept for the next time.
    pub async fn flush_uses(&self) -> Result<(), StoreError> {
        let uses = self.uses.take();
        if uses.is_empty() {
            return Ok(());
        }
        let written = self.write_uses(&uses).await;
        if written.is_err() {
            uses.into_iter()
                .for_each(|(key, count)| self.uses.add(key, count));
        }
        written
    }

    async fn write_uses(&self, uses: &HashMap<(Owner, String), Use>) -> Result<(), StoreError> {
        // In one order everywhere, so that two replicas never wait for each other.
        let mut sorted: Vec<_> = uses.iter().collect();
        sorted.sort_by_key(|((owner, id), _)| (owner.realm().as_str(), owner.sub(), id.as_str()));
        let mut tx = self.begin().await?;
        for ((owner, id), sum) in sorted {
            sqlx::query(
                "UPDATE entries SET total_requests = total_requests + $4,
                     last_used_at = CASE WHEN last_used_at > $5 THEN last_used_at ELSE $5 END
                 WHERE realm = $1 AND sub = $2 AND id = $3",
            )
            .bind(owner.realm().as_str())
            .bind(owner.sub())
            .bind(id.as_str())
            .bind(sum.count)
            .bind(sum.last)
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(())
    }
}
