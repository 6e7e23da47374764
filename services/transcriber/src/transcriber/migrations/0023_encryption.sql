-- When encryption begins. What is older has no row in data_keys and stays plain. Replicas of the
-- version before cannot read encrypted objects, so a system in use gives them time to end.
CREATE TABLE encryption (
    sole boolean PRIMARY KEY DEFAULT true CHECK (sole),
    begins_at timestamptz NOT NULL
);
INSERT INTO encryption (begins_at)
SELECT now() + CASE
    WHEN EXISTS (SELECT 1 FROM transcriptions) OR EXISTS (SELECT 1 FROM uploads)
         OR EXISTS (SELECT 1 FROM resumable_uploads) OR EXISTS (SELECT 1 FROM captures)
    THEN interval '10 minutes' ELSE interval '0' END;

-- Keys of workspaces, each encrypted with the key of the deployment that has the name wrapped_by.
CREATE TABLE workspace_keys (
    workspace_id text PRIMARY KEY,
    wrapped bytea NOT NULL,
    wrapped_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX workspace_keys_wrapped_by ON workspace_keys (wrapped_by);

-- How the objects of a transcription are stored. It is decided before the first one and never
-- changes. A row that is gone has taken its objects with it.
CREATE TABLE data_keys (
    transcription_id bigint NOT NULL,
    content text NOT NULL CHECK (content IN ('recording', 'results')),
    state text NOT NULL CHECK (state IN ('plain', 'encrypted', 'erased')),
    workspace_id text REFERENCES workspace_keys ON DELETE CASCADE,
    -- Encrypted with the key of the workspace.
    wrapped bytea,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (transcription_id, content),
    CHECK ((state = 'encrypted') = (wrapped IS NOT NULL)),
    CHECK (state <> 'encrypted' OR workspace_id IS NOT NULL)
);
CREATE INDEX data_keys_workspace ON data_keys (workspace_id);
