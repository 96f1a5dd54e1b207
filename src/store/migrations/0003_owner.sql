-- Ownership beyond the roll: deeds, what people decided about owners and addresses, owners withheld by law, and who looked whom up.
-- Links and groups are computed from the roll and these decisions whenever they are asked for, so they cannot go stale.

CREATE TABLE deed (
    deed_id       INTEGER PRIMARY KEY,
    parcel_id     INTEGER NOT NULL REFERENCES parcel,
    recorded_on   TEXT NOT NULL,
    executed_on   TEXT,
    book          TEXT,
    page          TEXT,
    instrument_no TEXT,
    transfer_kind TEXT NOT NULL,
    grantor       TEXT NOT NULL,
    grantee       TEXT NOT NULL,
    price_cents   INTEGER,
    document_sha256 TEXT,
    document_name TEXT,
    entered_by    TEXT NOT NULL,
    recorded_at   TEXT NOT NULL,
    retracted_at  TEXT
) STRICT;
CREATE INDEX deed_parcel ON deed (parcel_id, recorded_on);

CREATE TABLE owner_decision (
    owner_decision_id INTEGER PRIMARY KEY,
    verdict     TEXT NOT NULL CHECK (verdict IN ('same', 'different', 'agent')),
    owner_a     TEXT NOT NULL,
    mailing_a   TEXT NOT NULL,
    owner_b     TEXT NOT NULL,
    mailing_b   TEXT NOT NULL,
    reason      TEXT NOT NULL,
    decided_by  TEXT NOT NULL,
    decided_at  TEXT NOT NULL,
    withdrawn_at TEXT
) STRICT;

CREATE TABLE suppression (
    suppression_id INTEGER PRIMARY KEY,
    parcel_id   INTEGER NOT NULL REFERENCES parcel,
    basis       TEXT NOT NULL,
    order_ref   TEXT NOT NULL,
    from_date   TEXT NOT NULL,
    to_date     TEXT,
    entered_by  TEXT NOT NULL,
    entered_at  TEXT NOT NULL
) STRICT;
CREATE INDEX suppression_parcel ON suppression (parcel_id);

CREATE TABLE lookup_log (
    lookup_id INTEGER PRIMARY KEY,
    at        TEXT NOT NULL,
    actor     TEXT NOT NULL,
    query     TEXT NOT NULL,
    purpose   TEXT NOT NULL,
    n_found   INTEGER NOT NULL
) STRICT;

CREATE VIEW parcel_withheld AS
SELECT DISTINCT parcel_id FROM suppression
WHERE from_date <= date('now') AND (to_date IS NULL OR to_date >= date('now'));

-- Every reader of owners goes through this view: a withheld owner and mailing address never leave the store.
CREATE VIEW owner_on_roll AS
SELECT p.parcel_id, p.parcel_no, v.parcel_version_id, v.snapshot_id, v.row_no, v.lon, v.lat,
       w.parcel_id IS NOT NULL AS is_withheld,
       CASE WHEN w.parcel_id IS NULL THEN o.owner_text ELSE 'withheld by law: ask supervisor' END AS owner_text,
       CASE WHEN w.parcel_id IS NULL THEN COALESCE(m.lines, '') ELSE '' END AS mailing_lines,
       CASE WHEN w.parcel_id IS NULL THEN COALESCE(m.city, '') ELSE '' END AS mail_city,
       CASE WHEN w.parcel_id IS NULL THEN COALESCE(m.state, '') ELSE '' END AS mail_state,
       CASE WHEN w.parcel_id IS NULL THEN COALESCE(m.zip, '') ELSE '' END AS mail_zip
FROM parcel p
JOIN parcel_version v ON v.parcel_version_id = p.current_version_id
JOIN owner_line o ON o.owner_line_id = v.owner_line_id
LEFT JOIN mailing_address m ON m.mailing_address_id = v.mailing_address_id
LEFT JOIN parcel_withheld w ON w.parcel_id = p.parcel_id
WHERE p.retired_snapshot_id IS NULL;
