"""Tables of links, their uses, and failed attempts to open them."""

import datetime as dt
import enum
from dataclasses import dataclass

from psycopg.rows import DictRow

from common.postgres import Connection, execute, fetch_all, fetch_one

#: Uses that are kept per link.
MOST_USES = 1000
#: How long failures count.
FAILURES_COUNT = dt.timedelta(minutes=15)

_ADD = """
INSERT INTO links (link_id, transcription_id, token_sha256, name, password_hash, without_audio,
                   expires_at)
VALUES (%(link_id)s, %(transcription_id)s, %(token_sha256)s, %(name)s, %(password_hash)s,
        %(without_audio)s, now() + %(lifetime)s::interval)
"""
_SELECT = """
SELECT l.*, l.expires_at <= now() AS expired,
       (SELECT count(*) FROM link_uses u WHERE u.link_id = l.link_id AND u.outcome = 'opened')
           AS uses,
       (SELECT workspace_id FROM transcriptions t WHERE t.id = l.transcription_id) AS workspace_id
FROM links l
"""
_LIST = f"{_SELECT} WHERE transcription_id = %s ORDER BY created_at DESC, link_id"
_GET = f"{_SELECT} WHERE transcription_id = %s AND link_id = %s"
_BY_TOKEN = f"""
{_SELECT} JOIN transcriptions t ON t.id = l.transcription_id
WHERE token_sha256 = %s AND t.trashed_at IS NULL
"""
_COUNT = """
SELECT count(*) AS links FROM links
WHERE transcription_id = %s AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())
"""
_REVOKE = """
UPDATE links SET revoked_at = coalesce(revoked_at, now())
WHERE transcription_id = %s AND link_id = %s RETURNING link_id
"""
_USE = """
INSERT INTO link_uses (link_id, address, outcome, visit_ends_at)
VALUES (%(link_id)s, %(address)s, %(outcome)s, %(visit_ends_at)s)
"""
_TRIM = """
DELETE FROM link_uses WHERE link_id = %(link_id)s AND use_id <= (
    SELECT use_id FROM link_uses WHERE link_id = %(link_id)s
    ORDER BY use_id DESC OFFSET %(most)s LIMIT 1)
"""
_USES = """
SELECT u.used_at, u.address, u.outcome, now() AS now,
       CASE WHEN u.outcome = 'opened' THEN least(u.visit_ends_at, l.expires_at, l.revoked_at) END
           AS ended_at,
       l.revoked_at
FROM link_uses u JOIN links l USING (link_id)
WHERE u.link_id = %s ORDER BY u.use_id DESC LIMIT %s
"""
_FORGET_FAILURES = "DELETE FROM link_failures WHERE failed_at < clock_timestamp() - %s::interval"
_FAIL = "INSERT INTO link_failures (network, link_id) VALUES (%(network)s, %(link_id)s)"
_FAILURES = """
SELECT count(*) FILTER (WHERE network = %(network)s) AS of_network,
       count(*) FILTER (WHERE link_id = %(link_id)s) AS of_link
FROM link_failures WHERE network = %(network)s OR link_id = %(link_id)s
"""
# Visitors who succeed at the same time take back one attempt each.
_SUCCEED = """
DELETE FROM link_failures WHERE ctid = (
    SELECT ctid FROM link_failures
    WHERE network = %(network)s AND link_id IS NOT DISTINCT FROM %(link_id)s
    ORDER BY failed_at DESC LIMIT 1 FOR UPDATE SKIP LOCKED)
"""


class UseOutcome(enum.StrEnum):
    """Outcome of an attempt to open a link. Only the first three have opened it."""

    OPENED = "opened"
    EXPIRED = "expired"
    REVOKED = "revoked"
    WRONG_PASSWORD = "wrong_password"  # noqa: S105 # pragma: allowlist secret
    TOO_LATE = "too_late"
    TOO_MANY = "too_many"


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """A link. `expires_at` is None for one that lasts, `password_hash` without a password."""

    link_id: str
    transcription_id: int
    workspace_id: str
    name: str
    password_hash: str | None
    without_audio: bool
    expired: bool
    created_at: dt.datetime
    expires_at: dt.datetime | None
    revoked_at: dt.datetime | None
    uses: int


@dataclass(frozen=True, kw_only=True, slots=True)
class LinkUse:
    """An attempt to open a link. `ended_at` is None while the access goes on, or was not given."""

    used_at: dt.datetime
    address: str
    outcome: UseOutcome
    ended_at: dt.datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Failures:
    """Number of recent failures, the current attempt included."""

    of_network: int
    of_link: int


