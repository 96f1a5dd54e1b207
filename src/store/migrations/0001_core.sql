-- The core: where facts come from, parcels and their owners on the roll, premises, accounts, reads, taps, links, and the audit log.
-- Money is integer cents, volume integer gallons, size thousandths of an inch, instants UTC text ending in Z, civil dates YYYY-MM-DD.
-- Row ids are internal; natural keys are text. Facts carry their snapshot and row; a new snapshot adds rows, it never edits old ones.

CREATE TABLE source_snapshot (
    snapshot_id     INTEGER PRIMARY KEY,
    source_kind     TEXT NOT NULL,
    profile         TEXT NOT NULL,
    origin          TEXT NOT NULL,
    sha256          TEXT NOT NULL,
    byte_len        INTEGER NOT NULL,
    as_of_date      TEXT NOT NULL,
    imported_at     TEXT NOT NULL,
    actor           TEXT NOT NULL,
    read_count      INTEGER NOT NULL DEFAULT 0,
    stored_count    INTEGER NOT NULL DEFAULT 0,
    duplicate_count INTEGER NOT NULL DEFAULT 0,
    rejected_count  INTEGER NOT NULL DEFAULT 0,
    columns_json    TEXT NOT NULL DEFAULT '[]',
    UNIQUE (source_kind, profile, sha256)
) STRICT;

CREATE TABLE source_reject (
    reject_id   INTEGER PRIMARY KEY,
    snapshot_id INTEGER NOT NULL REFERENCES source_snapshot,
    row_no      INTEGER NOT NULL,
    column_name TEXT NOT NULL,
    value       TEXT NOT NULL,
    reason      TEXT NOT NULL,
    detail      TEXT NOT NULL
) STRICT;
CREATE INDEX source_reject_snapshot ON source_reject (snapshot_id);

