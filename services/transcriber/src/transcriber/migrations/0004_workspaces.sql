-- Rows belong to the workspace of the session that made them. `session_id` remains as the session
-- that did it. The trigger fills in the workspace for replicas of the version before: workspaces of
-- sessions that were never resumed have the id of their session.
CREATE FUNCTION own_by_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.workspace_id := coalesce(nullif(NEW.workspace_id, ''), NEW.session_id);
    RETURN NEW;
END
$$;

ALTER TABLE uploads ADD COLUMN workspace_id text NOT NULL DEFAULT '';
UPDATE uploads SET workspace_id = session_id;
CREATE TRIGGER uploads_owner BEFORE INSERT ON uploads
    FOR EACH ROW EXECUTE FUNCTION own_by_session();
CREATE INDEX uploads_workspace ON uploads (workspace_id);

ALTER TABLE transcriptions ADD COLUMN workspace_id text NOT NULL DEFAULT '';
UPDATE transcriptions SET workspace_id = session_id;
CREATE TRIGGER transcriptions_owner BEFORE INSERT ON transcriptions
    FOR EACH ROW EXECUTE FUNCTION own_by_session();
CREATE UNIQUE INDEX transcriptions_workspace_request ON transcriptions (workspace_id, request_id);
CREATE INDEX transcriptions_workspace ON transcriptions (workspace_id, id DESC);

ALTER TABLE jobs ADD COLUMN workspace_id text NOT NULL DEFAULT '';
UPDATE jobs SET workspace_id = session_id;
CREATE TRIGGER jobs_owner BEFORE INSERT ON jobs
    FOR EACH ROW EXECUTE FUNCTION own_by_session();
CREATE UNIQUE INDEX jobs_workspace_request ON jobs (workspace_id, request_id);
CREATE INDEX jobs_workspace ON jobs (workspace_id, id DESC);

ALTER TABLE deletions ADD COLUMN workspace_id text NOT NULL DEFAULT '';
UPDATE deletions SET workspace_id = session_id;
CREATE TRIGGER deletions_owner BEFORE INSERT ON deletions
    FOR EACH ROW EXECUTE FUNCTION own_by_session();
