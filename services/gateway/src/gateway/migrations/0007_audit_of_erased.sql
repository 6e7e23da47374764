-- Entries of erased workspaces, which no manager reads any more, are read by administrators.
ALTER TABLE audit_entries ADD COLUMN erased boolean NOT NULL DEFAULT false;
CREATE INDEX audit_entries_erased ON audit_entries (happened_at, number) WHERE erased;

CREATE OR REPLACE FUNCTION refuse_audit_changes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    permitted text := current_setting('securetranscribe.audit_change', true);
BEGIN
    IF TG_OP = 'DELETE' AND permitted = 'retention' THEN
        RETURN OLD;
    END IF;
    IF TG_OP = 'UPDATE' AND permitted = 'erasure' AND NEW.target_ids = '{}' AND NEW.erased
        AND to_jsonb(NEW) - 'target_ids' - 'erased' = to_jsonb(OLD) - 'target_ids' - 'erased' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'entries of the audit log cannot be changed' USING ERRCODE = 'restrict_violation';
END
$$;

DROP FUNCTION forget_audit_targets(text);
CREATE FUNCTION forget_audit_targets(gone text) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    changed integer;
BEGIN
    PERFORM set_config('securetranscribe.audit_change', 'erasure', true);
    UPDATE audit_entries SET target_ids = '{}', erased = true
    WHERE workspace_id = gone AND gone <> '' AND NOT erased;
    GET DIAGNOSTICS changed = ROW_COUNT;
    PERFORM set_config('securetranscribe.audit_change', '', true);
    RETURN changed;
END
$$;
