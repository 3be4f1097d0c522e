-- Which entries have to be entered again is looked up by key and mark whenever the ring changes:
-- without the mark in the index every entry of a key would be read, while nothing else can be written.
DROP INDEX entries_by_kid;
CREATE INDEX entries_by_kid ON entries (kid, needs_reentry);
