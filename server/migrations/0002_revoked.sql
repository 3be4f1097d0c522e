-- What was revoked a moment ago, for the streams that other replicas still serve.
CREATE INDEX entries_by_revoked ON entries (revoked_at);
