-- Replicas of the version before know only `body`. When they take an expired key for a new request,
-- they leave the sealed answer to the earlier request, which would be returned as that to the new one.
CREATE FUNCTION forget_sealed_answer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.sealed_body := NULL;
    RETURN NEW;
END
$$;

CREATE TRIGGER idempotent_requests_sealed BEFORE UPDATE ON idempotent_requests
    FOR EACH ROW WHEN (NEW.status IS NULL AND NEW.sealed_body IS NOT NULL)
    EXECUTE FUNCTION forget_sealed_answer();
