-- What a user's requests of one month (UTC, months since the year 0) come to in fees, were there no cap
-- on a month. `usage_days` holds what is below the cap.
CREATE TABLE fee_months (
    realm TEXT NOT NULL,
    sub TEXT NOT NULL,
    month BIGINT NOT NULL,
    micro_usd BIGINT NOT NULL,
    PRIMARY KEY (realm, sub, month)
);
