-- Recordings that arrive while they are made. An acknowledged chunk has an object and a row.
CREATE TABLE captures (
    capture_id text PRIMARY KEY,
    workspace_id text NOT NULL,
    session_id text NOT NULL,
    origin text NOT NULL,
    request_id text,
    -- Reserved for the transcription, whose recording has this key.
    transcription_id bigint NOT NULL,
    source_key text NOT NULL,
    title text NOT NULL DEFAULT '',
    media_type text NOT NULL,
    -- Options of the transcription as they were checked at the creation.
    request jsonb NOT NULL,
    state text NOT NULL DEFAULT 'receiving'
        CHECK (state IN ('receiving', 'finishing', 'completed', 'rejected', 'discarded')),
    -- The first number without a chunk, and the number behind the highest chunk.
    next_chunk integer NOT NULL DEFAULT 0,
    chunks_end integer NOT NULL DEFAULT 0,
    stored_bytes bigint NOT NULL DEFAULT 0,
    -- Chunks that the client has made, and whether they are put together without the missing ones.
    chunk_count integer,
    allow_gaps boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    -- When the server finishes it by itself.
    idle_at timestamptz NOT NULL,
    ended_at timestamptz,
    -- Whether objects of the chunks are still to be removed.
    remains boolean NOT NULL DEFAULT true,
    -- Whether nobody sees it any more, and its row is being removed.
    given_up boolean NOT NULL DEFAULT false,
    result_id bigint REFERENCES transcriptions ON DELETE SET NULL,
    failure jsonb
);

CREATE INDEX captures_workspace ON captures (workspace_id, created_at DESC);
CREATE INDEX captures_origin ON captures (origin)
    WHERE origin <> '' AND state IN ('receiving', 'finishing');
CREATE INDEX captures_idle ON captures (idle_at);
CREATE INDEX captures_result ON captures (result_id);
CREATE UNIQUE INDEX captures_request ON captures (workspace_id, request_id) WHERE NOT given_up;

CREATE TABLE capture_chunks (
    capture_id text NOT NULL REFERENCES captures ON DELETE CASCADE,
    number integer NOT NULL,
    -- Whether it begins a media stream with a header of its own.
    starts_stream boolean NOT NULL,
    size_bytes integer NOT NULL CHECK (size_bytes > 0),
    sha256 bytea NOT NULL,
    object_key text NOT NULL,
    PRIMARY KEY (capture_id, number)
);
