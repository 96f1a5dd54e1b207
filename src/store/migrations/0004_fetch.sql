-- Responses of services are evidence: what was asked, what came, in a chain nobody can edit unseen. A fetch run keeps its cursor,
-- so that a break costs no second asking; its pages say which response a stored row came from.

CREATE TABLE fetch_response (
    response_id     INTEGER PRIMARY KEY,
    request_key     TEXT NOT NULL,
    host            TEXT NOT NULL,
    method          TEXT NOT NULL,
    url_asked       TEXT NOT NULL,
    url_final       TEXT NOT NULL,
    request_body    TEXT NOT NULL,
    request_headers TEXT NOT NULL,
    asked_at        TEXT NOT NULL,
    received_at     TEXT NOT NULL,
    http_version    TEXT NOT NULL,
    status          INTEGER NOT NULL,
    headers         TEXT NOT NULL,
    sha256          TEXT NOT NULL,
    byte_len        INTEGER NOT NULL,
    revalidates     TEXT,
    permission      TEXT,
    tool_version    TEXT NOT NULL,
    actor           TEXT NOT NULL,
    reason          TEXT NOT NULL,
    record_hash     TEXT NOT NULL
) STRICT;
CREATE INDEX fetch_response_request ON fetch_response (request_key, response_id);
CREATE INDEX fetch_response_host ON fetch_response (host, asked_at);
CREATE INDEX fetch_response_sha256 ON fetch_response (sha256);
CREATE TRIGGER fetch_response_no_update BEFORE UPDATE ON fetch_response
BEGIN SELECT RAISE(ABORT, 'responses are never changed'); END;
CREATE TRIGGER fetch_response_no_delete BEFORE DELETE ON fetch_response
BEGIN SELECT RAISE(ABORT, 'responses are never deleted'); END;

CREATE TABLE fetch_run (
    fetch_run_id INTEGER PRIMARY KEY,
    service_url  TEXT NOT NULL,
    profile      TEXT NOT NULL,
    query        TEXT NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('open', 'done', 'dropped')),
    started_at   TEXT NOT NULL,
    ended_at     TEXT,
    cursor       TEXT NOT NULL,
    high_mark    INTEGER,
    snapshot_id  INTEGER REFERENCES source_snapshot,
    actor        TEXT NOT NULL
) STRICT;
CREATE INDEX fetch_run_service ON fetch_run (service_url, profile, query);
CREATE INDEX fetch_run_snapshot ON fetch_run (snapshot_id);

-- Row numbers of a snapshot run through its pages in order of seq.
CREATE TABLE fetch_page (
    fetch_run_id INTEGER NOT NULL REFERENCES fetch_run,
    seq          INTEGER NOT NULL,
    sha256       TEXT NOT NULL,
    first_row    INTEGER NOT NULL,
    row_count    INTEGER NOT NULL,
    PRIMARY KEY (fetch_run_id, seq)
) STRICT, WITHOUT ROWID;
