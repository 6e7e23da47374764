-- Rows belong to the workspace that they were learned for, empty when a service acted for none.
-- Profiles belong to the deployment. The trigger fills in the workspace for replicas of the version
-- before: workspaces of sessions that were never resumed have the id of their session.
CREATE FUNCTION own_by_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.workspace_id := coalesce(nullif(NEW.workspace_id, ''), NEW.session_id);
    RETURN NEW;
END
$$;

ALTER TABLE observations ADD COLUMN workspace_id text NOT NULL DEFAULT '';
UPDATE observations SET workspace_id = session_id;
CREATE TRIGGER observations_owner BEFORE INSERT ON observations
    FOR EACH ROW EXECUTE FUNCTION own_by_session();
CREATE INDEX observations_workspace ON observations (workspace_id);

-- Rows of these tables had no session. Recordings whose voices were learned tell it.
ALTER TABLE decisions ADD COLUMN workspace_id text NOT NULL DEFAULT '';
ALTER TABLE recognitions ADD COLUMN workspace_id text NOT NULL DEFAULT '';
UPDATE decisions d SET workspace_id = o.workspace_id
FROM observations o WHERE o.transcription_id = d.transcription_id;
UPDATE recognitions r SET workspace_id = o.workspace_id
FROM observations o WHERE o.transcription_id = r.transcription_id;
CREATE INDEX decisions_workspace ON decisions (workspace_id);
CREATE INDEX recognitions_workspace ON recognitions (workspace_id);
