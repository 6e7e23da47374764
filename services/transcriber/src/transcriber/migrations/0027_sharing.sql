-- Transcriptions shared with users and workspaces, who are known to the gateway only.
CREATE TABLE shares (
    share_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    transcription_id bigint NOT NULL REFERENCES transcriptions ON DELETE CASCADE,
    -- One of them is empty.
    user_id text NOT NULL,
    workspace_id text NOT NULL,
    role text NOT NULL CHECK (role IN ('viewer', 'commenter', 'editor')),
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (transcription_id, user_id, workspace_id),
    CHECK ((user_id = '') <> (workspace_id = ''))
);

CREATE INDEX shares_user ON shares (user_id) WHERE user_id <> '';
CREATE INDEX shares_workspace ON shares (workspace_id) WHERE workspace_id <> '';

-- Links to transcriptions. Whoever opens one may read and export.
CREATE TABLE links (
    link_id text PRIMARY KEY,
    transcription_id bigint NOT NULL REFERENCES transcriptions ON DELETE CASCADE,
    token_sha256 text NOT NULL UNIQUE,
    name text NOT NULL,
    -- argon2id, null without a password.
    password_hash text,
    without_audio boolean NOT NULL,
    -- Null for a link that lasts.
    expires_at timestamptz,
    revoked_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX links_transcription ON links (transcription_id);

-- Attempts to open a link, the last ones of each.
CREATE TABLE link_uses (
    use_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    link_id text NOT NULL REFERENCES links ON DELETE CASCADE,
    used_at timestamptz NOT NULL DEFAULT now(),
    address text NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('opened', 'wrong_password', 'too_late', 'too_many')),
    -- When the visit that it began is over at the latest.
    visit_ends_at timestamptz
);

CREATE INDEX link_uses_link ON link_uses (link_id, use_id);

-- Failures of the last minutes, by network and by link. Those with a token that does not exist have
-- no link.
CREATE TABLE link_failures (
    network text NOT NULL,
    link_id text,
    failed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE INDEX link_failures_network ON link_failures (network);
CREATE INDEX link_failures_link ON link_failures (link_id) WHERE link_id IS NOT NULL;
CREATE INDEX link_failures_time ON link_failures (failed_at);
