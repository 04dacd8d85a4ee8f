-- How much of what a session's scripts reported did not fit into its data and files.

ALTER TABLE session ADD COLUMN not_kept BIGINT NOT NULL DEFAULT 0;