-- Distinct texts, kept once: a roll repeats its owners and mailing addresses.
CREATE TABLE owner_line (
    owner_line_id INTEGER PRIMARY KEY,
    owner_text    TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE mailing_address (
    mailing_address_id INTEGER PRIMARY KEY,
    mailing_text       TEXT NOT NULL UNIQUE,
    lines              TEXT NOT NULL,
    city               TEXT,
    state              TEXT,
    zip                TEXT
) STRICT;

CREATE TABLE parcel (
    parcel_id           INTEGER PRIMARY KEY,
    parcel_no           TEXT NOT NULL UNIQUE,
    current_version_id  INTEGER,
    first_snapshot_id   INTEGER NOT NULL REFERENCES source_snapshot,
    retired_snapshot_id INTEGER REFERENCES source_snapshot
) STRICT;

CREATE TABLE parcel_version (
    parcel_version_id  INTEGER PRIMARY KEY,
    parcel_id          INTEGER NOT NULL REFERENCES parcel,
    snapshot_id        INTEGER NOT NULL REFERENCES source_snapshot,
    row_no             INTEGER NOT NULL,
    assessor_account_no TEXT,
    owner_line_id      INTEGER REFERENCES owner_line,
    mailing_address_id INTEGER REFERENCES mailing_address,
    legal_description  TEXT,
    land_use           TEXT,
    homestead          INTEGER,
    year_built         INTEGER,
    building_area_sqft INTEGER,
    improvement_cents  INTEGER,
    total_cents        INTEGER,
    sale_date          TEXT,
    sale_cents         INTEGER,
    deed_reference     TEXT,
    lon                REAL,
    lat                REAL,
    attributes_json    TEXT,
    content_hash       INTEGER NOT NULL,
    geometry_wkb       BLOB
) STRICT;
CREATE INDEX parcel_version_parcel ON parcel_version (parcel_id);

CREATE TABLE situs (
    situs_id          INTEGER PRIMARY KEY,
    parcel_version_id INTEGER NOT NULL REFERENCES parcel_version,
    parcel_id         INTEGER NOT NULL REFERENCES parcel,
    row_no            INTEGER NOT NULL,
    situs_text        TEXT NOT NULL,
    standard_form     TEXT,
    city              TEXT,
    state             TEXT,
    zip               TEXT
) STRICT;
CREATE INDEX situs_version ON situs (parcel_version_id);

CREATE TABLE ownership_interval (
    ownership_interval_id INTEGER PRIMARY KEY,
    parcel_id          INTEGER NOT NULL REFERENCES parcel,
    owner_line_id      INTEGER NOT NULL REFERENCES owner_line,
    mailing_address_id INTEGER REFERENCES mailing_address,
    valid_from         TEXT NOT NULL,
    valid_to           TEXT,
    last_seen          TEXT NOT NULL,
    basis              TEXT NOT NULL CHECK (basis IN ('roll', 'sale', 'deed', 'treasurer', 'probate', 'staff')),
    transfer_kind      TEXT,
    deed_reference     TEXT,
    snapshot_id        INTEGER NOT NULL REFERENCES source_snapshot,
    row_no             INTEGER NOT NULL,
    recorded_at        TEXT NOT NULL,
    retracted_at       TEXT
) STRICT;
CREATE INDEX ownership_interval_parcel ON ownership_interval (parcel_id);
CREATE INDEX ownership_interval_owner ON ownership_interval (owner_line_id);

CREATE TABLE premise (
    premise_id      INTEGER PRIMARY KEY,
    premise_no      TEXT NOT NULL UNIQUE,
    service_address TEXT NOT NULL,
    service_city    TEXT,
    service_zip     TEXT,
    lon             REAL,
    lat             REAL,
    snapshot_id     INTEGER NOT NULL REFERENCES source_snapshot,
    row_no          INTEGER NOT NULL
) STRICT;

CREATE TABLE account (
    account_id      INTEGER PRIMARY KEY,
    account_no      TEXT NOT NULL,
    service_kind    TEXT NOT NULL,
    premise_id      INTEGER NOT NULL REFERENCES premise,
    status          TEXT NOT NULL,
    holder_name     TEXT,
    mailing_address TEXT,
    opened_on       TEXT,
    closed_on       TEXT,
    balance_cents   INTEGER,
    snapshot_id     INTEGER NOT NULL REFERENCES source_snapshot,
    row_no          INTEGER NOT NULL,
    UNIQUE (account_no, service_kind)
) STRICT;
CREATE INDEX account_premise ON account (premise_id);

CREATE TABLE meter (
    meter_id      INTEGER PRIMARY KEY,
    meter_no      TEXT NOT NULL UNIQUE,
    premise_id    INTEGER REFERENCES premise,
    size_milli_in INTEGER,
    snapshot_id   INTEGER NOT NULL REFERENCES source_snapshot
) STRICT;
CREATE INDEX meter_premise ON meter (premise_id);

CREATE TABLE meter_read (
    meter_id        INTEGER NOT NULL REFERENCES meter,
    read_on         TEXT NOT NULL,
    read_kind       TEXT NOT NULL,
    reading         INTEGER,
    consumption_gal INTEGER,
    snapshot_id     INTEGER NOT NULL REFERENCES source_snapshot,
    row_no          INTEGER NOT NULL,
    PRIMARY KEY (meter_id, read_on, read_kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE tap (
    tap_id           INTEGER PRIMARY KEY,
    tap_no           TEXT NOT NULL UNIQUE,
    tap_uuid         TEXT NOT NULL UNIQUE,
    tap_use          TEXT NOT NULL,
    size_milli_in    INTEGER,
    main_size_milli_in INTEGER,
    main_material    TEXT,
    service_material TEXT,
    tapped_on        TEXT,
    tap_card_ref     TEXT,
    service_address  TEXT,
    lifecycle        TEXT NOT NULL,
    control_state    TEXT NOT NULL,
    origin           TEXT NOT NULL,
    lon              REAL,
    lat              REAL,
    position_method  TEXT,
    row_version      INTEGER NOT NULL DEFAULT 1,
    snapshot_id      INTEGER REFERENCES source_snapshot,
    row_no           INTEGER
) STRICT;

CREATE TABLE tap_premise (
    tap_id     INTEGER NOT NULL REFERENCES tap,
    premise_id INTEGER NOT NULL REFERENCES premise,
    PRIMARY KEY (tap_id, premise_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX tap_premise_premise ON tap_premise (premise_id);

CREATE TABLE tap_tie (
    tap_tie_id      INTEGER PRIMARY KEY,
    tap_id          INTEGER NOT NULL REFERENCES tap,
    what            TEXT NOT NULL,
    reference       TEXT NOT NULL,
    reference_label TEXT NOT NULL,
    direction       TEXT NOT NULL,
    distance_ft     REAL NOT NULL CHECK (distance_ft >= 0 AND distance_ft < 5280),
    source          TEXT NOT NULL
) STRICT;
CREATE INDEX tap_tie_tap ON tap_tie (tap_id);

-- Computed links; a re-run replaces them. What people decided stands in match_decision and survives every run.
CREATE TABLE match_link (
    match_link_id INTEGER PRIMARY KEY,
    premise_id    INTEGER NOT NULL REFERENCES premise,
    parcel_id     INTEGER REFERENCES parcel,
    rank          INTEGER NOT NULL,
    status        TEXT NOT NULL CHECK (status IN ('auto_accepted', 'review', 'refused', 'none')),
    score         REAL NOT NULL CHECK (score BETWEEN 0 AND 1),
    margin_bits   REAL,
    steps_json    TEXT NOT NULL,
    model_version TEXT NOT NULL,
    input_fingerprint TEXT NOT NULL
) STRICT;
CREATE INDEX match_link_premise ON match_link (premise_id);
CREATE INDEX match_link_parcel ON match_link (parcel_id);

CREATE TABLE match_decision (
    match_decision_id INTEGER PRIMARY KEY,
    premise_id    INTEGER NOT NULL REFERENCES premise,
    parcel_id     INTEGER REFERENCES parcel,
    verdict       TEXT NOT NULL CHECK (verdict IN ('accepted', 'rejected')),
    reason        TEXT NOT NULL,
    decided_by    TEXT NOT NULL,
    decided_at    TEXT NOT NULL,
    input_fingerprint TEXT NOT NULL,
    is_stale      INTEGER NOT NULL DEFAULT 0,
    superseded_by INTEGER REFERENCES match_decision
) STRICT;
CREATE INDEX match_decision_premise ON match_decision (premise_id);

-- Indexes computed from the rows above (matcher, packed R-tree); rebuilt when the fingerprint no longer fits.
CREATE TABLE computed_blob (
    kind          TEXT PRIMARY KEY,
    fingerprint   TEXT NOT NULL,
    model_version TEXT NOT NULL,
    made_at       TEXT NOT NULL,
    bytes         BLOB NOT NULL
) STRICT;

CREATE TABLE setting (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

CREATE TABLE audit_log (
    audit_id    INTEGER PRIMARY KEY,
    at          TEXT NOT NULL,
    actor       TEXT NOT NULL,
    reason      TEXT NOT NULL,
    action      TEXT NOT NULL,
    entity      TEXT NOT NULL,
    entity_id   TEXT NOT NULL,
    before_json TEXT,
    after_json  TEXT,
    prev_hash   TEXT NOT NULL,
    hash        TEXT NOT NULL
) STRICT;
CREATE INDEX audit_log_entity ON audit_log (entity, entity_id);

CREATE TRIGGER audit_log_no_update BEFORE UPDATE ON audit_log
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;

CREATE TRIGGER audit_log_no_delete BEFORE DELETE ON audit_log
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
