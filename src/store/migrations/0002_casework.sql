-- Casework: cases with their evidence, money and letters, holds and notes, removal orders, frozen lists and what crews returned.
-- Money is integer cents; days are civil dates; at most one open case per premise and violation is enforced here as well.

CREATE TABLE public_series (
    prefix  TEXT NOT NULL,
    year    INTEGER NOT NULL,
    last_no INTEGER NOT NULL,
    PRIMARY KEY (prefix, year)
) STRICT, WITHOUT ROWID;

CREATE TABLE case_file (
    case_id        INTEGER PRIMARY KEY,
    case_no        TEXT NOT NULL UNIQUE,
    status         TEXT NOT NULL,
    violation_type TEXT,
    premise_id     INTEGER REFERENCES premise,
    parcel_id      INTEGER REFERENCES parcel,
    place          TEXT NOT NULL,
    customer_class TEXT NOT NULL,
    violation_on   TEXT NOT NULL,
    opened_on      TEXT NOT NULL,
    assigned_to    TEXT,
    hazards        TEXT,
    is_hazard      INTEGER NOT NULL DEFAULT 0,
    is_owner_research INTEGER NOT NULL DEFAULT 0,
    condition_removed_on TEXT,
    use_from       TEXT,
    use_to         TEXT,
    use_basis      TEXT,
    estimate_json  TEXT,
    offense_no     INTEGER,
    closed_on      TEXT,
    row_version    INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE UNIQUE INDEX case_file_one_open ON case_file (premise_id, violation_type)
    WHERE closed_on IS NULL AND premise_id IS NOT NULL AND violation_type IS NOT NULL;
CREATE INDEX case_file_status ON case_file (status, case_no);
CREATE INDEX case_file_premise ON case_file (premise_id);
CREATE INDEX case_file_parcel ON case_file (parcel_id);

CREATE TABLE case_source (
    case_source_id INTEGER PRIMARY KEY,
    case_id   INTEGER NOT NULL REFERENCES case_file,
    reference TEXT NOT NULL,
    added_on  TEXT NOT NULL
) STRICT;
CREATE INDEX case_source_case ON case_source (case_id);

CREATE TABLE case_party (
    case_party_id INTEGER PRIMARY KEY,
    case_id   INTEGER NOT NULL REFERENCES case_file,
    role      TEXT NOT NULL,
    name      TEXT NOT NULL,
    mailing   TEXT,
    basis     TEXT NOT NULL,
    is_liable INTEGER NOT NULL DEFAULT 0,
    is_innocent_successor INTEGER NOT NULL DEFAULT 0,
    UNIQUE (case_id, role, name)
) STRICT;

CREATE TABLE inspection (
    inspection_id INTEGER PRIMARY KEY,
    case_id       INTEGER NOT NULL REFERENCES case_file,
    inspected_at  TEXT NOT NULL,
    inspector     TEXT NOT NULL,
    finding       TEXT NOT NULL,
    indicators    TEXT NOT NULL,
    meter_no_seen TEXT,
    reading_seen  INTEGER,
    is_meter_absent INTEGER NOT NULL DEFAULT 0,
    narrative     TEXT NOT NULL
) STRICT;
CREATE INDEX inspection_case ON inspection (case_id);

CREATE TABLE evidence (
    evidence_id   INTEGER PRIMARY KEY,
    evidence_no   TEXT NOT NULL UNIQUE,
    case_id       INTEGER NOT NULL REFERENCES case_file,
    kind          TEXT NOT NULL,
    sha256        TEXT NOT NULL,
    byte_len      INTEGER NOT NULL,
    mime          TEXT NOT NULL,
    original_name TEXT NOT NULL,
    captured_at   TEXT,
    lon           REAL,
    lat           REAL,
    warnings      TEXT NOT NULL,
    added_at      TEXT NOT NULL,
    UNIQUE (case_id, sha256)
) STRICT;
CREATE INDEX evidence_sha256 ON evidence (sha256);

CREATE TABLE custody_event (
    custody_event_id INTEGER PRIMARY KEY,
    evidence_id INTEGER NOT NULL REFERENCES evidence,
    at          TEXT NOT NULL,
    from_person TEXT NOT NULL,
    to_person   TEXT NOT NULL,
    purpose     TEXT NOT NULL
) STRICT;
CREATE INDEX custody_event_evidence ON custody_event (evidence_id);

CREATE TABLE charge_line (
    charge_line_id INTEGER PRIMARY KEY,
    case_id      INTEGER NOT NULL REFERENCES case_file,
    fee_code     TEXT NOT NULL,
    label        TEXT NOT NULL,
    authority    TEXT NOT NULL,
    amount_cents INTEGER NOT NULL,
    method       TEXT NOT NULL,
    posted_on    TEXT NOT NULL,
    voided_on    TEXT
) STRICT;
CREATE INDEX charge_line_case ON charge_line (case_id);

CREATE TABLE payment (
    payment_id   INTEGER PRIMARY KEY,
    case_id      INTEGER NOT NULL REFERENCES case_file,
    received_on  TEXT NOT NULL,
    amount_cents INTEGER NOT NULL,
    reference    TEXT NOT NULL,
    UNIQUE (case_id, reference)
) STRICT;

CREATE TABLE payment_plan (
    payment_plan_id INTEGER PRIMARY KEY,
    case_id       INTEGER NOT NULL REFERENCES case_file,
    made_on       TEXT NOT NULL,
    paid_before_cents INTEGER NOT NULL,
    superseded_on TEXT
) STRICT;
CREATE INDEX payment_plan_case ON payment_plan (case_id);

CREATE TABLE plan_instalment (
    payment_plan_id INTEGER NOT NULL REFERENCES payment_plan,
    seq          INTEGER NOT NULL,
    due_on       TEXT NOT NULL,
    amount_cents INTEGER NOT NULL,
    PRIMARY KEY (payment_plan_id, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE notice (
    notice_id    INTEGER PRIMARY KEY,
    case_id      INTEGER NOT NULL REFERENCES case_file,
    template     TEXT NOT NULL,
    sha256       TEXT NOT NULL,
    body         TEXT NOT NULL,
    issued_on    TEXT NOT NULL,
    respond_by   TEXT NOT NULL,
    has_dispute_text INTEGER NOT NULL
) STRICT;
CREATE INDEX notice_case ON notice (case_id);

CREATE TABLE notice_recipient (
    notice_id    INTEGER NOT NULL REFERENCES notice,
    address_kind TEXT NOT NULL,
    address      TEXT NOT NULL,
    proof        TEXT,
    outcome      TEXT,
    PRIMARY KEY (notice_id, address_kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE hold (
    hold_id     INTEGER PRIMARY KEY,
    scope_kind  TEXT NOT NULL CHECK (scope_kind IN ('case', 'premise', 'tap', 'order')),
    scope_key   TEXT NOT NULL,
    hold_type   TEXT NOT NULL,
    from_on     TEXT NOT NULL,
    review_on   TEXT NOT NULL,
    released_on TEXT,
    basis       TEXT NOT NULL
) STRICT;
CREATE INDEX hold_scope ON hold (scope_kind, scope_key);

CREATE TABLE contact_note (
    contact_note_id INTEGER PRIMARY KEY,
    scope_kind TEXT NOT NULL,
    scope_key  TEXT NOT NULL,
    noted_at   TEXT NOT NULL,
    author     TEXT NOT NULL,
    role       TEXT NOT NULL,
    note_kind  TEXT NOT NULL,
    note       TEXT NOT NULL
) STRICT;
CREATE INDEX contact_note_scope ON contact_note (scope_kind, scope_key);

CREATE TABLE sealed_packet (
    sealed_packet_id INTEGER PRIMARY KEY,
    case_id INTEGER NOT NULL REFERENCES case_file,
    sha256  TEXT NOT NULL,
    made_at TEXT NOT NULL
) STRICT;
CREATE INDEX sealed_packet_case ON sealed_packet (case_id);

CREATE TABLE removal_order (
    removal_order_id INTEGER PRIMARY KEY,
    order_no    TEXT NOT NULL UNIQUE,
    tap_id      INTEGER NOT NULL REFERENCES tap,
    case_id     INTEGER REFERENCES case_file,
    reason      TEXT NOT NULL,
    basis       TEXT,
    status      TEXT NOT NULL,
    priority    INTEGER NOT NULL,
    due_on      TEXT,
    n_premises_confirmed INTEGER,
    fire_service INTEGER,
    method      TEXT,
    charge_to   TEXT,
    safety      TEXT NOT NULL DEFAULT '',
    result_json TEXT NOT NULL DEFAULT '{}',
    cost_cents  INTEGER,
    restoration TEXT,
    row_version INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE INDEX removal_order_status ON removal_order (status, order_no);
CREATE INDEX removal_order_tap ON removal_order (tap_id);
CREATE INDEX removal_order_case ON removal_order (case_id);

CREATE TABLE locate_ticket (
    locate_ticket_id INTEGER PRIMARY KEY,
    removal_order_id INTEGER NOT NULL REFERENCES removal_order,
    ticket_no   TEXT NOT NULL,
    legal_start TEXT NOT NULL,
    expires_on  TEXT NOT NULL,
    work_area   TEXT NOT NULL,
    is_clear    INTEGER NOT NULL,
    CHECK (expires_on >= legal_start)
) STRICT;
CREATE INDEX locate_ticket_order ON locate_ticket (removal_order_id);

-- kind 'removal' digs up taps, kind 'refuse' pulls containers; both freeze and merge alike.
CREATE TABLE removal_list (
    removal_list_id INTEGER PRIMARY KEY,
    list_no   TEXT NOT NULL,
    version   INTEGER NOT NULL,
    list_kind TEXT NOT NULL DEFAULT 'removal',
    crew      TEXT NOT NULL DEFAULT '',
    work_on   TEXT,
    frozen_at TEXT,
    content_sha256 TEXT,
    length_ft REAL,
    is_closed INTEGER NOT NULL DEFAULT 0,
    UNIQUE (list_no, version)
) STRICT;

CREATE TABLE removal_stop (
    stop_uuid       TEXT PRIMARY KEY,
    removal_list_id INTEGER NOT NULL REFERENCES removal_list,
    seq             INTEGER NOT NULL,
    order_no        TEXT NOT NULL,
    base_version    INTEGER NOT NULL,
    lon             REAL,
    lat             REAL,
    facts_json      TEXT NOT NULL,
    result_status   TEXT NOT NULL DEFAULT 'open',
    UNIQUE (removal_list_id, order_no)
) STRICT;
CREATE INDEX removal_stop_order ON removal_stop (order_no);

CREATE TABLE field_result (
    field_result_id TEXT NOT NULL,
    content_sha256  TEXT NOT NULL,
    stop_uuid       TEXT NOT NULL REFERENCES removal_stop,
    base_version    INTEGER NOT NULL,
    fields_json     TEXT NOT NULL,
    merge_status    TEXT NOT NULL CHECK (merge_status IN ('applied', 'conflict', 'refused')),
    PRIMARY KEY (field_result_id, content_sha256)
) STRICT, WITHOUT ROWID;
CREATE INDEX field_result_stop ON field_result (stop_uuid);

-- Rows for the lead service line inventory: a killed tap leaves it.
CREATE TABLE inventory_change (
    inventory_change_id INTEGER PRIMARY KEY,
    tap_no      TEXT NOT NULL,
    order_no    TEXT NOT NULL,
    changed_on  TEXT NOT NULL,
    change_kind TEXT NOT NULL,
    service_material TEXT
) STRICT;
