"""Session storage in Postgres."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from common.identity import Role, Scope
from common.postgres import Connection, Database, execute, fetch_all, fetch_one
from gateway.sessions.session import Kind, Preferences, Session

# `rights` are read with every session, so that a change of them takes effect at once.
_INSERT = """
INSERT INTO sessions (
    session_id, workspace_id, token_sha256, user_identifier, user_agent, ip_address, created_at,
    last_accessed_at, expires_at, kind, user_id, token_id, authenticated, link_id, idle, ends_at
) VALUES (
    %(session_id)s, %(workspace_id)s, %(token_sha256)s, %(user_identifier)s, %(user_agent)s,
    %(ip_address)s, %(now)s, %(now)s, %(expires_at)s, %(kind)s, nullif(%(user_id)s, ''),
    nullif(%(token_id)s, ''), %(user_id)s <> '', %(link_id)s, %(idle)s, %(ends_at)s
) RETURNING *, session_rights(sessions) AS rights
"""
_FIND_BY_HASH = """
SELECT *, session_rights(sessions) AS rights FROM sessions
WHERE token_sha256 = %(token_sha256)s AND revoked_at IS NULL AND expires_at > %(now)s
"""
# Whatever the clocks of replicas show, a session that was used is later than its creation.
_TOUCH = """
UPDATE sessions SET
    last_accessed_at = greatest(
        last_accessed_at, %(now)s, created_at + interval '1 microsecond'
    ),
    expires_at = least(
        greatest(expires_at, %(now)s + coalesce(%(extension)s, idle, %(ttl)s::interval)), ends_at
    )
WHERE session_id = %(session_id)s AND revoked_at IS NULL AND expires_at > %(now)s
RETURNING *, session_rights(sessions) AS rights
"""
_UPDATE = """
UPDATE sessions SET
    last_accessed_at = greatest(
        last_accessed_at, %(now)s, created_at + interval '1 microsecond'
    ),
    expires_at = least(
        greatest(expires_at, %(now)s + coalesce(idle, %(ttl)s::interval)), ends_at
    ),
    user_identifier = coalesce(%(user_identifier)s, user_identifier),
    preferences = coalesce(%(preferences)s, preferences)
WHERE session_id = %(session_id)s AND revoked_at IS NULL AND expires_at > %(now)s
RETURNING *, session_rights(sessions) AS rights
"""
_REVOKE = """
UPDATE sessions SET revoked_at = %(now)s
WHERE session_id = %(session_id)s AND revoked_at IS NULL
RETURNING *, NULL AS rights
"""
_WORKSPACES_OF = """
SELECT DISTINCT workspace_id FROM sessions
WHERE session_id = %(owner)s OR workspace_id = %(owner)s
"""
_REVOKE_OF = """
UPDATE sessions SET revoked_at = %(now)s
WHERE workspace_id = ANY(%(workspace_ids)s) AND revoked_at IS NULL
RETURNING *, NULL AS rights
"""
# An open session can be resumed unless somebody ended it. Both bounds of time may be absent.
_RESUMABLE = """
SELECT *, NULL AS rights FROM sessions
WHERE kind = 'open' AND token_sha256 = %(token_sha256)s AND revoked_at IS NULL
  AND (%(since)s::timestamptz IS NULL OR expires_at > %(since)s)
"""
_LOCK_RESUMABLE = """
SELECT * FROM sessions
WHERE kind = 'open' AND token_sha256 = %(token_sha256)s AND revoked_at IS NULL
  AND (%(since)s::timestamptz IS NULL OR expires_at > %(since)s)
FOR UPDATE
"""
_SUPERSEDE = """
UPDATE sessions SET revoked_at = %(now)s WHERE id = %(id)s RETURNING *, NULL AS rights
"""
_TAKE_OVER = """
UPDATE sessions SET user_identifier = %(user_identifier)s, preferences = %(preferences)s,
                    authenticated = %(authenticated)s
WHERE session_id = %(session_id)s RETURNING *, NULL AS rights
"""
# A session that was resumed, as long as its own token was never used.
_AGAIN = """
UPDATE sessions
SET expires_at = CASE WHEN expires_at > %(now)s THEN expires_at ELSE %(expires_at)s END
WHERE kind = 'open' AND token_sha256 = %(token_sha256)s AND revoked_at IS NULL
  AND workspace_id <> session_id AND last_accessed_at <= created_at
  AND (%(since)s::timestamptz IS NULL OR expires_at > %(since)s)
