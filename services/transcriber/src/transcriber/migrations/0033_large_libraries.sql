-- The usual list of a workspace: the newest transcriptions outside of the trash, and their number.
CREATE INDEX transcriptions_listed ON transcriptions (workspace_id, id DESC)
    WHERE trashed_at IS NULL;

-- Deleting a transcription looks for all of its tasks. The index of ended ones alone made it read
-- the whole table.
CREATE INDEX tasks_transcription ON tasks (transcription_id, stage);
