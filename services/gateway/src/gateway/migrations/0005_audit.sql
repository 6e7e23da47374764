-- Audit log: entries of all services, none of which can be changed. Deleting is left to the function
-- for entries that are too old, and emptying their targets to the one for erased workspaces.

CREATE TABLE audit_entries (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    entry_id uuid NOT NULL UNIQUE,
    happened_at timestamptz NOT NULL,
    stored_at timestamptz NOT NULL DEFAULT now(),
    -- Empty for what concerns the deployment.
    workspace_id text NOT NULL,
    actor text NOT NULL,
    user_id text NOT NULL,
    session_id text NOT NULL,
    link_id text NOT NULL,
    -- The service, where it acted for nobody.
    actor_service text NOT NULL,
    action text NOT NULL,
    target_kind text NOT NULL,
    target_ids text[] NOT NULL,
    address text NOT NULL,
    door text NOT NULL,
    outcome text NOT NULL,
    code text NOT NULL,
    -- The service that wrote the entry.
    service text NOT NULL,
    trace_id text NOT NULL
);

CREATE INDEX audit_entries_workspace ON audit_entries (workspace_id, happened_at, number);
CREATE INDEX audit_entries_age ON audit_entries (stored_at);

CREATE FUNCTION refuse_audit_changes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    permitted text := current_setting('securetranscribe.audit_change', true);
BEGIN
    IF TG_OP = 'DELETE' AND permitted = 'retention' THEN
        RETURN OLD;
    END IF;
    IF TG_OP = 'UPDATE' AND permitted = 'erasure' AND NEW.target_ids = '{}'
        AND to_jsonb(NEW) - 'target_ids' = to_jsonb(OLD) - 'target_ids' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'entries of the audit log cannot be changed' USING ERRCODE = 'restrict_violation';
END
$$;

CREATE TRIGGER audit_entries_are_kept BEFORE UPDATE OR DELETE ON audit_entries
    FOR EACH ROW EXECUTE FUNCTION refuse_audit_changes();
CREATE TRIGGER audit_entries_are_not_emptied BEFORE TRUNCATE ON audit_entries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_changes();

-- Deletes the oldest entries that were stored before a time, which is at least a day ago.
CREATE FUNCTION delete_old_audit_entries(before timestamptz, most integer) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    deleted integer;
BEGIN
    IF before > now() - interval '1 day' THEN
        RAISE EXCEPTION 'entries of the audit log are kept for at least a day';
    END IF;
    PERFORM set_config('securetranscribe.audit_change', 'retention', true);
    DELETE FROM audit_entries WHERE number IN (
        SELECT number FROM audit_entries WHERE stored_at < before ORDER BY stored_at LIMIT most
    );
    GET DIAGNOSTICS deleted = ROW_COUNT;
    PERFORM set_config('securetranscribe.audit_change', '', true);
    RETURN deleted;
END
$$;

-- Removes the identifiers of what an erased workspace owned from its entries.
CREATE FUNCTION forget_audit_targets(erased text) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    changed integer;
BEGIN
    PERFORM set_config('securetranscribe.audit_change', 'erasure', true);
    UPDATE audit_entries SET target_ids = '{}'
    WHERE workspace_id = erased AND erased <> '' AND target_ids <> '{}';
    GET DIAGNOSTICS changed = ROW_COUNT;
    PERFORM set_config('securetranscribe.audit_change', '', true);
    RETURN changed;
END
$$;
