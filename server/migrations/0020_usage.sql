-- What was used, in one row for each user, day (UTC, days since 1970), provider, model and
-- credential: the id of an entry, `envelope` or `platform`. `model` is empty where it is unknown.
CREATE TABLE usage_days (
    realm TEXT NOT NULL,
    sub TEXT NOT NULL,
    day BIGINT NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    credential TEXT NOT NULL,
    requests BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    priced BIGINT NOT NULL,
    unpriced BIGINT NOT NULL,
    uncounted BIGINT NOT NULL,
    input_tokens BIGINT NOT NULL,
    cached_tokens BIGINT NOT NULL,
    cache_write_tokens BIGINT NOT NULL,
    output_tokens BIGINT NOT NULL,
    reasoning_tokens BIGINT NOT NULL,
    images BIGINT NOT NULL,
    audio_ms BIGINT NOT NULL,
    characters BIGINT NOT NULL,
    cost_micro_usd BIGINT NOT NULL,
    fee_micro_usd BIGINT NOT NULL,
    PRIMARY KEY (realm, sub, day, provider, model, credential)
);

-- Requests whose cost nobody knows; `cost_micro_usd` is the sum of the known ones.
ALTER TABLE entries ADD COLUMN unpriced_requests BIGINT NOT NULL DEFAULT 0;
-- The known cost of one month (UTC, months since the year 0).
ALTER TABLE entries ADD COLUMN month BIGINT NOT NULL DEFAULT 0;
ALTER TABLE entries ADD COLUMN month_micro_usd BIGINT NOT NULL DEFAULT 0;
-- What may be spent under the entry: in all, or in a month. Null: no budget.
ALTER TABLE entries ADD COLUMN budget_micro_usd BIGINT;
ALTER TABLE entries ADD COLUMN budget_period TEXT;
