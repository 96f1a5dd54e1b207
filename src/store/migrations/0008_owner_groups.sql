-- Parties and owner groups, stored: a question about one parcel must not read the whole roll, a group number must survive the
-- next roll, and merges and splits must be told. Everything here is computed from the roll and the decisions, except
-- owner_group, owner_group_event (history) and address_decision, suppression_owner (what people decided).

CREATE TABLE owner_reading (
    owner_line_id INTEGER PRIMARY KEY REFERENCES owner_line,
    kind          TEXT NOT NULL,
    flags         TEXT NOT NULL,
    rules         TEXT NOT NULL
) STRICT;

CREATE TABLE party (
    owner_line_id INTEGER NOT NULL REFERENCES owner_line,
    seq           INTEGER NOT NULL,
    kind          TEXT NOT NULL,
    role          TEXT NOT NULL,
    name          TEXT NOT NULL,
    surname       TEXT NOT NULL,
    given         TEXT NOT NULL,
    middle        TEXT NOT NULL,
    suffix        TEXT NOT NULL,
    share         TEXT,
    PRIMARY KEY (owner_line_id, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE owner_group (
    owner_group_id INTEGER PRIMARY KEY,
    first_seen     TEXT NOT NULL,
    merged_into    INTEGER REFERENCES owner_group
) STRICT;

CREATE TABLE owner_group_event (
    owner_group_event_id INTEGER PRIMARY KEY,
    at         TEXT NOT NULL,
    actor      TEXT NOT NULL,
    reason     TEXT NOT NULL,
    event      TEXT NOT NULL CHECK (event IN ('merged', 'split')),
    from_group INTEGER NOT NULL REFERENCES owner_group,
    into_group INTEGER NOT NULL REFERENCES owner_group
) STRICT;
CREATE INDEX owner_group_event_from ON owner_group_event (from_group);
CREATE INDEX owner_group_event_into ON owner_group_event (into_group);

-- An owner (distinct name) at a mailing address, what links are made of.
CREATE TABLE owner_node (
    owner_node_id  INTEGER PRIMARY KEY,
    name_key       TEXT NOT NULL,
    mail_key       TEXT NOT NULL,
    kind           TEXT NOT NULL,
    display        TEXT NOT NULL,
    n_parcels      INTEGER NOT NULL,
    evidence_parcel_id INTEGER NOT NULL,
    owner_group_id INTEGER NOT NULL REFERENCES owner_group
) STRICT;
CREATE UNIQUE INDEX owner_node_key ON owner_node (name_key, mail_key);
CREATE INDEX owner_node_group ON owner_node (owner_group_id);
CREATE INDEX owner_node_mail ON owner_node (mail_key);

CREATE TABLE owner_node_parcel (
    parcel_id     INTEGER PRIMARY KEY REFERENCES parcel,
    owner_node_id INTEGER NOT NULL REFERENCES owner_node
) STRICT;
CREATE INDEX owner_node_parcel_node ON owner_node_parcel (owner_node_id);

CREATE TABLE owner_link (
    a    INTEGER NOT NULL REFERENCES owner_node,
    b    INTEGER NOT NULL REFERENCES owner_node,
    rule TEXT NOT NULL,
    by_address INTEGER NOT NULL,
    PRIMARY KEY (a, b)
) STRICT, WITHOUT ROWID;
CREATE INDEX owner_link_b ON owner_link (b);

CREATE TABLE address_role (
    mail_key       TEXT PRIMARY KEY,
    role           TEXT NOT NULL,
    n_names        INTEGER NOT NULL,
    n_groups       INTEGER NOT NULL,
    n_families     INTEGER NOT NULL,
    n_associations INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE address_decision (
    address_decision_id INTEGER PRIMARY KEY,
    mail_key     TEXT NOT NULL,
    role         TEXT NOT NULL,
    reason       TEXT NOT NULL,
    decided_by   TEXT NOT NULL,
    decided_at   TEXT NOT NULL,
    withdrawn_at TEXT
) STRICT;
CREATE INDEX address_decision_mail ON address_decision (mail_key);

ALTER TABLE owner_decision ADD COLUMN name_key_a TEXT NOT NULL DEFAULT '';
ALTER TABLE owner_decision ADD COLUMN name_key_b TEXT NOT NULL DEFAULT '';

-- An order that protects a person covers every parcel on which the roll shows this owner line; each import adds rows to
-- `suppression` for parcels bought since, so that the view below every reader stays a small table.
CREATE TABLE suppression_owner (
    suppression_owner_id INTEGER PRIMARY KEY,
    owner_line_id INTEGER NOT NULL REFERENCES owner_line,
    basis       TEXT NOT NULL,
    order_ref   TEXT NOT NULL,
    from_date   TEXT NOT NULL,
    to_date     TEXT,
    entered_by  TEXT NOT NULL,
    entered_at  TEXT NOT NULL
) STRICT;
CREATE INDEX suppression_owner_line ON suppression_owner (owner_line_id);
