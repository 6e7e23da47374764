-- Names of speakers as edits. The register `name` of a speaker has its value in the columns that
-- were there before, and its stamp in `stamps`.
ALTER TABLE transcriptions
    -- Counts how often decisions were due, so that only the newest ones are settled.
    ADD COLUMN decisions_asked bigint NOT NULL DEFAULT 0;

-- `names` batches follow profiles and suggestions. `machine` ones are new machine versions.
ALTER TABLE transcript_batches DROP CONSTRAINT IF EXISTS transcript_batches_kind_check;
ALTER TABLE transcript_batches ADD CONSTRAINT transcript_batches_kind_check
    CHECK (kind IN ('edit', 'undo', 'redo', 'names', 'machine'));
