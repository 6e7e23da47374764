"""Sessions of users and of opened links in Postgres, within one transaction."""

import datetime as dt
from dataclasses import dataclass

from common.postgres import Connection, execute, fetch_all, fetch_one
from gateway.sessions.session import Session
from gateway.sessions.store import session_of

# An open session whose workspace belongs to nobody yet. It may have ended by time.
_CLAIMABLE = """
SELECT *, NULL AS rights FROM sessions
WHERE token_sha256 = %(token_sha256)s AND kind = 'open' AND revoked_at IS NULL
  AND (%(since)s::timestamptz IS NULL OR expires_at > %(since)s)
  AND NOT EXISTS (
      SELECT FROM ended_workspaces WHERE ended_workspaces.workspace_id = sessions.workspace_id
  )
  AND NOT EXISTS (SELECT FROM workspaces WHERE workspaces.workspace_id = sessions.workspace_id)
FOR UPDATE
"""
_END_OPEN = """
UPDATE sessions SET revoked_at = %(now)s
WHERE workspace_id = %(workspace_id)s AND kind = 'open' AND revoked_at IS NULL
RETURNING *, NULL AS rights
"""
_LATEST = """
SELECT *, NULL AS rights FROM sessions
WHERE user_id = %(user_id)s AND kind = 'sign_in' AND token_id IS NULL
ORDER BY last_accessed_at DESC LIMIT 1
"""
_COPY_PREFERENCES = """
UPDATE sessions SET preferences = earlier.preferences
FROM sessions earlier
WHERE sessions.session_id = %(session_id)s AND earlier.session_id = %(earlier)s
"""
_OF_USER = """
SELECT *, NULL AS rights FROM sessions
WHERE user_id = %(user_id)s AND revoked_at IS NULL AND expires_at > %(now)s
  AND (%(workspace_id)s::text IS NULL OR workspace_id = %(workspace_id)s)
ORDER BY id
"""
_END_OF_USER = """
UPDATE sessions SET revoked_at = %(now)s
WHERE user_id = %(user_id)s AND revoked_at IS NULL
  AND session_id <> %(besides)s
  AND (%(kind)s::text IS NULL OR kind = %(kind)s)
RETURNING *, NULL AS rights
"""
# Sessions that programs made with an access token end with the token.
_SIGN_INS = """
SELECT session_id, created_at, last_accessed_at, expires_at, ip_address, user_agent FROM sessions
WHERE user_id = %(user_id)s AND kind = 'sign_in' AND token_id IS NULL
  AND revoked_at IS NULL AND expires_at > %(now)s
ORDER BY last_accessed_at DESC, id DESC LIMIT %(most)s
"""
_END_SIGN_INS = """
UPDATE sessions SET revoked_at = %(now)s
WHERE user_id = %(user_id)s AND kind = 'sign_in' AND token_id IS NULL
  AND revoked_at IS NULL AND expires_at > %(now)s
  AND session_id <> %(besides)s AND (%(session_id)s = '' OR session_id = %(session_id)s)
RETURNING *, NULL AS rights
"""
_MOST_SIGN_INS = 200
_END_DERIVED = """
UPDATE sessions SET revoked_at = %(now)s
WHERE token_id = %(token_id)s AND revoked_at IS NULL
RETURNING *, NULL AS rights
"""
_END_PROGRAMS = """
UPDATE sessions SET revoked_at = %(now)s
WHERE workspace_id = %(workspace_id)s AND token_id IS NOT NULL AND revoked_at IS NULL
  AND (%(user_id)s::text IS NULL OR user_id = %(user_id)s)
RETURNING *, NULL AS rights
"""
_END_OF_LINK = """
UPDATE sessions SET revoked_at = %(now)s
WHERE link_id = %(link_id)s AND revoked_at IS NULL
RETURNING *, NULL AS rights
"""
_IN_WORKSPACE = """
SELECT *, NULL AS rights FROM sessions
WHERE workspace_id = %(workspace_id)s AND revoked_at IS NULL AND expires_at > %(now)s
ORDER BY id
"""
_LEAVE = "UPDATE sessions SET workspace_id = '' WHERE workspace_id = %(workspace_id)s"
_SWITCH = """
UPDATE sessions SET workspace_id = %(workspace_id)s
WHERE session_id = %(session_id)s AND kind = 'sign_in' AND token_id IS NULL
"""


@dataclass(frozen=True, kw_only=True)
class SignInRecord:
    """A sign-in of a user, and where it came from."""

    session_id: str
    created_at: dt.datetime
    last_used_at: dt.datetime
    expires_at: dt.datetime
    address: str
    user_agent: str


