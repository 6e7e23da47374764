-- Sign-in with OpenID Connect providers.

-- Sign-ins under way, each bound to the browser that began it.
CREATE TABLE oidc_logins (
    state_sha256 text PRIMARY KEY,
    browser_sha256 text NOT NULL,
    provider text NOT NULL,
    nonce text NOT NULL,
    code_verifier text NOT NULL,
    return_to text NOT NULL,
    expires_at timestamptz NOT NULL
);

CREATE INDEX oidc_logins_expiry ON oidc_logins (expires_at);

-- Who a user is at a provider.
CREATE TABLE oidc_identities (
    issuer text NOT NULL,
    subject text NOT NULL,
    provider text NOT NULL,
    user_id text NOT NULL REFERENCES users (user_id) ON DELETE CASCADE,
    -- Whether a group of the provider made the user an administrator, so that leaving it undoes that.
    made_administrator boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL,
    last_sign_in_at timestamptz NOT NULL,
    PRIMARY KEY (issuer, subject)
);

CREATE INDEX oidc_identities_user ON oidc_identities (user_id);

-- Sessions that began at a provider, to end them together with the one there.
CREATE TABLE oidc_sessions (
    session_id text PRIMARY KEY REFERENCES sessions (session_id) ON DELETE CASCADE,
    provider text NOT NULL,
    issuer text NOT NULL,
    subject text NOT NULL,
    -- Identifier of the provider's session. Empty where it does not tell.
    provider_session text NOT NULL,
    -- Shown to the provider at the sign-out.
    id_token text NOT NULL
);

CREATE INDEX oidc_sessions_subject ON oidc_sessions (issuer, subject);
CREATE INDEX oidc_sessions_provider_session ON oidc_sessions (issuer, provider_session);

-- Log-out tokens that were used.
CREATE TABLE oidc_logout_tokens (
    issuer text NOT NULL,
    token_id text NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (issuer, token_id)
);
