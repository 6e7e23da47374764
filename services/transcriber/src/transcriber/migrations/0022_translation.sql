-- Whether the text of a recording is its translation to English.
ALTER TABLE transcriptions ADD COLUMN translate boolean NOT NULL DEFAULT false;
