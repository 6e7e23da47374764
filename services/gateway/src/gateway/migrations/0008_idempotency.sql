-- Requests with an idempotency key, and their answers. Of keys, only hashes are stored.
CREATE TABLE idempotent_requests (
    workspace_id text NOT NULL,
    key_sha256 text NOT NULL,
    -- Hash of the request that the key belongs to.
    fingerprint text NOT NULL,
    -- Key of the request in calls of other services. It stays the same when the request is repeated.
    request_id text NOT NULL,
    -- The attempt that carries the request out until `leased_until`. Null if none does.
    attempt uuid,
    leased_until timestamptz NOT NULL,
    -- Null until the request was carried out.
    status smallint,
    headers jsonb NOT NULL DEFAULT '[]',
    -- Null if the answer is not kept.
    body bytea,
    content text NOT NULL DEFAULT '',
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, key_sha256)
);
CREATE INDEX idempotent_requests_age ON idempotent_requests (expires_at);
