//! An entry as the API answers it.

use keyseal::catalogue;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::{clock, store::Entry};

/// One entry. The key is in it only as the ciphertext that the browser sent.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EntryView {
    id: String,
    provider: String,
    category: Option<&'static str>,
    label: String,
    key_hint: String,
    host: Option<String>,
    storage: &'static str,
    status: &'static str,
    status_detail: Option<String>,
    is_valid: Option<bool>,
    is_active: bool,
    priority: i64,
    total_requests: i64,
    total_tokens: i64,
    estimated_cost_usd: Option<f64>,
    unknown_requests: i64,
    budget_usd: Option<f64>,
    budget_period: Option<&'static str>,
    budget_spent_usd: Option<f64>,
    budget_left_usd: Option<f64>,
    created_at: String,
    last_tested_at: Option<String>,
    last_used_at: Option<String>,
    /// Until then other keys are tried before it: the provider asked for a pause.
    resting_until: Option<String>,
    expires_at: Option<String>,
    needs_reentry: bool,
    sealed_key: Option<Box<RawValue>>,
}

/// Only for showing: what is counted are whole millionths.
fn dollars(micro: i64) -> f64 {
    micro as f64 / 1e6
}

impl From<Entry> for EntryView {
    fn from(entry: Entry) -> Self {
        let provider = catalogue::find(&entry.provider);
        let category = provider.and_then(|provider| provider.categories.first());
        Self {
            category: category.map(|category| category.as_str()),
            key_hint: entry.hint,
            host: entry.host,
            storage: "synced",
            status: entry.status.as_str(),
            status_detail: entry.status_detail,
            is_valid: entry.status.is_valid(),
            is_active: entry.active,
            priority: entry.priority,
            total_requests: entry.total_requests,
            total_tokens: entry.total_tokens,
            estimated_cost_usd: entry.cost_micro_usd.map(dollars),
            unknown_requests: entry.unpriced_requests,
            budget_usd: entry.budget.map(|budget| dollars(budget.micro_usd)),
            budget_period: entry.budget.map(|budget| budget.period.as_str()),
            budget_spent_usd: entry.budget.map(|budget| dollars(budget.spent)),
            budget_left_usd: entry.budget.map(|budget| dollars(budget.left())),
            created_at: clock::rfc3339(entry.created_at),
            last_tested_at: entry.last_tested_at.map(clock::rfc3339),
            last_used_at: entry.last_used_at.map(clock::rfc3339),
            resting_until: entry
                .resting_until
                .filter(|until| *until > clock::micros())
                .map(clock::rfc3339),
            expires_at: entry.expires_at.map(clock::rfc3339),
            needs_reentry: entry.needs_reentry,
            sealed_key: entry
                .sealed_key
                .and_then(|json| RawValue::from_string(json).ok()),
            id: entry.id,
            provider: entry.provider,
            label: entry.label,
        }
    }
}
