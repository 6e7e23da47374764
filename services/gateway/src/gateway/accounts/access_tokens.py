"""Access tokens of programs."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field

from psycopg.rows import DictRow

from common import rights
from common.audit import call as audited
from common.errors import AuthorizationError, NotFoundError, ResourceExhaustedError, ValidationError
from common.identity import Grant, Scope, hash_token
from common.postgres import Connection, Database, execute, fetch_all, fetch_one
from common.rights import Right
from gateway.accounts.memberships import Memberships
from gateway.accounts.user import AccessToken, checked_name, new_id
from gateway.sessions.lasting import LastingSessions
from gateway.sessions.registry import SessionRegistry
from gateway.sessions.session import Kind
from gateway.sessions.store import NewSession, insert_session
from gateway.sessions.tokens import new_access_token, new_session_id

MIN_LASTS = dt.timedelta(hours=1)
MAX_LASTS = dt.timedelta(days=3650)
DEFAULT_LASTS = dt.timedelta(days=90)
_MOST = 100
_HINT = 8
_ADD = """
INSERT INTO access_tokens (token_id, session_id, name, scopes, hint)
VALUES (%(token_id)s, %(session_id)s, %(name)s, %(scopes)s, %(hint)s)
"""
# A new token that has not been used yet was last used when it was made.
_LIST = """
SELECT access_tokens.*, sessions.user_id, sessions.workspace_id, sessions.created_at,
    sessions.expires_at, users.name AS user_name,
    nullif(sessions.last_accessed_at, sessions.created_at) AS last_used_at
FROM access_tokens
JOIN sessions ON sessions.session_id = access_tokens.session_id
JOIN users ON users.user_id = sessions.user_id
WHERE sessions.revoked_at IS NULL AND sessions.expires_at > %(now)s
  AND (sessions.user_id = %(user_id)s OR sessions.workspace_id = %(managed)s)
ORDER BY sessions.created_at DESC, access_tokens.token_id
"""
_GET = """
SELECT access_tokens.*, sessions.user_id, sessions.workspace_id, sessions.created_at,
    sessions.expires_at, users.name AS user_name,
    nullif(sessions.last_accessed_at, sessions.created_at) AS last_used_at
FROM access_tokens
JOIN sessions ON sessions.session_id = access_tokens.session_id
JOIN users ON users.user_id = sessions.user_id
WHERE access_tokens.token_id = %(token_id)s AND sessions.revoked_at IS NULL
"""


@dataclass(frozen=True, kw_only=True)
class NewAccessToken:
    """Values of an access token to be created. Without a workspace, it is the active one."""

    name: str
    scopes: frozenset[Scope]
    workspace_id: str = ""
    lasts: dt.timedelta = DEFAULT_LASTS


@dataclass(frozen=True, kw_only=True)
class MadeAccessToken:
    """A new access token, with its secret. The secret is not stored."""

    access_token: AccessToken
    secret: str = field(repr=False)


class AccessTokens:
    """Creates, lists and revokes access tokens."""

    def __init__(self, database: Database, registry: SessionRegistry) -> None:
        self._database = database
        self._registry = registry

    async def create(self, caller: Grant, new: NewAccessToken) -> MadeAccessToken:
        """Create an access token with the caller's rights in a workspace, limited to scopes.

        Raises:
            AuthorizationError: the caller is no signed-in person.
            NotFoundError: the caller is not a member of the workspace.
            ResourceExhaustedError: the caller has too many tokens.
            ValidationError: a value is not permitted.
        """
        if not caller.user_id or caller.scopes is not None:
            raise AuthorizationError("Only people who sign in may create access tokens.")
        if not new.scopes:
            raise ValidationError.of("scopes", "Name at least one scope.")
        if not MIN_LASTS <= new.lasts <= MAX_LASTS:
            raise ValidationError.of("expires_in_days", "A token lasts an hour to ten years.")
        name, now = checked_name(new.name), self._registry.now()
        workspace_id = new.workspace_id or caller.workspace_id
        secret, token_id, session_id = new_access_token(), new_id("token"), new_session_id()
        async with self._database.transaction() as connection:
            if await Memberships(connection).get(workspace_id, caller.user_id) is None:
                raise NotFoundError("There is no such workspace, or you are not a member of it.")
            own = {"user_id": caller.user_id, "managed": "", "now": now}
            if len(await fetch_all(connection, _LIST, own)) >= _MOST:
                raise ResourceExhaustedError(f"You have {_MOST} access tokens. Revoke some first.")
            session = NewSession(
                session_id=session_id,
                workspace_id=workspace_id,
                token_sha256=hash_token(secret),
                user_identifier="",
                user_agent="",
                ip_address="",
                expires_at=now + new.lasts,
                kind=Kind.ACCESS_TOKEN,
                user_id=caller.user_id,
                token_id=token_id,
                ends_at=now + new.lasts,
            )
            await insert_session(connection, session, now)
            parameters = {
                "token_id": token_id,
                "session_id": session_id,
                "name": name,
                "scopes": _words(new.scopes),
                "hint": secret[:_HINT],
            }
            await execute(connection, _ADD, parameters)
            made = await _get(connection, token_id)
        assert made is not None
        audited.concerns(workspace_id, token_id)
        return MadeAccessToken(access_token=made, secret=secret)

    async def listed(self, caller: Grant) -> list[AccessToken]:
        """Return the caller's tokens, and all of the active workspace for its managers."""
        if not caller.user_id:
            raise AuthorizationError("Only people who sign in have access tokens.")
        manages = rights.allows(caller, Right.MANAGE, caller.workspace_id)
        parameters = {
            "user_id": caller.user_id if caller.scopes is None or manages else "",
            "managed": caller.workspace_id if manages else "",
            "now": self._registry.now(),
        }
        return [_token(row) for row in await self._database.fetch_all(_LIST, parameters)]

    async def revoke(self, caller: Grant, token_id: str) -> None:
        """End an access token and the sessions made with it.

        For its user, and for managers of its workspace.

        Raises:
            NotFoundError: there is no such token.
        """
        now = self._registry.now()
        async with self._database.transaction() as connection:
            found = await _get(connection, token_id)
            if found is None or not _may_revoke(caller, found):
                raise NotFoundError("There is no such access token.")
            ended = await LastingSessions(connection).end_of_token(token_id, now)
        await self._registry.ended(ended)


def _may_revoke(caller: Grant, found: AccessToken) -> bool:
    own = caller.user_id == found.user_id and caller.scopes is None
    return own or rights.allows(caller, Right.MANAGE, found.workspace_id)


async def _get(connection: Connection, token_id: str) -> AccessToken | None:
    row = await fetch_one(connection, _GET, {"token_id": token_id})
    return None if row is None else _token(row)


def _words(scopes: Iterable[Scope]) -> list[str]:
    return [scope.value for scope in Scope if scope in scopes]


def _token(row: DictRow) -> AccessToken:
    return AccessToken(
        token_id=row["token_id"],
        session_id=row["session_id"],
        name=row["name"],
        user_id=row["user_id"],
        user_name=row["user_name"],
        workspace_id=row["workspace_id"],
        scopes=frozenset(map(Scope, row["scopes"])),
        hint=row["hint"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        last_used_at=row["last_used_at"],
    )
