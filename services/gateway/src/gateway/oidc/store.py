"""Sign-ins with providers in Postgres: those under way, identities, and sessions."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

from common.identity import hash_token
from common.postgres import Connection, Database, execute, fetch_all, fetch_one

_BEGIN = """
INSERT INTO oidc_logins (
    state_sha256, browser_sha256, provider, nonce, code_verifier, return_to, expires_at
) VALUES (
    %(state_sha256)s, %(browser_sha256)s, %(provider)s, %(nonce)s, %(code_verifier)s,
    %(return_to)s, %(expires_at)s
)
"""
# It can be finished once, and only by the browser that began it.
_TAKE = """
DELETE FROM oidc_logins
WHERE state_sha256 = %(state_sha256)s AND browser_sha256 = %(browser_sha256)s
  AND provider = %(provider)s AND expires_at > %(now)s
RETURNING nonce, code_verifier, return_to
"""
_SWEEP_LOGINS = "DELETE FROM oidc_logins WHERE expires_at <= %(now)s"
_SWEEP_TOKENS = "DELETE FROM oidc_logout_tokens WHERE expires_at <= %(now)s"
_IDENTITY = """
SELECT user_id, made_administrator FROM oidc_identities
WHERE issuer = %(issuer)s AND subject = %(subject)s
FOR UPDATE
"""
_LINK = """
INSERT INTO oidc_identities (issuer, subject, provider, user_id, created_at, last_sign_in_at)
VALUES (%(issuer)s, %(subject)s, %(provider)s, %(user_id)s, %(now)s, %(now)s)
"""
_SIGNED_IN = """
UPDATE oidc_identities
SET last_sign_in_at = %(now)s, provider = %(provider)s, made_administrator = %(made_administrator)s
WHERE issuer = %(issuer)s AND subject = %(subject)s
"""
_ADD_SESSION = """
INSERT INTO oidc_sessions (session_id, provider, issuer, subject, provider_session, id_token)
VALUES (
    %(session_id)s, %(provider)s, %(issuer)s, %(subject)s, %(provider_session)s, %(id_token)s
)
"""
_SESSION = "SELECT provider, id_token FROM oidc_sessions WHERE session_id = %(session_id)s"
_SESSIONS_OF = """
SELECT session_id FROM oidc_sessions
WHERE issuer = %(issuer)s
  AND (%(subject)s = '' OR subject = %(subject)s)
  AND (%(provider_session)s = '' OR provider_session = %(provider_session)s)
"""
_USE = """
INSERT INTO oidc_logout_tokens (issuer, token_id, expires_at)
VALUES (%(issuer)s, %(token_id)s, %(expires_at)s)
ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Login:
    """A sign-in under way. The secrets are those of the browser and of this sign-in."""

    provider: str
    state: str = field(repr=False)
    browser: str = field(repr=False)
    nonce: str = field(repr=False)
    code_verifier: str = field(repr=False)
    return_to: str
    expires_at: dt.datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Begun:
    """Secrets to finish a sign-in with."""

    nonce: str = field(repr=False)
    code_verifier: str = field(repr=False)
    return_to: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ProviderSession:
    """Origin of a session: a provider, and the session there."""

    provider: str
    issuer: str
    subject: str
    provider_session: str
    id_token: str = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Linked:
    """The user of an identity."""

    user_id: str
    made_administrator: bool


class OidcStore:
    """Sign-ins under way, and sessions from providers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, login: Login) -> None:
        """Store a sign-in until the browser comes back."""
        parameters = {
            "state_sha256": hash_token(login.state),
            "browser_sha256": hash_token(login.browser),
            "provider": login.provider,
            "nonce": login.nonce,
            "code_verifier": login.code_verifier,
            "return_to": login.return_to,
            "expires_at": login.expires_at,
        }
        await self._database.execute(_BEGIN, parameters)

    async def take(self, provider: str, state: str, browser: str, now: dt.datetime) -> Begun | None:
        """Return a sign-in of a browser and forget it."""
        parameters = {
            "state_sha256": hash_token(state),
            "browser_sha256": hash_token(browser),
            "provider": provider,
            "now": now,
        }
        row = await self._database.fetch_one(_TAKE, parameters)
        return None if row is None else Begun(**row)

    async def add_session(self, session_id: str, began: ProviderSession) -> None:
        """Note where a session began."""
        parameters = {
            "session_id": session_id,
            "provider": began.provider,
            "issuer": began.issuer,
            "subject": began.subject,
            "provider_session": began.provider_session,
            "id_token": began.id_token,
        }
        await self._database.execute(_ADD_SESSION, parameters)

    async def session(self, session_id: str) -> tuple[str, str] | None:
        """Return the provider and the ID token of a session from a provider."""
        row = await self._database.fetch_one(_SESSION, {"session_id": session_id})
        return None if row is None else (row["provider"], row["id_token"])

    async def use_logout_token(self, issuer: str, token_id: str, expires_at: dt.datetime) -> bool:
        """Note a log-out token. Return False if it was used before."""
        parameters = {"issuer": issuer, "token_id": token_id, "expires_at": expires_at}
        return await self._database.execute(_USE, parameters) == 1

    async def sessions_of(
        self, issuer: str, *, subject: str, provider_session: str
    ) -> Sequence[str]:
        """Return the sessions of a subject, of one session at the provider, or of both."""
        parameters = {
            "issuer": issuer,
            "subject": subject,
            "provider_session": provider_session,
        }
        rows = await self._database.fetch_all(_SESSIONS_OF, parameters)
        return [row["session_id"] for row in rows]

    async def sweep(self, now: dt.datetime) -> None:
        """Delete expired sign-ins and log-out tokens."""
        async with self._database.transaction() as connection:
            await execute(connection, _SWEEP_LOGINS, {"now": now})
            await execute(connection, _SWEEP_TOKENS, {"now": now})


class Identities:
    """Identities of users at providers, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def find(self, issuer: str, subject: str) -> Linked | None:
        """Return the user of an identity, locked."""
        parameters = {"issuer": issuer, "subject": subject}
        row = await fetch_one(self._connection, _IDENTITY, parameters)
        return None if row is None else Linked(**row)

    async def link(
        self, issuer: str, subject: str, *, provider: str, user_id: str, now: dt.datetime
    ) -> None:
        """Link an identity to a user."""
        parameters = {
            "issuer": issuer,
            "subject": subject,
            "provider": provider,
            "user_id": user_id,
            "now": now,
        }
        await execute(self._connection, _LINK, parameters)

    async def signed_in(
        self,
        issuer: str,
        subject: str,
        *,
        provider: str,
        made_administrator: bool,
        now: dt.datetime,
    ) -> None:
        """Note a sign-in, and whether a group made the user an administrator."""
        parameters = {
            "issuer": issuer,
            "subject": subject,
            "provider": provider,
            "made_administrator": made_administrator,
            "now": now,
        }
        await execute(self._connection, _SIGNED_IN, parameters)


_BY_PROVIDER = """
SELECT workspace_id, provider, role FROM memberships WHERE user_id = %(user_id)s
"""


async def memberships_of(connection: Connection, user_id: str) -> dict[str, tuple[str, str]]:
    """Return the provider and the role of a user's memberships, by workspace."""
    rows = await fetch_all(connection, _BY_PROVIDER, {"user_id": user_id})
    return {row["workspace_id"]: (row["provider"], row["role"]) for row in rows}
