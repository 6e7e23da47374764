-- Replicas of the version before know no live text. A transcript that they store in its place has the
-- revision of the live text, whose words clients could then edit in the transcript by mistake.
CREATE FUNCTION follow_live_text() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.live_text := false;
    NEW.revision := OLD.revision + 1;
    NEW.machine_revision := OLD.revision + 1;
    RETURN NEW;
END
$$;

CREATE TRIGGER transcriptions_live_text BEFORE UPDATE OF transcript_at ON transcriptions
    FOR EACH ROW
    WHEN (OLD.live_text AND NEW.live_text AND OLD.transcript_at IS NULL
          AND NEW.transcript_at IS NOT NULL)
    EXECUTE FUNCTION follow_live_text();
