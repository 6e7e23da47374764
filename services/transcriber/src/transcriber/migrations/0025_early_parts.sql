-- First parts of recordings that are recognized while the rest is still being uploaded. The job of
-- the transcription takes its part over, if the whole recording allows it.
CREATE TABLE early_parts (
    -- Reserved for the transcription by its upload.
    transcription_id bigint PRIMARY KEY,
    workspace_id text NOT NULL,
    -- Both become those of the task and the job that take the part over.
    task_id uuid NOT NULL UNIQUE,
    job_id text NOT NULL,
    options jsonb NOT NULL,
    -- The beginning of the file, as an object of its own.
    audio_key text NOT NULL,
    result_key text NOT NULL,
    -- Digest of the sound that the worker hears.
    sound text NOT NULL,
    -- 'preparing' is before the object of the beginning, and 'ended' is without a result.
    state text NOT NULL DEFAULT 'preparing'
        CHECK (state IN ('preparing', 'released', 'done', 'ended')),
    busy_seconds double precision NOT NULL DEFAULT 0,
    stream_sequence bigint,
    created_at timestamptz NOT NULL DEFAULT now(),
    -- Whether a job has taken it over.
    adopted boolean NOT NULL DEFAULT false,
    -- Whether it is not wanted any more, and when the worker was told so.
    dropped boolean NOT NULL DEFAULT false,
    withdrawn_at timestamptz
);
