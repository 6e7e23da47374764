CREATE TABLE sessions (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    session_id text NOT NULL UNIQUE,
    -- Only the hash is kept: who reads the table cannot act for anybody.
    token_sha256 text NOT NULL UNIQUE,
    user_identifier text NOT NULL DEFAULT '',
    user_agent text NOT NULL DEFAULT '',
    ip_address text NOT NULL DEFAULT '',
    authenticated boolean NOT NULL DEFAULT false,
    preferences jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL,
    last_accessed_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz
);

CREATE INDEX sessions_expiry ON sessions (expires_at);
CREATE INDEX sessions_revoked ON sessions (revoked_at) WHERE revoked_at IS NOT NULL;

-- Which session an idempotency key made. The token itself is not here: it is derived anew from the
-- salt, the key as the caller repeats it, and the deployment's secret.
CREATE TABLE session_requests (
    key_sha256 text PRIMARY KEY,
    session_id text NOT NULL REFERENCES sessions (session_id) ON DELETE CASCADE
        DEFERRABLE INITIALLY DEFERRED,
    salt text NOT NULL,
    expires_at timestamptz NOT NULL
);

CREATE INDEX session_requests_expiry ON session_requests (expires_at);

-- Languages named in an upload after its file, for recordings that are started later.
CREATE TABLE upload_languages (
    transcription_id bigint PRIMARY KEY,
    session_id text NOT NULL REFERENCES sessions (session_id) ON DELETE CASCADE,
    language text NOT NULL
);

CREATE INDEX upload_languages_session ON upload_languages (session_id);
