-- Everything that a session creates belongs to its workspace, which outlives the session. A resumed
-- session gets the workspace of the earlier one. Otherwise the workspace has the id of the session
-- that it was made for. The trigger fills it in for replicas of the version before.
CREATE FUNCTION own_by_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.workspace_id := coalesce(nullif(NEW.workspace_id, ''), NEW.session_id);
    RETURN NEW;
END
$$;

ALTER TABLE sessions ADD COLUMN workspace_id text NOT NULL DEFAULT '';
UPDATE sessions SET workspace_id = session_id;
CREATE TRIGGER sessions_owner BEFORE INSERT ON sessions
    FOR EACH ROW EXECUTE FUNCTION own_by_session();
CREATE INDEX sessions_workspace ON sessions (workspace_id);

-- Workspaces that no session can reach any more, until every service has erased what they own. The
-- rows stay, so that nobody takes an erased workspace for an unknown one.
CREATE TABLE ended_workspaces (
    workspace_id text PRIMARY KEY,
    -- Why it ended, for the reports of what was erased.
    reason text NOT NULL,
    ended_at timestamptz NOT NULL,
    -- When it is erased. Null waits for the grace period, counted from its end.
    erase_at timestamptz,
    -- Services that have erased it, with the times.
    erased_by jsonb NOT NULL DEFAULT '{}',
    erased_at timestamptz
);

CREATE INDEX ended_workspaces_due ON ended_workspaces (ended_at) WHERE erased_at IS NULL;
