-- Text of long recordings that are being processed, a row per part in order. It is removed when the
-- job ends.
CREATE TABLE partial_transcripts (
    job_id text NOT NULL REFERENCES jobs (job_id) ON DELETE CASCADE,
    part integer NOT NULL,
    -- The text is there up to this second.
    covered double precision NOT NULL,
    -- [[start, end, text, language, channel], ...]
    segments jsonb NOT NULL,
    PRIMARY KEY (job_id, part)
);
