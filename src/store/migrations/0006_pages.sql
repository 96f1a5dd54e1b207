-- Values read from assessor pages, one person's question at a time. They stand beside the roll and never replace its rows:
-- each points to the kept response it came from and to the element on the page.

CREATE TABLE page_refresh (
    page_refresh_id INTEGER PRIMARY KEY,
    parcel_id       INTEGER NOT NULL REFERENCES parcel,
    snapshot_id     INTEGER NOT NULL REFERENCES source_snapshot,
    profile         TEXT NOT NULL,
    profile_sha256  TEXT NOT NULL,
    url             TEXT NOT NULL,
    sha256          TEXT NOT NULL,
    charset         TEXT NOT NULL,
    received_at     TEXT NOT NULL,
    actor           TEXT NOT NULL
) STRICT;
CREATE INDEX page_refresh_parcel ON page_refresh (parcel_id, page_refresh_id);

CREATE TABLE page_value (
    page_refresh_id INTEGER NOT NULL REFERENCES page_refresh,
    field           TEXT NOT NULL,
    row_no          INTEGER NOT NULL,
    value           TEXT NOT NULL,
    selector_path   TEXT NOT NULL,
    rule            TEXT NOT NULL,
    PRIMARY KEY (page_refresh_id, field, row_no)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER page_value_no_update BEFORE UPDATE ON page_value
BEGIN SELECT RAISE(ABORT, 'values read from a page are never changed'); END;
CREATE TRIGGER page_value_no_delete BEFORE DELETE ON page_value
BEGIN SELECT RAISE(ABORT, 'values read from a page are never deleted'); END;

-- Every reader of page values goes through this view: of a parcel withheld by law only the key and the situs are shown.
CREATE VIEW page_value_shown AS
SELECT v.page_refresh_id, v.field, v.row_no, v.selector_path, v.rule,
       CASE WHEN w.parcel_id IS NULL OR v.field IN ('parcel_no', 'account_no', 'situs_address', 'situs_city')
            THEN v.value ELSE 'withheld by law: ask supervisor' END AS value
FROM page_value v
JOIN page_refresh r ON r.page_refresh_id = v.page_refresh_id
LEFT JOIN parcel_withheld w ON w.parcel_id = r.parcel_id;