class Links:
    """Repository of links, bound to one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(
        self,
        transcription_id: int,
        *,
        link_id: str,
        token_sha256: str,
        name: str,
        password_hash: str | None,
        without_audio: bool,
        lifetime: dt.timedelta | None,
    ) -> Link:
        """Insert a link and return it."""
        parameters = {
            "transcription_id": transcription_id,
            "link_id": link_id,
            "token_sha256": token_sha256,
            "name": name,
            "password_hash": password_hash,
            "without_audio": without_audio,
            "lifetime": lifetime,
        }
        await execute(self._connection, _ADD, parameters)
        found = await self.get(transcription_id, link_id)
        assert found is not None
        return found

    async def all(self, transcription_id: int) -> list[Link]:
        """Return the links to a transcription, newest first."""
        return [_link(row) for row in await fetch_all(self._connection, _LIST, (transcription_id,))]

    async def open_count(self, transcription_id: int) -> int:
        """Return how many links to a transcription can be opened."""
        row = await fetch_one(self._connection, _COUNT, (transcription_id,))
        return int(row["links"]) if row else 0

    async def get(self, transcription_id: int, link_id: str) -> Link | None:
        """Return one link to a transcription."""
        row = await fetch_one(self._connection, _GET, (transcription_id, link_id))
        return None if row is None else _link(row)

    async def by_token(self, token_sha256: str) -> Link | None:
        """Return the link with a token, unless its transcription is in the trash."""
        row = await fetch_one(self._connection, _BY_TOKEN, (token_sha256,))
        return None if row is None else _link(row)

    async def revoke(self, transcription_id: int, link_id: str) -> bool:
        """Revoke a link. Return whether it exists."""
        row = await fetch_one(self._connection, _REVOKE, (transcription_id, link_id))
        return row is not None

    async def used(
        self,
        link_id: str,
        address: str,
        outcome: UseOutcome,
        *,
        visit_ends_at: dt.datetime | None = None,
    ) -> None:
        """Record a use, and forget the oldest ones beyond the limit."""
        parameters = {
            "link_id": link_id,
            "address": address,
            "outcome": outcome,
            "visit_ends_at": visit_ends_at,
        }
        await execute(self._connection, _USE, parameters)
        await execute(self._connection, _TRIM, {"link_id": link_id, "most": MOST_USES})

    async def uses(self, link_id: str, limit: int) -> list[LinkUse]:
        """Return the uses of a link, latest first."""
        return [_use(row) for row in await fetch_all(self._connection, _USES, (link_id, limit))]

    async def failed(self, network: str, link_id: str | None) -> None:
        """Count an attempt as failed."""
        await execute(self._connection, _FORGET_FAILURES, (FAILURES_COUNT,))
        await execute(self._connection, _FAIL, {"network": network, "link_id": link_id})

    async def failures(self, network: str, link_id: str | None) -> Failures:
        """Return the number of recent failures.

        An attempt that has been committed before is counted by every later one.
        """
        parameters = {"network": network, "link_id": link_id}
        row = await fetch_one(self._connection, _FAILURES, parameters)
        assert row is not None
        return Failures(of_network=row["of_network"], of_link=row["of_link"])

    async def succeeded(self, network: str, link_id: str | None) -> None:
        """Take back that an attempt counts as failed."""
        await execute(self._connection, _SUCCEED, {"network": network, "link_id": link_id})


def _link(row: DictRow) -> Link:
    return Link(
        link_id=row["link_id"],
        transcription_id=row["transcription_id"],
        workspace_id=row["workspace_id"],
        name=row["name"],
        password_hash=row["password_hash"],
        without_audio=row["without_audio"],
        expired=bool(row["expired"]),
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        revoked_at=row["revoked_at"],
        uses=row["uses"],
    )


def _use(row: DictRow) -> LinkUse:
    outcome, ended_at = UseOutcome(row["outcome"]), row["ended_at"]
    if ended_at is None or ended_at > row["now"]:
        ended_at = None
    elif ended_at == row["revoked_at"]:
        outcome = UseOutcome.REVOKED
    else:
        outcome = UseOutcome.EXPIRED
    return LinkUse(
        used_at=row["used_at"], address=row["address"], outcome=outcome, ended_at=ended_at
    )
