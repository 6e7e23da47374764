-- Webhooks: addresses that events of a workspace are sent to, and the log of what was sent.

CREATE TABLE webhooks (
    webhook_id text PRIMARY KEY,
    workspace_id text NOT NULL,
    url text NOT NULL,
    description text NOT NULL,
    events text[] NOT NULL,
    -- Encrypted with a key derived from SECRET_KEY.
    secret bytea NOT NULL,
    -- Signs too, until it ends after a rotation.
    previous_secret bytea,
    previous_until timestamptz,
    active boolean NOT NULL DEFAULT true,
    -- Why it is not active, where nobody has paused it. For its owner.
    paused_reason text NOT NULL DEFAULT '',
    paused_at timestamptz,
    -- Failed attempts since the last success, and the time of the first of them.
    failures integer NOT NULL DEFAULT 0,
    failing_since timestamptz,
    -- The receiver asked for a pause until then.
    held_until timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

CREATE INDEX webhooks_workspace ON webhooks (workspace_id, created_at);

CREATE TABLE webhook_deliveries (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    delivery_id text NOT NULL UNIQUE,
    webhook_id text NOT NULL REFERENCES webhooks ON DELETE CASCADE,
    event_id text NOT NULL,
    event_type text NOT NULL,
    body text NOT NULL,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'failed')),
    -- Attempts in all, and those since it was last sent by a person.
    attempts integer NOT NULL DEFAULT 0,
    tries integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    -- When it came, or was last sent by a person, and its first attempt since then.
    queued_at timestamptz NOT NULL,
    first_attempt_at timestamptz,
    -- When the next attempt begins. An attempt in progress moves it behind its lease.
    due_at timestamptz,
    leased_until timestamptz,
    ended_at timestamptz,
    UNIQUE (webhook_id, event_id)
);

CREATE INDEX webhook_deliveries_due ON webhook_deliveries (webhook_id, due_at)
    WHERE due_at IS NOT NULL;
CREATE INDEX webhook_deliveries_leased ON webhook_deliveries (webhook_id)
    WHERE leased_until IS NOT NULL;
CREATE INDEX webhook_deliveries_log ON webhook_deliveries (webhook_id, number);
CREATE INDEX webhook_deliveries_age ON webhook_deliveries (ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE webhook_attempts (
    delivery_id text NOT NULL REFERENCES webhook_deliveries (delivery_id) ON DELETE CASCADE,
    attempt integer NOT NULL,
    started_at timestamptz NOT NULL,
    milliseconds integer NOT NULL,
    -- Null without an answer.
    status integer,
    -- Why it failed. Empty for a success.
    error text NOT NULL,
    -- The first characters of the answer.
    answer text NOT NULL,
    PRIMARY KEY (delivery_id, attempt)
);
