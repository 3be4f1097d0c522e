-- One set of migrations for SQLite and PostgreSQL: TEXT and BIGINT only, times in microseconds.
-- Every table of users' rows begins with realm and sub: there is no row without an owner.

-- One row a user; raising `writes` in a transaction lets one writer of that user through at a time.
CREATE TABLE users (
    realm TEXT NOT NULL,
    sub TEXT NOT NULL,
    settings TEXT NOT NULL,
    writes BIGINT NOT NULL,
    PRIMARY KEY (realm, sub)
);

-- `sealed_key` is null once revoked; the rest of the row stays, so that the id never comes back.
CREATE TABLE entries (
    realm TEXT NOT NULL,
    sub TEXT NOT NULL,
    id TEXT NOT NULL,
    provider TEXT NOT NULL,
    label TEXT NOT NULL,
    hint TEXT NOT NULL,
    host TEXT,
    sealed_key TEXT,
    kid TEXT NOT NULL,
    sealed_at BIGINT NOT NULL,
    request_digest TEXT NOT NULL,
    status TEXT NOT NULL,
    status_detail TEXT,
    active BIGINT NOT NULL,
    priority BIGINT NOT NULL,
    total_requests BIGINT NOT NULL,
    total_tokens BIGINT NOT NULL,
    cost_micro_usd BIGINT,
    needs_reentry BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    last_tested_at BIGINT,
    last_used_at BIGINT,
    expires_at BIGINT,
    revoked_at BIGINT,
    PRIMARY KEY (realm, sub, id)
);
CREATE INDEX entries_by_provider ON entries (realm, sub, provider, priority);
CREATE INDEX entries_by_kid ON entries (kid);

-- Ids are UUID v7: their order is the order of time.
CREATE TABLE audit (
    realm TEXT NOT NULL,
    sub TEXT NOT NULL,
    id TEXT NOT NULL,
    at BIGINT NOT NULL,
    action TEXT NOT NULL,
    entry_id TEXT,
    provider TEXT,
    detail TEXT,
    PRIMARY KEY (realm, sub, id)
);

-- `keep_until` is UTC, as `YYYY-MM-DD HH:MM:SS`: the one form of the database's own clock that both
-- databases write alike, and the clocks of several replicas must not decide.
CREATE TABLE replays (
    realm TEXT NOT NULL,
    sub TEXT NOT NULL,
    jti TEXT NOT NULL,
    keep_until TEXT NOT NULL,
    PRIMARY KEY (realm, sub, jti)
);
CREATE INDEX replays_by_time ON replays (keep_until);
