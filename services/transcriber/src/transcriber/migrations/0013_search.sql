-- The index of the search. Transcripts made before are indexed in the background.
ALTER TABLE transcriptions
    -- The revision and the transcript that search_segments holds. While they differ from the
    -- newest ones, indexing is due.
    ADD COLUMN search_revision integer NOT NULL DEFAULT 0,
    ADD COLUMN search_at timestamptz;

CREATE INDEX transcriptions_search_due ON transcriptions (workspace_id, id)
    WHERE search_revision <> revision OR search_at IS DISTINCT FROM transcript_at;

-- What can be found: segments of the current revision, titles, names of speakers, and notes.
CREATE TABLE search_segments (
    -- Fixes the pages of a search. It stays when the text changes.
    id bigint GENERATED ALWAYS AS IDENTITY,
    transcription_id bigint NOT NULL REFERENCES transcriptions ON DELETE CASCADE,
    -- The segment's identifier, or `@title`, `@speaker:LABEL`, `@note:ID`.
    item text NOT NULL,
    workspace_id text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('segment', 'title', 'speaker', 'note')),
    label text NOT NULL,
    start_seconds double precision NOT NULL,
    language text NOT NULL,
    text text NOT NULL,
    -- The words between single blanks, without differences of case and of accents.
    plain text NOT NULL,
    -- Numbers of words, stems and parts of words. They depend on the workspace, so that the index
    -- finds no rows of others.
    keys integer[] NOT NULL,
    PRIMARY KEY (transcription_id, item)
);

CREATE UNIQUE INDEX search_segments_id ON search_segments (id);
CREATE INDEX search_segments_workspace ON search_segments (workspace_id, id);
-- Without a list of pending entries, whose merge would delay an edit.
CREATE INDEX search_segments_keys ON search_segments USING gin (keys) WITH (fastupdate = off);

-- Apart from the texts, so that a comparison with all vectors of a workspace reads little else.
CREATE TABLE search_embeddings (
    segment_id bigint PRIMARY KEY REFERENCES search_segments (id) ON DELETE CASCADE,
    workspace_id text NOT NULL,
    transcription_id bigint NOT NULL,
    embedding halfvec(384) NOT NULL
);

CREATE INDEX search_embeddings_workspace ON search_embeddings (workspace_id);

-- Texts without an embedding, to be made in the background.
CREATE TABLE search_unembedded (
    segment_id bigint PRIMARY KEY REFERENCES search_segments (id) ON DELETE CASCADE,
    workspace_id text NOT NULL,
    transcription_id bigint NOT NULL
);

CREATE INDEX search_unembedded_workspace ON search_unembedded (workspace_id);
CREATE INDEX search_unembedded_transcription ON search_unembedded (transcription_id, segment_id);