RETURNING *, NULL AS rights
"""
# Keeps sessions alive without counting as a use of them.
_PROLONG = """
UPDATE sessions
SET expires_at = least(
    greatest(expires_at, %(now)s + coalesce(idle, %(ttl)s::interval)), ends_at
)
WHERE session_id = ANY(%(session_ids)s) AND revoked_at IS NULL AND expires_at > %(now)s
"""
# The workspace of others outlives them, so their jobs need no session.
_ENDING = """
SELECT *, NULL AS rights FROM sessions
WHERE kind = 'open' AND revoked_at IS NULL AND expires_at > %(now)s AND expires_at <= %(before)s
ORDER BY expires_at LIMIT %(limit)s
"""
_ENDED = """
SELECT id FROM sessions
WHERE (
    expires_at <= %(since)s OR revoked_at <= %(now)s
    OR (kind <> 'open' AND expires_at <= %(now)s)
)
  AND NOT item_rests('sessions', id::text)
ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
"""
_DELETE = "DELETE FROM sessions WHERE id = %s RETURNING workspace_id, revoked_at, kind"
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
    kind: Kind = Kind.OPEN
    user_id: str = ""
    token_id: str = ""
    """The access token that it belongs to, if any."""

    link_id: str = ""
    idle: dt.timedelta | None = None
    """How long it lasts without use. None means as long as open sessions."""

    ends_at: dt.datetime | None = None
    """When it ends regardless of its use, if ever."""


@dataclass(frozen=True, kw_only=True)
class RequestClaim:
    """Idempotency key of a session's creation."""

    key_sha256: str
    expires_at: dt.datetime


@dataclass(frozen=True, kw_only=True)
class Resumed:
    """A session with the workspace of an earlier one, now revoked."""

    session: Session
    earlier: Session


@dataclass(frozen=True, kw_only=True)
class Deleted:
    """Workspace of a deleted session, and whether the session was revoked.

    Only open sessions end their workspace.
    """

    workspace_id: str
    revoked: bool
    open: bool


