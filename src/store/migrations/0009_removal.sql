-- Removals: valves of an order, the frozen picture of a stop, what the office had changed when a result came in, and
-- containers that are pulled where refuse is unpaid and there is no water to shut off.

ALTER TABLE removal_order ADD COLUMN valves TEXT NOT NULL DEFAULT '';

ALTER TABLE removal_list ADD COLUMN yard_lon REAL;
ALTER TABLE removal_list ADD COLUMN yard_lat REAL;

-- Lots around the stop as they were when the list was made: a reprint shows what the crew saw.
ALTER TABLE removal_stop ADD COLUMN picture_json TEXT NOT NULL DEFAULT '';

-- Judged once, on arrival, so that what the office does later cannot undo a result that was applied.
ALTER TABLE field_result ADD COLUMN against_json TEXT NOT NULL DEFAULT '{}';
ALTER TABLE field_result ADD COLUMN verdict TEXT CHECK (verdict IN ('kept', 'refused'));
CREATE INDEX field_result_conflict ON field_result (merge_status) WHERE merge_status = 'conflict';

-- Which returned files brought a result; a set, so that the order in which files arrive leaves no trace.
CREATE TABLE field_result_file (
    field_result_id TEXT NOT NULL,
    content_sha256  TEXT NOT NULL,
    file_sha256     TEXT NOT NULL,
    PRIMARY KEY (field_result_id, content_sha256, file_sha256)
) STRICT, WITHOUT ROWID;

CREATE TABLE pull_order (
    pull_order_id INTEGER PRIMARY KEY,
    order_no      TEXT NOT NULL UNIQUE,
    account_id    INTEGER NOT NULL REFERENCES account,
    status        TEXT NOT NULL,
    priority      INTEGER NOT NULL,
    due_on        TEXT,
    balance_cents INTEGER NOT NULL,
    reason        TEXT NOT NULL,
    safety        TEXT NOT NULL DEFAULT '',
    result_json   TEXT NOT NULL DEFAULT '{}',
    closed_on     TEXT,
    row_version   INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE INDEX pull_order_status ON pull_order (status, order_no);
-- An account has one pull at a time.
CREATE UNIQUE INDEX pull_order_one_open ON pull_order (account_id) WHERE closed_on IS NULL;

-- Refuse service that ended because its container was pulled; the billing system takes it from here.
CREATE TABLE service_closing (
    service_closing_id INTEGER PRIMARY KEY,
    account_no   TEXT NOT NULL,
    service_kind TEXT NOT NULL,
    premise_no   TEXT NOT NULL,
    order_no     TEXT NOT NULL UNIQUE,
    closed_on    TEXT NOT NULL,
    balance_cents INTEGER NOT NULL
) STRICT;
