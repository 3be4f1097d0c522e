//! What was used: gathered in memory and written twice a second, because a request must not wait
//! for the disk to be counted. Replicas add to the same rows.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{LazyLock, Mutex, MutexGuard, PoisonError},
};

use sqlx::{Row, any::AnyRow};

use super::{Owner, Store, StoreError, fee_month, rows::Tx};
use crate::clock::{self, Micros};

/// What stands for a credential that is no entry.
pub const ENVELOPE: &str = "envelope";
/// The operator's key.
pub const PLATFORM: &str = "platform";

macro_rules! counts {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Sums over requests. What is unknown of a request is not in them; how many such requests
        /// there are is.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Counts {
            $($(#[$doc])* pub $name: i64,)*
        }

        impl Counts {
            pub(super) const COLUMNS: &'static [&'static str] = &[$(stringify!($name)),*];

            fn add(&mut self, more: &Self) {
                $(self.$name = self.$name.saturating_add(more.$name);)*
            }

            fn values(&self) -> [i64; Self::COLUMNS.len()] {
                [$(self.$name),*]
            }

            pub(super) fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
                Ok(Self { $($name: row.try_get(stringify!($name))?,)* })
            }
        }
    };
}

counts! {
    /// Requests that went to a provider.
    requests,
    /// Of those, answered with an error, which costs nothing, or not at all.
    failed,
    /// Of those, with a known cost.
    priced,
    /// Of those, with a cost that nobody knows.
    unpriced,
    /// Of those, with tokens or other units that nobody knows.
    uncounted,
    /// Tokens in, cached ones included.
    input_tokens,
    /// Of those, read from a cache.
    cached_tokens,
    /// Of those, written into a cache.
    cache_write_tokens,
    /// Tokens out, reasoning included.
    output_tokens,
    /// Of those, reasoning.
    reasoning_tokens,
    /// Images made.
    images,
    /// Audio, in milliseconds.
    audio_ms,
    /// Characters.
    characters,
    /// The known costs, in millionths of a dollar.
    cost_micro_usd,
    /// The fees on them.
    fee_micro_usd,
}

impl Counts {
    fn tokens(&self) -> i64 {
        self.input_tokens.saturating_add(self.output_tokens)
    }
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) owner: Owner,
    pub(super) day: i64,
    provider: &'static str,
    model: String,
    credential: String,
}

/// One request that was served.
pub struct Used {
    /// Whose.
    pub owner: Owner,
    /// When it ended.
    pub at: Micros,
    /// The catalogue's id.
    pub provider: &'static str,
    /// The model, where it is known.
    pub model: Option<String>,
    /// The entry's id, [`ENVELOPE`] or [`PLATFORM`].
    pub credential: String,
    /// What it used.
    pub counts: Counts,
}

#[derive(Default)]
pub(super) struct Uses(Mutex<Gathered>);

#[derive(Default)]
struct Gathered {
    rows: Rows,
    /// By entry, known costs that are not, or perhaps not, in the database yet.
    unwritten: HashMap<(Owner, String), i64>,
}

/// What was counted for a row, and when the last of it was.
pub(super) type Counted = (Counts, Micros);

type Rows = HashMap<Key, Counted>;

impl Uses {
    fn lock(&self) -> MutexGuard<'_, Gathered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gathered {
    fn add(&mut self, key: Key, more: &Counts, at: Micros) {
        let (sum, last) = self.rows.entry(key).or_insert((Counts::default(), at));
        sum.add(more);
        *last = at.max(*last);
    }
}

/// What was written, until the database's own rows are looked at again.
pub struct Written {
    spent: Vec<((Owner, String), i64)>,
}

impl Written {
    /// Whose costs are in the database now.
    pub fn owners(&self) -> HashSet<&Owner> {
        self.spent.iter().map(|((owner, _), _)| owner).collect()
    }
}

impl Store {
    /// Counts a request.
    pub fn record(&self, used: Used) {
        let mut uses = self.uses.lock();
        if used.counts.cost_micro_usd > 0 {
            let entry = (used.owner.clone(), used.credential.clone());
            let unwritten = uses.unwritten.entry(entry).or_default();
            *unwritten = unwritten.saturating_add(used.counts.cost_micro_usd);
        }
        let key = Key {
            day: clock::day(used.at),
            owner: used.owner,
            provider: used.provider,
            model: used.model.unwrap_or_default(),
            credential: used.credential,
        };
        uses.add(key, &used.counts, used.at);
    }

    /// What was spent under an entry and is not in the database yet.
    pub fn unwritten_cost(&self, owner: &Owner, id: &str) -> i64 {
        let uses = self.uses.lock();
        if uses.unwritten.is_empty() {
            return 0;
        }
        let entry = (owner.clone(), id.to_owned());
        uses.unwritten.get(&entry).copied().unwrap_or_default()
    }

