-- What a city knows better than the roll: other names of its streets, and weights fitted to its own reviews. Nothing is deleted:
-- an alias is retired, a weight table is superseded, so that an old link can still be explained.

CREATE TABLE street_alias (
    street_alias_id INTEGER PRIMARY KEY,
    written     TEXT NOT NULL,
    county      TEXT NOT NULL,
    reason      TEXT NOT NULL,
    added_by    TEXT NOT NULL,
    added_at    TEXT NOT NULL,
    retired_at  TEXT
) STRICT;
CREATE UNIQUE INDEX street_alias_current ON street_alias (written, county) WHERE retired_at IS NULL;

CREATE TABLE match_weights (
    match_weights_id INTEGER PRIMARY KEY,
    version     TEXT NOT NULL,
    weights     TEXT NOT NULL,
    reason      TEXT NOT NULL,
    made_by     TEXT NOT NULL,
    made_at     TEXT NOT NULL,
    is_current  INTEGER NOT NULL CHECK (is_current IN (0, 1))
) STRICT;
CREATE UNIQUE INDEX match_weights_current ON match_weights (is_current) WHERE is_current = 1;