class SessionStore:
    """Session tables. Lookups never return expired or revoked sessions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def insert(self, new: NewSession, now: dt.datetime) -> Session:
        """Store a new session."""
        async with self._database.transaction() as connection:
            return await insert_session(connection, new, now)

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
            return None if claimed is None else await insert_session(connection, new, now)

    async def by_token(self, token_sha256: str, now: dt.datetime) -> Session | None:
        """Find a session by the hash of its token."""
        parameters = {"token_sha256": token_sha256, "now": now}
        return _maybe(await self._database.fetch_one(_FIND_BY_HASH, parameters))

    async def touch(
        self,
        session_id: str,
        now: dt.datetime,
        ttl: dt.timedelta,
        *,
        extension: dt.timedelta | None = None,
    ) -> Session | None:
        """Record a use, and extend the expiry unless it is already later.

        An open session lasts for `ttl` from now, others for as long as they say. An `extension`
        takes the place of both.
        """
        parameters = {"session_id": session_id, "now": now, "ttl": ttl, "extension": extension}
        return _maybe(await self._database.fetch_one(_TOUCH, parameters))

    async def update(
        self,
        session_id: str,
        now: dt.datetime,
        ttl: dt.timedelta,
        *,
        user_identifier: str | None,
        preferences: Preferences | None,
    ) -> Session | None:
        """Record a use as `touch` does, and replace the values other than None."""
        parameters = {
            "session_id": session_id,
            "now": now,
            "ttl": ttl,
            "user_identifier": user_identifier,
            "preferences": None if preferences is None else Jsonb(preferences.flat()),
        }
        return _maybe(await self._database.fetch_one(_UPDATE, parameters))

    async def revoke(self, session_id: str, now: dt.datetime) -> Session | None:
        """Revoke a session. Return None if it was already revoked."""
        parameters = {"session_id": session_id, "now": now}
        return _maybe(await self._database.fetch_one(_REVOKE, parameters))

    async def revoke_of(self, owner: str, now: dt.datetime) -> tuple[list[str], list[Session]]:
        """Revoke all sessions of a workspace, named by its identifier or that of a session.

        Return its workspaces, and the sessions not revoked before.
        """
        async with self._database.transaction() as connection:
            found = await fetch_all(connection, _WORKSPACES_OF, {"owner": owner})
            workspaces = [row["workspace_id"] for row in found]
            parameters = {"workspace_ids": workspaces, "now": now}
            revoked = await fetch_all(connection, _REVOKE_OF, parameters)
        return workspaces, [session_of(row) for row in revoked]

    async def resumable(self, token_sha256: str, since: dt.datetime | None) -> Session | None:
        """Find an unrevoked session lasting until after `since`."""
        parameters = {"token_sha256": token_sha256, "since": since}
        return _maybe(await self._database.fetch_one(_RESUMABLE, parameters))

    async def resume(
        self, token_sha256: str, since: dt.datetime | None, new: NewSession, now: dt.datetime
    ) -> Resumed | None:
        """Replace an ended session by a new one of the same user in the same workspace.

        Return None if the session is not `resumable` or has not ended.
        """
        async with self._database.transaction() as connection:
            key = {"token_sha256": token_sha256, "since": since}
            row = await fetch_one(connection, _LOCK_RESUMABLE, key)
            if row is None or row["expires_at"] > now:
                return None
            await insert_session(connection, replace(new, workspace_id=row["workspace_id"]), now)
            taken = {
                "session_id": new.session_id,
                "user_identifier": row["user_identifier"],
                "preferences": Jsonb(row["preferences"]),
                "authenticated": row["authenticated"],
            }
            session = _maybe(await fetch_one(connection, _TAKE_OVER, taken))
            earlier = _maybe(await fetch_one(connection, _SUPERSEDE, {"id": row["id"], "now": now}))
            assert session is not None
            assert earlier is not None
            return Resumed(session=session, earlier=earlier)

    async def resumed_again(
        self, new: NewSession, since: dt.datetime | None, now: dt.datetime
    ) -> Session | None:
        """Return the session that `resume` has stored with the token of a new one.

        It lasts as long as the new one if it has ended meanwhile. Return None if its token was
        used, if it was revoked, or if it is not `resumable`.
        """
        parameters = {
            "token_sha256": new.token_sha256,
            "expires_at": new.expires_at,
            "since": since,
            "now": now,
        }
        return _maybe(await self._database.fetch_one(_AGAIN, parameters))

    async def prolong(
        self, session_ids: Sequence[str], now: dt.datetime, ttl: dt.timedelta
    ) -> None:
        """Extend active sessions as `touch` does, without counting as a use of them."""
        parameters = {"session_ids": list(session_ids), "now": now, "ttl": ttl}
        await self._database.execute(_PROLONG, parameters)

    async def ending(self, now: dt.datetime, before: dt.datetime, limit: int) -> list[Session]:
        """Return active open sessions ending before a time, the next one first."""
        parameters = {"now": now, "before": before, "limit": limit}
        return [session_of(row) for row in await self._database.fetch_all(_ENDING, parameters)]

    async def sweep_requests(self, now: dt.datetime) -> int:
        """Delete expired idempotency keys and return their number."""
        return await self._database.execute(_SWEEP_REQUESTS, {"now": now})


async def insert_session(connection: Connection, new: NewSession, now: dt.datetime) -> Session:
    """Store a new session within a transaction."""
    row = await fetch_one(connection, _INSERT, {**vars(new), "kind": new.kind.value, "now": now})
    assert row is not None
    return session_of(row)


async def ended_sessions(
    connection: Connection, now: dt.datetime, since: dt.datetime | None, limit: int
) -> list[int]:
    """Return row numbers of sessions no longer resumable, locked, without resting ones.

    They were revoked, or expired before `since`.
    """
    rows = await fetch_all(connection, _ENDED, {"now": now, "since": since, "limit": limit})
    return [row["id"] for row in rows]


async def delete_session(connection: Connection, row_id: int) -> Deleted | None:
    """Delete a session and everything in these tables referring to it."""
    row = await fetch_one(connection, _DELETE, (row_id,))
    if row is None:
        return None
    return Deleted(
        workspace_id=row["workspace_id"],
        revoked=row["revoked_at"] is not None,
        open=row["kind"] == Kind.OPEN.value,
    )


def _maybe(row: DictRow | None) -> Session | None:
    """Return the session of a row. Those of disabled users are never found."""
    if row is None or (row["rights"] or {}).get("disabled"):
        return None
    return session_of(row)


def session_of(row: DictRow) -> Session:
    """Return the session of a row, with the row's `rights`."""
    rights = row["rights"] or {}
    role, scopes = rights.get("role"), rights.get("scopes")
    return Session(
        id=row["id"],
        session_id=row["session_id"],
        workspace_id=row["workspace_id"],
        token_sha256=row["token_sha256"],
        user_identifier=rights.get("name") or row["user_identifier"],
        authenticated=row["authenticated"],
        preferences=Preferences.of(row["preferences"]),
        created_at=row["created_at"],
        last_accessed_at=row["last_accessed_at"],
        expires_at=row["expires_at"],
        revoked_at=row["revoked_at"],
        kind=Kind(row["kind"]),
        ends_at=row["ends_at"],
        user_id=row["user_id"] or "",
        token_id=row["token_id"] or "",
        role=None if role is None else Role.of(role),
        scopes=None if scopes is None else frozenset(map(Scope, scopes)),
        link_id=row["link_id"],
        administrator=rights.get("administrator", False),
    )
