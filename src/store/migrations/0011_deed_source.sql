-- Deeds also come from files of the county clerk; each then points to its snapshot and row.
ALTER TABLE deed ADD COLUMN snapshot_id INTEGER REFERENCES source_snapshot;
ALTER TABLE deed ADD COLUMN row_no INTEGER;
