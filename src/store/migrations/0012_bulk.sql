-- The tables that a roll fills, shaped for bulk import: an import of 100,000 parcels spent two thirds of its time in them.
-- Distinct texts are kept apart by the importer's hashes instead of an index over the texts; further situs lie beside the first;
-- a list in a CHECK builds a small table for every row, a chain of OR does not. The index of versions by parcel had no reader.

DROP VIEW owner_on_roll;

CREATE TABLE owner_line_new (
    owner_line_id INTEGER PRIMARY KEY,
    owner_text    TEXT NOT NULL
) STRICT;
INSERT INTO owner_line_new (owner_line_id, owner_text)
SELECT owner_line_id, owner_text FROM owner_line;
DROP TABLE owner_line;
ALTER TABLE owner_line_new RENAME TO owner_line;

CREATE TABLE mailing_address_new (
    mailing_address_id INTEGER PRIMARY KEY,
    lines              TEXT NOT NULL,
    city               TEXT,
    state              TEXT,
    zip                TEXT,
    mailing_text       TEXT GENERATED ALWAYS AS
        (lines || char(9) || COALESCE(city, '') || char(9) || COALESCE(state, '') || char(9) || COALESCE(zip, '')) VIRTUAL
) STRICT;
INSERT INTO mailing_address_new (mailing_address_id, lines, city, state, zip)
SELECT mailing_address_id, lines, city, state, zip FROM mailing_address;
DROP TABLE mailing_address;
ALTER TABLE mailing_address_new RENAME TO mailing_address;

-- situs_id counts the situs of one version: 1, 2, ...
CREATE TABLE situs_new (
    parcel_version_id INTEGER NOT NULL REFERENCES parcel_version,
    situs_id          INTEGER NOT NULL,
    row_no            INTEGER NOT NULL,
    situs_text        TEXT NOT NULL,
    standard_form     TEXT,
    city              TEXT,
    state             TEXT,
    zip               TEXT,
    PRIMARY KEY (parcel_version_id, situs_id)
) STRICT, WITHOUT ROWID;
INSERT INTO situs_new (parcel_version_id, situs_id, row_no, situs_text, standard_form, city, state, zip)
SELECT parcel_version_id, ROW_NUMBER() OVER (PARTITION BY parcel_version_id ORDER BY situs_id), row_no, situs_text,
       standard_form, city, state, zip
FROM situs;
DROP TABLE situs;
ALTER TABLE situs_new RENAME TO situs;

CREATE TABLE ownership_interval_new (
    ownership_interval_id INTEGER PRIMARY KEY,
    parcel_id          INTEGER NOT NULL REFERENCES parcel,
    owner_line_id      INTEGER NOT NULL REFERENCES owner_line,
    mailing_address_id INTEGER REFERENCES mailing_address,
    valid_from         TEXT NOT NULL,
    valid_to           TEXT,
    last_seen          TEXT NOT NULL,
    basis              TEXT NOT NULL CHECK (basis = 'roll' OR basis = 'sale' OR basis = 'deed' OR basis = 'treasurer'
                                            OR basis = 'probate' OR basis = 'staff'),
    transfer_kind      TEXT,
    deed_reference     TEXT,
    snapshot_id        INTEGER NOT NULL REFERENCES source_snapshot,
    row_no             INTEGER NOT NULL,
    recorded_at        TEXT NOT NULL,
    retracted_at       TEXT
) STRICT;
INSERT INTO ownership_interval_new
SELECT ownership_interval_id, parcel_id, owner_line_id, mailing_address_id, valid_from, valid_to, last_seen, basis,
       transfer_kind, deed_reference, snapshot_id, row_no, recorded_at, retracted_at
FROM ownership_interval;
DROP TABLE ownership_interval;
ALTER TABLE ownership_interval_new RENAME TO ownership_interval;
CREATE INDEX ownership_interval_parcel ON ownership_interval (parcel_id);
CREATE INDEX ownership_interval_owner ON ownership_interval (owner_line_id);

DROP INDEX parcel_version_parcel;

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
