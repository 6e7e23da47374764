-- Uploads in pieces. An acknowledged byte is in a part of the multipart upload, in an object of the
-- tail, or in the whole object, and the row says so.
CREATE TABLE resumable_uploads (
    upload_id text PRIMARY KEY,
    workspace_id text NOT NULL,
    session_id text NOT NULL,
    origin text NOT NULL,
    request_id text,
    -- Reserved for the transcription, whose recording has this key.
    transcription_id bigint NOT NULL,
    source_key text NOT NULL,
    filename text NOT NULL,
    size_bytes bigint NOT NULL CHECK (size_bytes > 0),
    -- Options of the upload as they were checked at its creation.
    request jsonb NOT NULL,
    client_metadata text NOT NULL DEFAULT '',
    state text NOT NULL DEFAULT 'receiving'
        CHECK (state IN ('receiving', 'completed', 'rejected')),
    offset_bytes bigint NOT NULL DEFAULT 0,
    -- Where the last append began, so that it can be repeated.
    last_offset bigint NOT NULL DEFAULT 0,
    multipart_id text NOT NULL DEFAULT '',
    -- Entity tags of the parts in order.
    parts text[] NOT NULL DEFAULT '{}',
    -- [[key, size], ...] of bytes that do not fill a part yet.
    tail jsonb NOT NULL DEFAULT '[]',
    -- Whether the object is whole.
    assembled boolean NOT NULL DEFAULT false,
    -- Who may append. A lease ends when no bytes arrive for some seconds.
    lease text NOT NULL DEFAULT '',
    leased_until timestamptz NOT NULL DEFAULT 'epoch',
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    -- Whether it can no longer succeed and its bytes are being removed.
    given_up boolean NOT NULL DEFAULT false,
    result_id bigint REFERENCES transcriptions ON DELETE CASCADE,
    failure jsonb,
    -- Whether bytes of a refused file are still to be removed.
    remains boolean NOT NULL DEFAULT false
);

CREATE INDEX resumable_uploads_workspace ON resumable_uploads (workspace_id, created_at DESC);
CREATE INDEX resumable_uploads_origin ON resumable_uploads (origin)
    WHERE origin <> '' AND state = 'receiving';
CREATE INDEX resumable_uploads_expiry ON resumable_uploads (expires_at);
CREATE INDEX resumable_uploads_result ON resumable_uploads (result_id);
CREATE UNIQUE INDEX resumable_uploads_request ON resumable_uploads (workspace_id, request_id)
    WHERE NOT given_up;

-- Content of recordings, to find those that the owner has uploaded before.
CREATE TABLE recording_digests (
    transcription_id bigint PRIMARY KEY REFERENCES transcriptions ON DELETE CASCADE,
    sha256 text NOT NULL
);

CREATE INDEX recording_digests_content ON recording_digests (sha256);
