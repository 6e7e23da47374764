-- Encryption of what was stored before it was on, when an administrator asks for it.
ALTER TABLE encryption ADD COLUMN requested_at timestamptz;

-- `sealing`: encrypted copies are being made beside the plain objects, below `sealed/` in the names.
-- Only names with it are encrypted then.
ALTER TABLE data_keys
    DROP CONSTRAINT data_keys_state_check,
    DROP CONSTRAINT data_keys_check,
    DROP CONSTRAINT data_keys_check1,
    ADD CONSTRAINT data_keys_state CHECK (state IN ('plain', 'sealing', 'encrypted', 'erased')),
    ADD CONSTRAINT data_keys_wrapped
        CHECK ((state IN ('sealing', 'encrypted')) = (wrapped IS NOT NULL)),
    ADD CONSTRAINT data_keys_workspace_id
        CHECK (state NOT IN ('sealing', 'encrypted') OR workspace_id IS NOT NULL);

-- Plain objects that encrypted ones have replaced, until running reads of them have ended.
CREATE TABLE plain_leftovers (
    bucket text NOT NULL,
    key text NOT NULL,
    remove_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, key)
);
CREATE INDEX plain_leftovers_due ON plain_leftovers (remove_at);

-- Transcriptions with plain objects, and whether nothing works on them.
CREATE VIEW plain_transcriptions AS
SELECT t.id, t.source_key, t.size_bytes, t.source_deleted_at IS NULL AS has_source,
       t.status <> 'processing' AND t.clips_due_at IS NULL
       AND NOT EXISTS (SELECT FROM early_parts p WHERE p.transcription_id = t.id)
       AND NOT EXISTS (
           SELECT FROM jobs j
           WHERE j.transcription_id = t.id AND j.status IN ('queued', 'processing')) AS idle
FROM encryption e, transcriptions t
LEFT JOIN data_keys k ON k.transcription_id = t.id AND k.content = 'results'
WHERE k.state IN ('plain', 'sealing') OR (k.state IS NULL AND t.created_at < e.begins_at);
