-- The manual research of a case, step by step. Results are only added: the newest of a step counts, and what was thought before
-- stays readable.

CREATE TABLE checklist_result (
    checklist_result_id INTEGER PRIMARY KEY,
    case_id     INTEGER NOT NULL REFERENCES case_file,
    step        TEXT NOT NULL,
    standing    TEXT NOT NULL CHECK (standing IN ('done', 'not_applicable', 'second_read', 'withdrawn')),
    result      TEXT NOT NULL,
    certainty   TEXT,
    evidence_id INTEGER REFERENCES evidence,
    done_on     TEXT NOT NULL,
    actor       TEXT NOT NULL,
    recorded_at TEXT NOT NULL
) STRICT;
CREATE INDEX checklist_result_case ON checklist_result (case_id, checklist_result_id);

CREATE TRIGGER checklist_result_no_update BEFORE UPDATE ON checklist_result
BEGIN SELECT RAISE(ABORT, 'results of the research are only added'); END;
CREATE TRIGGER checklist_result_no_delete BEFORE DELETE ON checklist_result
BEGIN SELECT RAISE(ABORT, 'results of the research are only added'); END;
