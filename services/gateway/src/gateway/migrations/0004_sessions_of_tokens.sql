-- Sessions that a program makes with an access token have the scopes of the token and end with it.
ALTER TABLE sessions ADD COLUMN token_id text REFERENCES access_tokens (token_id) ON DELETE CASCADE
    DEFERRABLE INITIALLY DEFERRED;
CREATE INDEX sessions_token ON sessions (token_id) WHERE token_id IS NOT NULL;

CREATE OR REPLACE FUNCTION session_rights(of sessions) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN (of).user_id IS NOT NULL THEN (
        SELECT jsonb_build_object(
            'name', users.name, 'disabled', users.disabled_at IS NOT NULL,
            'administrator', users.administrator, 'role', memberships.role,
            'scopes', access_tokens.scopes
        )
        FROM users
        LEFT JOIN memberships ON memberships.user_id = users.user_id
            AND memberships.workspace_id = (of).workspace_id
        LEFT JOIN access_tokens ON access_tokens.token_id = (of).token_id
        WHERE users.user_id = (of).user_id
    ) END
$$;
