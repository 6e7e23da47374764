-- What was erased, when and why, without any content. Rows are written in the transaction of the
-- erasure, and then copied to the ledger in the object store, which backups of the database do not
-- contain.
CREATE TABLE erasures (
    ledger_key text PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('recording', 'transcription', 'workspace', 'voice')),
    subject text NOT NULL,
    workspace_id text NOT NULL DEFAULT '',
    erased_at timestamptz NOT NULL,
    reason text NOT NULL,
    -- Whether the ledger has it. Expired recordings are only reported: their rule applies again.
    written boolean NOT NULL DEFAULT false,
    -- Whether it was found in the ledger of a restored system, and must be carried out again.
    replay_due boolean NOT NULL DEFAULT false
);

CREATE INDEX erasures_time ON erasures (erased_at DESC);
CREATE INDEX erasures_unwritten ON erasures (erased_at) WHERE NOT written;
CREATE INDEX erasures_replay ON erasures (erased_at) WHERE replay_due;

ALTER TABLE transcriptions
    -- Whether voiceprints may be kept for later recordings.
    ADD COLUMN voice_memory boolean NOT NULL DEFAULT true,
    -- When the owner was last warned that the transcription will be erased.
    ADD COLUMN expiry_warned_at timestamptz,
    -- From when its time without a transcript counts. For rows of earlier versions, the upgrade.
    ADD COLUMN kept_since timestamptz NOT NULL DEFAULT now();
