-- Settings of workspaces that differ from those of the deployment. The stricter one of both holds, so
-- that a deployment may lower its limits later. Times are in seconds.
CREATE TABLE workspace_settings (
    workspace_id text PRIMARY KEY,
    processed_seconds double precision CHECK (processed_seconds >= 0),
    unprocessed_seconds double precision CHECK (unprocessed_seconds > 0),
    transcript_seconds double precision CHECK (transcript_seconds > 0),
    trash_seconds double precision CHECK (trash_seconds >= 0),
    voice_memory boolean,
    stored_bytes bigint CHECK (stored_bytes >= 0),
    queued_seconds double precision CHECK (queued_seconds >= 0),
    -- Share of the queue. 1 without a value.
    queue_weight double precision CHECK (queue_weight BETWEEN 0.1 AND 10),
    updated_at timestamptz NOT NULL DEFAULT now()
);