    /// Writes what was counted; what cannot be written is kept for the next time. The costs count as
    /// unwritten until [`Store::settled`]: whoever remembers rows has to forget them in between.
    pub async fn flush_uses(&self) -> Result<Written, StoreError> {
        let rows = std::mem::take(&mut self.uses.lock().rows);
        if rows.is_empty() {
            return Ok(Written { spent: Vec::new() });
        }
        let written = self.write_uses(&rows).await;
        if let Err(error) = written {
            let mut uses = self.uses.lock();
            for (key, (counts, at)) in rows {
                uses.add(key, &counts, at);
            }
            return Err(error);
        }
        let spent = rows
            .into_iter()
            .filter(|(_, (counts, _))| counts.cost_micro_usd > 0)
            .map(|(key, (counts, _))| ((key.owner, key.credential), counts.cost_micro_usd));
        Ok(Written {
            spent: spent.collect(),
        })
    }

    /// What was written is seen by whoever looks at the rows.
    pub fn settled(&self, written: Written) {
        let mut uses = self.uses.lock();
        for (entry, cost) in written.spent {
            let left = uses.unwritten.get_mut(&entry).map(|unwritten| {
                *unwritten = unwritten.saturating_sub(cost);
                *unwritten
            });
            if left == Some(0) {
                uses.unwritten.remove(&entry);
            }
        }
    }

    async fn write_uses(&self, rows: &Rows) -> Result<(), StoreError> {
        // In one order everywhere, so that two replicas never wait for each other.
        let mut sorted: Vec<_> = rows.iter().map(|(key, counted)| (key, *counted)).collect();
        sorted.sort_by_key(|(key, _)| order(key));
        let mut tx = self.begin().await?;
        if let Some(cap) = self.fees_of_month {
            fee_month::cut(&mut tx, &mut sorted, cap).await?;
        }
        for (key, (counts, _)) in &sorted {
            add_row(&mut tx, key, counts).await?;
        }
        for (key, (counts, at)) in by_entry(&sorted) {
            add_to_entry(&mut tx, &key, &counts, at).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}

fn order(key: &Key) -> (&str, &str, i64, &str, &str, &str) {
    let owner = &key.owner;
    (
        owner.realm().as_str(),
        owner.sub(),
        key.day,
        key.provider,
        &key.model,
        &key.credential,
    )
}

static ADD_ROW: LazyLock<String> = LazyLock::new(|| {
    let columns = Counts::COLUMNS;
    let places: Vec<_> = (1..=6 + columns.len()).map(|n| format!("${n}")).collect();
    let sums: Vec<_> = columns
        .iter()
        .map(|name| format!("{name} = usage_days.{name} + excluded.{name}"))
        .collect();
    format!(
        "INSERT INTO usage_days (realm, sub, day, provider, model, credential, {})
         VALUES ({}) ON CONFLICT (realm, sub, day, provider, model, credential) DO UPDATE SET {}",
        columns.join(", "),
        places.join(", "),
        sums.join(", ")
    )
});

async fn add_row(tx: &mut Tx, key: &Key, counts: &Counts) -> Result<(), StoreError> {
    let mut query = sqlx::query(ADD_ROW.as_str())
        .bind(key.owner.realm().as_str())
        .bind(key.owner.sub())
        .bind(key.day)
        .bind(key.provider)
        .bind(key.model.as_str())
        .bind(key.credential.as_str());
    for count in counts.values() {
        query = query.bind(count);
    }
    query.execute(&mut **tx).await?;
    Ok(())
}

/// An entry in a month.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct EntryKey<'a> {
    realm: &'static str,
    sub: &'a str,
    id: &'a str,
    month: i64,
}

/// The rows of each entry, added up.
fn by_entry<'a>(rows: &[(&'a Key, Counted)]) -> BTreeMap<EntryKey<'a>, Counted> {
    let mut sums = BTreeMap::new();
    for (key, (counts, at)) in rows {
        if matches!(key.credential.as_str(), ENVELOPE | PLATFORM) {
            continue;
        }
        let entry = EntryKey {
            realm: key.owner.realm().as_str(),
            sub: key.owner.sub(),
            id: &key.credential,
            month: clock::month(key.day * clock::DAY),
        };
        let (sum, last) = sums.entry(entry).or_insert((Counts::default(), *at));
        sum.add(counts);
        *last = (*last).max(*at);
    }
    sums
}

async fn add_to_entry(
    tx: &mut Tx,
    key: &EntryKey<'_>,
    counts: &Counts,
    at: Micros,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE entries SET total_requests = total_requests + $4,
             total_tokens = total_tokens + $5,
             unpriced_requests = unpriced_requests + $6,
             cost_micro_usd = CASE WHEN $7 = 0 THEN cost_micro_usd
                 ELSE COALESCE(cost_micro_usd, 0) + $8 END,
             month_micro_usd = CASE WHEN month = $9 THEN month_micro_usd + $8
                 WHEN month < $9 THEN $8 ELSE month_micro_usd END,
             month = CASE WHEN month < $9 THEN $9 ELSE month END,
             last_used_at = CASE WHEN last_used_at > $10 THEN last_used_at ELSE $10 END
         WHERE realm = $1 AND sub = $2 AND id = $3",
    )
    .bind(key.realm)
    .bind(key.sub)
    .bind(key.id)
    .bind(counts.requests)
    .bind(counts.tokens())
    .bind(counts.unpriced)
    .bind(counts.priced)
    .bind(counts.cost_micro_usd)
    .bind(key.month)
    .bind(at)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
