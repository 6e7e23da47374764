-- People, their workspaces that last, and the access tokens of programs. With AUTH_MODE=open all of
-- these stay empty: a workspace without a row here belongs to its open sessions.

CREATE TABLE users (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id text NOT NULL UNIQUE,
    name text NOT NULL,
    -- The name in the form in which it is compared, so that two people cannot have names that look
    -- the same.
    name_key text NOT NULL UNIQUE,
    display_name text NOT NULL,
    email text NOT NULL DEFAULT '',
    email_verified boolean NOT NULL DEFAULT false,
    -- argon2id. Null for users who sign in with a provider only, and before the first password is set.
    password_hash text,
    administrator boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL,
    last_sign_in_at timestamptz,
    disabled_at timestamptz
);

CREATE UNIQUE INDEX users_email ON users (lower(email)) WHERE email <> '';

CREATE TABLE workspaces (
    workspace_id text PRIMARY KEY,
    name text NOT NULL,
    created_at timestamptz NOT NULL
);

CREATE TABLE memberships (
    workspace_id text NOT NULL REFERENCES workspaces (workspace_id) ON DELETE CASCADE,
    user_id text NOT NULL REFERENCES users (user_id) ON DELETE CASCADE,
    role text NOT NULL CHECK (role IN ('viewer', 'editor', 'manager')),
    -- Identifier of the provider whose groups gave the role. Empty for members added by people.
    provider text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, user_id)
);

CREATE INDEX memberships_user ON memberships (user_id);

-- `open`: made by itself. `sign_in`: of a user. `access_token`: of a program. `link`: of somebody who
-- opened a shared link, without a workspace.
ALTER TABLE sessions ADD COLUMN kind text NOT NULL DEFAULT 'open'
    CHECK (kind IN ('open', 'sign_in', 'access_token', 'link'));
ALTER TABLE sessions ADD COLUMN user_id text REFERENCES users (user_id) ON DELETE CASCADE;
ALTER TABLE sessions ADD COLUMN link_id text NOT NULL DEFAULT '';
-- How long the session lasts without use. Null means SESSION_TTL.
ALTER TABLE sessions ADD COLUMN idle interval;
-- When the session ends regardless of its use. Null means never.
ALTER TABLE sessions ADD COLUMN ends_at timestamptz;
CREATE INDEX sessions_user ON sessions (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX sessions_link ON sessions (link_id) WHERE link_id <> '';

-- Only open sessions bring a workspace of their own.
CREATE OR REPLACE FUNCTION own_by_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.kind = 'open' THEN
        NEW.workspace_id := coalesce(nullif(NEW.workspace_id, ''), NEW.session_id);
    END IF;
    RETURN NEW;
END
$$;

CREATE TABLE access_tokens (
    token_id text PRIMARY KEY,
    -- The session has the hash of the token, its user, its workspace, its times and its uses.
    session_id text NOT NULL UNIQUE REFERENCES sessions (session_id) ON DELETE CASCADE,
    name text NOT NULL,
    scopes text[] NOT NULL CHECK (
        cardinality(scopes) > 0 AND scopes <@ ARRAY['read', 'write', 'export', 'admin']
    ),
    -- First characters of the token, to recognize it.
    hint text NOT NULL
);

-- One-time tokens: the setup of the first administrator, and links to set a password.
CREATE TABLE account_links (
    token_sha256 text PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('setup', 'password')),
    user_id text REFERENCES users (user_id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);

CREATE INDEX account_links_user ON account_links (user_id);

-- Failed attempts to sign in, by a keyed hash of the name, with and without the network. Names that
-- nobody has are counted like others, so that nobody learns which ones exist.
CREATE TABLE sign_in_failures (
    key_sha256 text PRIMARY KEY,
    failures integer NOT NULL,
    expires_at timestamptz NOT NULL
);

CREATE INDEX sign_in_failures_expiry ON sign_in_failures (expires_at);

-- Rights of a session at this moment: the name of its user, whether the user is disabled, an
-- administrator, and with which role a member of the active workspace, and the scopes of an access
-- token. Null for open sessions and links.
CREATE FUNCTION session_rights(of sessions) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN (of).user_id IS NOT NULL THEN (
        SELECT jsonb_build_object(
            'name', users.name, 'disabled', users.disabled_at IS NOT NULL,
            'administrator', users.administrator, 'role', memberships.role,
            'scopes', access_tokens.scopes
        )
        FROM users
        LEFT JOIN memberships ON memberships.user_id = users.user_id
            AND memberships.workspace_id = (of).workspace_id
        LEFT JOIN access_tokens ON access_tokens.session_id = (of).session_id
        WHERE users.user_id = (of).user_id
    ) END
$$;
