-- The last revision whose edited words have been measured in the sound, as far as that is possible.
ALTER TABLE transcriptions ADD COLUMN measured_revision integer NOT NULL DEFAULT 0;

CREATE INDEX transcriptions_unmeasured ON transcriptions (id)
    WHERE revision > measured_revision AND revision > machine_revision;
