-- Casework by the day it happened, beside the instant at which it was keyed: every step with who took it and on what, the day of
-- service of a letter and the charges it named, the basis of liability apart from the basis of the party itself.

CREATE TABLE case_step (
    case_step_id INTEGER PRIMARY KEY,
    case_id     INTEGER NOT NULL REFERENCES case_file,
    from_status TEXT NOT NULL,
    to_status   TEXT NOT NULL,
    stepped_on  TEXT NOT NULL,
    actor       TEXT NOT NULL,
    role        TEXT NOT NULL,
    reason      TEXT NOT NULL,
    stated      TEXT NOT NULL,
    -- Newest visit, evidence and packet at the time: what came before a reopening does not serve the new round.
    inspection_mark INTEGER NOT NULL,
    evidence_mark   INTEGER NOT NULL,
    packet_mark     INTEGER NOT NULL
) STRICT;
CREATE INDEX case_step_case ON case_step (case_id);

ALTER TABLE case_party ADD COLUMN liability_basis TEXT NOT NULL DEFAULT '';

ALTER TABLE notice ADD COLUMN notice_no TEXT NOT NULL DEFAULT '';
ALTER TABLE notice ADD COLUMN balance_cents INTEGER NOT NULL DEFAULT 0;
-- Newest charge line that the letter names; a later charge makes the letter stale.
ALTER TABLE notice ADD COLUMN charge_line_id_max INTEGER NOT NULL DEFAULT 0;
ALTER TABLE notice ADD COLUMN is_example INTEGER NOT NULL DEFAULT 0;
ALTER TABLE notice_recipient ADD COLUMN served_on TEXT;

ALTER TABLE evidence ADD COLUMN added_on TEXT NOT NULL DEFAULT '';
ALTER TABLE custody_event ADD COLUMN handed_on TEXT NOT NULL DEFAULT '';
ALTER TABLE contact_note ADD COLUMN noted_on TEXT NOT NULL DEFAULT '';
ALTER TABLE sealed_packet ADD COLUMN sealed_on TEXT NOT NULL DEFAULT '';

CREATE INDEX hold_live ON hold (scope_kind, scope_key) WHERE released_on IS NULL;
CREATE INDEX case_file_open ON case_file (case_no) WHERE closed_on IS NULL;
CREATE INDEX case_file_violation ON case_file (violation_on);
