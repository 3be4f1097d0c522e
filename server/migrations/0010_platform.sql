-- Until when a key that the provider asked to wait is tried last.
ALTER TABLE entries ADD COLUMN resting_until BIGINT;

-- What a user had of the operator's keys on one day (UTC, days since 1970). `micro_usd` holds what
-- is reserved for running requests too.
CREATE TABLE platform_days (
    realm TEXT NOT NULL,
    sub TEXT NOT NULL,
    day BIGINT NOT NULL,
    requests BIGINT NOT NULL,
    micro_usd BIGINT NOT NULL,
    PRIMARY KEY (realm, sub, day)
);
CREATE INDEX platform_days_by_day ON platform_days (day);

-- A user's token bucket: the moment at which it will be full again.
CREATE TABLE platform_pace (
    realm TEXT NOT NULL,
    sub TEXT NOT NULL,
    full_at BIGINT NOT NULL,
    PRIMARY KEY (realm, sub)
);
CREATE INDEX platform_pace_by_time ON platform_pace (full_at);
