-- Network from which a recording was uploaded, as a keyed hash. Empty if it is not known, and once
-- the recording has been erased.
ALTER TABLE transcriptions ADD COLUMN origin text NOT NULL DEFAULT '';

CREATE INDEX transcriptions_origin ON transcriptions (origin)
    WHERE origin <> '' AND source_deleted_at IS NULL;
CREATE INDEX jobs_origin ON jobs (origin) WHERE origin <> '' AND status = 'queued';
