-- Old notes are removed by age, where the operator says so.
CREATE INDEX audit_by_time ON audit (at);
