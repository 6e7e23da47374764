-- Time since the start of its job that a task waited for its worker to end a direct call. It is no
-- time of processing.
ALTER TABLE tasks ADD COLUMN queued_seconds double precision NOT NULL DEFAULT 0;

-- Bytes that an upload in progress may store. They count for the quota of its owner.
ALTER TABLE uploads ADD COLUMN reserved_bytes bigint NOT NULL DEFAULT 0;
