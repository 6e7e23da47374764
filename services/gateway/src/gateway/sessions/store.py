"""Session storage in Postgres."""

import datetime as dt
from dataclasses import dataclass

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from common.postgres import Connection, Database, execute, fetch_all, fetch_one
from gateway.sessions.session import Preferences, Session

_INSERT = """
INSERT INTO sessions (
    session_id, workspace_id, token_sha256, user_identifier, user_agent,
    ip_address, created_at, last_accessed_at, expires_at
) VALUES (
    %(session_id)s, %(workspace_id)s, %(token_sha256)s, %(user_identifier)s, %(user_agent)s,
    %(ip_address)s, %(now)s, %(now)s, %(expires_at)s
) RETURNING *
"""
_FIND_BY_HASH = """
SELECT * FROM sessions
WHERE token_sha256 = %(token_sha256)s AND revoked_at IS NULL AND expires_at > %(now)s
"""
_TOUCH = """
UPDATE sessions SET
    last_accessed_at = greatest(last_accessed_at, %(now)s),
    expires_at = greatest(expires_at, %(expires_at)s)
WHERE session_id = %(session_id)s AND revoked_at IS NULL AND expires_at > %(now)s
RETURNING *
"""
_UPDATE = """
UPDATE sessions SET
    last_accessed_at = greatest(last_accessed_at, %(now)s),
    expires_at = greatest(expires_at, %(expires_at)s),
    user_identifier = coalesce(%(user_identifier)s, user_identifier),
    preferences = coalesce(%(preferences)s, preferences)
WHERE session_id = %(session_id)s AND revoked_at IS NULL AND expires_at > %(now)s
RETURNING *
"""
_REVOKE = """
UPDATE sessions SET revoked_at = %(now)s
WHERE session_id = %(session_id)s AND revoked_at IS NULL
RETURNING *
"""
_ENDED = """
SELECT id FROM sessions
WHERE (expires_at <= %(now)s OR revoked_at <= %(now)s) AND NOT item_rests('sessions', id::text)
ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
"""
_DELETE = "DELETE FROM sessions WHERE id = %s"
_SWEEP_REQUESTS = "DELETE FROM session_requests WHERE expires_at <= %(now)s"
_FORGET_REQUEST = """
DELETE FROM session_requests r USING sessions s
WHERE r.key_sha256 = %(key_sha256)s AND s.session_id = r.session_id AND (
    r.expires_at <= %(now)s OR s.expires_at <= %(now)s OR s.revoked_at IS NOT NULL
)
"""
# The second of two concurrent callers with one key waits here until the first has committed.
_CLAIM_REQUEST = """
INSERT INTO session_requests (key_sha256, session_id, salt, expires_at)
VALUES (%(key_sha256)s, %(session_id)s, '', %(expires_at)s)
ON CONFLICT (key_sha256) DO NOTHING
RETURNING key_sha256
"""


@dataclass(frozen=True, kw_only=True)
class NewSession:
    """Values of a session to be created."""

    session_id: str
    workspace_id: str
    token_sha256: str
    user_identifier: str
    user_agent: str
    ip_address: str
    expires_at: dt.datetime


@dataclass(frozen=True, kw_only=True)
class RequestClaim:
    """Idempotency key of a session's creation."""

    key_sha256: str
    expires_at: dt.datetime


class SessionStore:
    """Session tables. Lookups never return expired or revoked sessions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def insert(self, new: NewSession, now: dt.datetime) -> Session:
        """Store a new session."""
        async with self._database.transaction() as connection:
            return await _insert(connection, new, now)

    async def insert_once(
        self, new: NewSession, claim: RequestClaim, now: dt.datetime
    ) -> Session | None:
        """Store a session. Return None if its key has already created one."""
        async with self._database.transaction() as connection:
            key = {"key_sha256": claim.key_sha256, "now": now}
            await execute(connection, _FORGET_REQUEST, key)
            claimed = await fetch_one(
                connection,
                _CLAIM_REQUEST,
                {**vars(claim), "session_id": new.session_id},
            )
            return None if claimed is None else await _insert(connection, new, now)

    async def by_token(self, token_sha256: str, now: dt.datetime) -> Session | None:
        """Find a session by the hash of its token."""
        parameters = {"token_sha256": token_sha256, "now": now}
        return _maybe(await self._database.fetch_one(_FIND_BY_HASH, parameters))

    async def touch(
        self, session_id: str, now: dt.datetime, expires_at: dt.datetime
    ) -> Session | None:
        """Record a use, and extend the expiry to `expires_at` unless it is already later."""
        parameters = {"session_id": session_id, "now": now, "expires_at": expires_at}
        return _maybe(await self._database.fetch_one(_TOUCH, parameters))

    async def update(
        self,
        session_id: str,
        now: dt.datetime,
        expires_at: dt.datetime,
        *,
        user_identifier: str | None,
        preferences: Preferences | None,
    ) -> Session | None:
        """Record a use as `touch` does, and replace the values that are not None."""
        parameters = {
            "session_id": session_id,
            "now": now,
            "expires_at": expires_at,
            "user_identifier": user_identifier,
            "preferences": None if preferences is None else Jsonb(preferences.flat()),
        }
        return _maybe(await self._database.fetch_one(_UPDATE, parameters))

    async def revoke(self, session_id: str, now: dt.datetime) -> Session | None:
        """Revoke a session. Return None if it was already revoked."""
        parameters = {"session_id": session_id, "now": now}
        return _maybe(await self._database.fetch_one(_REVOKE, parameters))

    async def sweep_requests(self, now: dt.datetime) -> int:
        """Delete expired idempotency keys and return their number."""
        return await self._database.execute(_SWEEP_REQUESTS, {"now": now})


async def ended_sessions(connection: Connection, now: dt.datetime, limit: int) -> list[int]:
    """Return row numbers of ended sessions, locked, leaving out those that rest."""
    rows = await fetch_all(connection, _ENDED, {"now": now, "limit": limit})
    return [row["id"] for row in rows]


async def delete_session(connection: Connection, row_id: int) -> None:
    """Delete a session and everything that refers to it."""
    await execute(connection, _DELETE, (row_id,))


async def _insert(connection: Connection, new: NewSession, now: dt.datetime) -> Session:
    row = await fetch_one(connection, _INSERT, {**vars(new), "now": now})
    assert row is not None
    return _session(row)


def _maybe(row: DictRow | None) -> Session | None:
    return None if row is None else _session(row)


def _session(row: DictRow) -> Session:
    return Session(
        id=row["id"],
        session_id=row["session_id"],
        workspace_id=row["workspace_id"],
        token_sha256=row["token_sha256"],
        user_identifier=row["user_identifier"],
        authenticated=row["authenticated"],
        preferences=Preferences.of(row["preferences"]),
        created_at=row["created_at"],
        last_accessed_at=row["last_accessed_at"],
        expires_at=row["expires_at"],
        revoked_at=row["revoked_at"],
    )
