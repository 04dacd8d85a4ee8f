-- What became of the Publisher messages of a session's scripts, as JSON.

ALTER TABLE session ADD COLUMN publisher TEXT NOT NULL DEFAULT '{"received":0,"lost":0,"not_kept":0}';
