-- Earlier machine versions of transcripts. `transcript_batches` has the edits that were made on them.
CREATE TABLE machine_versions (
    transcription_id bigint NOT NULL REFERENCES transcriptions ON DELETE CASCADE,
    -- The revision that stored it.
    revision integer NOT NULL,
    transcript_at timestamptz NOT NULL,
    -- Segments with words as compressed JSON.
    content bytea NOT NULL,
    -- Labels of the same voices in the version behind it, by its own.
    labels jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (transcription_id, revision)
);

-- The revision that a batch repeats on a new machine version, 0 for none.
ALTER TABLE transcript_batches ADD COLUMN source integer NOT NULL DEFAULT 0;

CREATE INDEX transcript_batches_source ON transcript_batches (transcription_id, source)
    WHERE source > 0;

-- Edits that a new machine version contradicts, or that have no place in it.
CREATE TABLE transcript_conflicts (
    transcription_id bigint NOT NULL REFERENCES transcriptions ON DELETE CASCADE,
    conflict_id bigint GENERATED ALWAYS AS IDENTITY,
    -- The new machine version, and the newest revision after the edits were repeated on it.
    machine_revision integer NOT NULL,
    revision integer NOT NULL,
    -- The revision of the edit, and its author.
    source integer NOT NULL,
    author text NOT NULL,
    kind text NOT NULL,
    was text NOT NULL,
    mine text NOT NULL,
    machine text NOT NULL,
    start_seconds double precision NOT NULL,
    end_seconds double precision NOT NULL,
    -- Whether the person's text is in the transcript.
    placed boolean NOT NULL,
    -- Words of the person, and those of the new version in their place.
    written text[] NOT NULL,
    heard text[] NOT NULL,
    -- `mine` or `machine`, empty while it is open.
    resolved text NOT NULL DEFAULT '',
    resolved_at timestamptz,
    PRIMARY KEY (transcription_id, conflict_id)
);
