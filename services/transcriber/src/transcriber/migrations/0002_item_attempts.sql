-- Attempts at background work are counted in one table for all steps now.
ALTER TABLE transcriptions DROP COLUMN names_attempts, DROP COLUMN clips_attempts;
ALTER TABLE deletions DROP COLUMN attempts;
