-- Computed owners, shaped for writing a whole roll: one row per owner line instead of one per party, a node names the owner line
-- that is shown for it instead of repeating it, and the index by name key holds no mail key (few names have several addresses).

CREATE TABLE owner_reading_new (
    owner_line_id INTEGER PRIMARY KEY REFERENCES owner_line,
    kind          TEXT NOT NULL,
    flags         TEXT NOT NULL,
    rules         TEXT NOT NULL,
    -- JSON: [[kind, role, name, surname, given, middle, suffix, share], ...] in the order of the line
    parties       TEXT NOT NULL
) STRICT;
INSERT INTO owner_reading_new (owner_line_id, kind, flags, rules, parties)
SELECT r.owner_line_id, r.kind, r.flags, r.rules,
       (SELECT json_group_array(json_array(p.kind, p.role, p.name, p.surname, p.given, p.middle, p.suffix, p.share))
        FROM (SELECT * FROM party WHERE owner_line_id = r.owner_line_id ORDER BY seq) p)
FROM owner_reading r;
DROP TABLE party;
DROP TABLE owner_reading;
ALTER TABLE owner_reading_new RENAME TO owner_reading;

CREATE TABLE owner_node_new (
    owner_node_id  INTEGER PRIMARY KEY,
    name_key       TEXT NOT NULL,
    mail_key       TEXT NOT NULL,
    kind           TEXT NOT NULL,
    owner_line_id  INTEGER NOT NULL REFERENCES owner_line,
    n_parcels      INTEGER NOT NULL,
    evidence_parcel_id INTEGER NOT NULL,
    owner_group_id INTEGER NOT NULL REFERENCES owner_group
) STRICT;
INSERT INTO owner_node_new
SELECT n.owner_node_id, n.name_key, n.mail_key, n.kind, v.owner_line_id, n.n_parcels, n.evidence_parcel_id, n.owner_group_id
FROM owner_node n
JOIN parcel p ON p.parcel_id = n.evidence_parcel_id
JOIN parcel_version v ON v.parcel_version_id = p.current_version_id
WHERE v.owner_line_id IS NOT NULL AND n.display <> 'withheld by law: ask supervisor';
DELETE FROM owner_node_parcel WHERE owner_node_id NOT IN (SELECT owner_node_id FROM owner_node_new);
DELETE FROM owner_link
WHERE a NOT IN (SELECT owner_node_id FROM owner_node_new) OR b NOT IN (SELECT owner_node_id FROM owner_node_new);
DROP TABLE owner_node;
ALTER TABLE owner_node_new RENAME TO owner_node;
CREATE INDEX owner_node_name ON owner_node (name_key);
CREATE INDEX owner_node_group ON owner_node (owner_group_id);
CREATE INDEX owner_node_mail ON owner_node (mail_key);
