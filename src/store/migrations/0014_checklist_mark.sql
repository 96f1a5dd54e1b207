-- The newest result of the research at each step of a case: what was looked up before a reopening is shown, but asked for again.

ALTER TABLE case_step ADD COLUMN checklist_mark INTEGER NOT NULL DEFAULT 0;
