-- Photos that crews bring with their results: the files themselves, not only their names. A set, so that the order in which
-- files arrive leaves no trace. Once the photos of a stop were looked for, its result is judged by the files that are there.

CREATE TABLE field_photo (
    stop_uuid   TEXT NOT NULL REFERENCES removal_stop,
    -- As the result names it.
    name        TEXT NOT NULL,
    sha256      TEXT NOT NULL,
    byte_len    INTEGER NOT NULL,
    mime        TEXT NOT NULL,
    captured_at TEXT,
    lon         REAL,
    lat         REAL,
    warnings    TEXT NOT NULL,
    PRIMARY KEY (stop_uuid, name, sha256)
) STRICT, WITHOUT ROWID;
CREATE INDEX field_photo_sha256 ON field_photo (sha256);

ALTER TABLE removal_stop ADD COLUMN is_photo_checked INTEGER NOT NULL DEFAULT 0;
