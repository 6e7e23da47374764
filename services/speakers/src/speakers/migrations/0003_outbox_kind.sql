-- The outbox is the shared one now. It also has messages that no stream keeps.
ALTER TABLE outbox ADD COLUMN kind text NOT NULL DEFAULT 'kept'
    CHECK (kind IN ('kept', 'notice'));
