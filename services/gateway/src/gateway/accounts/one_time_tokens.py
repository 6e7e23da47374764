"""One-time tokens: the setup of the first administrator, and links to set a password."""

import datetime as dt
import enum
from dataclasses import dataclass, field

from common.identity import hash_token
from common.postgres import Connection, execute, fetch_one
from gateway.sessions.tokens import looks_like_token, new_token

SETUP_LASTS = dt.timedelta(hours=24)
PASSWORD_LASTS = dt.timedelta(days=3)
# A new token replaces the earlier ones of the same purpose.
_FORGET = """
DELETE FROM account_links
WHERE expires_at <= %(now)s
   OR (kind = %(kind)s AND user_id IS NOT DISTINCT FROM %(user_id)s::text)
"""
_ADD = """
INSERT INTO account_links (token_sha256, kind, user_id, created_at, expires_at)
VALUES (%(token_sha256)s, %(kind)s, %(user_id)s, %(now)s, %(expires_at)s)
"""
_READ = """
SELECT user_id FROM account_links
WHERE token_sha256 = %(token_sha256)s AND kind = %(kind)s AND expires_at > %(now)s
"""
_TAKE = """
DELETE FROM account_links
WHERE token_sha256 = %(token_sha256)s AND kind = %(kind)s AND expires_at > %(now)s
RETURNING user_id
"""


class Purpose(enum.Enum):
    """What a one-time token is for."""

    SETUP = "setup"
    PASSWORD = "password"  # noqa: S105 - a word


@dataclass(frozen=True, kw_only=True)
class OneTimeToken:
    """A new token. Only its hash is stored."""

    token: str = field(repr=False)
    expires_at: dt.datetime


@dataclass(frozen=True, kw_only=True)
class Redeemed:
    """A token that was valid. `user_id` is empty for the setup."""

    user_id: str


class OneTimeTokens:
    """The table of one-time tokens, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def make(
        self, purpose: Purpose, now: dt.datetime, lasts: dt.timedelta, user_id: str = ""
    ) -> OneTimeToken:
        """Make a token, in place of earlier ones for the same purpose and user."""
        made = OneTimeToken(token=new_token(), expires_at=now + lasts)
        parameters = {
            "token_sha256": hash_token(made.token),
            "kind": purpose.value,
            "user_id": user_id or None,
            "now": now,
            "expires_at": made.expires_at,
        }
        await execute(self._connection, _FORGET, parameters)
        await execute(self._connection, _ADD, parameters)
        return made

    async def read(self, purpose: Purpose, token: str, now: dt.datetime) -> Redeemed | None:
        """Return whose token it is, None if it is not valid."""
        return await self._find(_READ, purpose, token, now)

    async def redeem(self, purpose: Purpose, token: str, now: dt.datetime) -> Redeemed | None:
        """Use up a token. Return None if it is not valid."""
        return await self._find(_TAKE, purpose, token, now)

    async def _find(
        self, sql: str, purpose: Purpose, token: str, now: dt.datetime
    ) -> Redeemed | None:
        if not looks_like_token(token):
            return None
        parameters = {"token_sha256": hash_token(token), "kind": purpose.value, "now": now}
        row = await fetch_one(self._connection, sql, parameters)
        return None if row is None else Redeemed(user_id=row["user_id"] or "")