class LastingSessions:
    """The sessions of users and links. Whoever ends or changes some announces it afterwards."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def claimable(self, token_sha256: str, since: dt.datetime | None) -> Session | None:
        """Return the open session of a token if a user may take over its workspace, locked."""
        parameters = {"token_sha256": token_sha256, "since": since}
        row = await fetch_one(self._connection, _CLAIMABLE, parameters)
        return None if row is None else session_of(row)

    async def end_open(self, workspace_id: str, now: dt.datetime) -> list[Session]:
        """End the open sessions of a workspace, and return them."""
        return await self._sessions(_END_OPEN, workspace_id=workspace_id, now=now)

    async def latest(self, user_id: str) -> Session | None:
        """Return the most recently used sign-in of a user. Sessions of programs are none."""
        row = await fetch_one(self._connection, _LATEST, {"user_id": user_id})
        return None if row is None else session_of(row)

    async def copy_preferences(self, session_id: str, earlier: str) -> None:
        """Give a session the preferences of an earlier one."""
        parameters = {"session_id": session_id, "earlier": earlier}
        await execute(self._connection, _COPY_PREFERENCES, parameters)

    async def of_user(
        self, user_id: str, now: dt.datetime, *, workspace_id: str | None = None
    ) -> list[Session]:
        """Return the active sessions of a user, of all kinds, in one workspace or in all."""
        return await self._sessions(_OF_USER, user_id=user_id, workspace_id=workspace_id, now=now)

    async def end_of_user(
        self, user_id: str, now: dt.datetime, *, besides: str = "", kind: str | None = None
    ) -> list[Session]:
        """End the sessions of a user, apart from one, and return them."""
        return await self._sessions(
            _END_OF_USER, user_id=user_id, besides=besides, kind=kind, now=now
        )

    async def sign_ins(self, user_id: str, now: dt.datetime) -> list[SignInRecord]:
        """Return the active sign-ins of a user, the last used one first, at most 200."""
        parameters = {"user_id": user_id, "now": now, "most": _MOST_SIGN_INS}
        rows = await fetch_all(self._connection, _SIGN_INS, parameters)
        return [
            SignInRecord(
                session_id=row["session_id"],
                created_at=row["created_at"],
                last_used_at=row["last_accessed_at"],
                expires_at=row["expires_at"],
                address=row["ip_address"],
                user_agent=row["user_agent"],
            )
            for row in rows
        ]

    async def end_sign_ins(
        self, user_id: str, now: dt.datetime, *, session_id: str = "", besides: str = ""
    ) -> list[Session]:
        """End one sign-in of a user, or all apart from one. Return them."""
        return await self._sessions(
            _END_SIGN_INS, user_id=user_id, session_id=session_id, besides=besides, now=now
        )

    async def end_of_token(self, token_id: str, now: dt.datetime) -> list[Session]:
        """End the session of an access token and those made with it, and return them."""
        return await self._sessions(_END_DERIVED, token_id=token_id, now=now)

    async def end_tokens(
        self, workspace_id: str, now: dt.datetime, *, user_id: str | None = None
    ) -> list[Session]:
        """End the access tokens for a workspace, of one user or all. Return their sessions."""
        return await self._sessions(
            _END_PROGRAMS, workspace_id=workspace_id, user_id=user_id, now=now
        )

    async def end_of_link(self, link_id: str, now: dt.datetime) -> list[Session]:
        """End the sessions of a link, and return them."""
        return await self._sessions(_END_OF_LINK, link_id=link_id, now=now)

    async def in_workspace(self, workspace_id: str, now: dt.datetime) -> list[Session]:
        """Return the active sessions whose active workspace it is."""
        return await self._sessions(_IN_WORKSPACE, workspace_id=workspace_id, now=now)

    async def leave(self, workspace_id: str) -> None:
        """Leave the sessions of a workspace without one."""
        await execute(self._connection, _LEAVE, {"workspace_id": workspace_id})

    async def switch(self, session_id: str, workspace_id: str) -> bool:
        """Make a workspace the active one of a sign-in. Return False for other sessions."""
        parameters = {"session_id": session_id, "workspace_id": workspace_id}
        return await execute(self._connection, _SWITCH, parameters) == 1

    async def _sessions(self, sql: str, **parameters: object) -> list[Session]:
        return [session_of(row) for row in await fetch_all(self._connection, sql, parameters)]
