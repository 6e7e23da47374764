"""Storage of webhooks in Postgres. Secrets are stored encrypted."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

from psycopg.rows import DictRow

from common.postgres import Connection, execute, fetch_all, fetch_one
from gateway.webhooks.webhook import Webhook

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('webhooks of ' || %s, 0))"
_ADD = """
INSERT INTO webhooks (
    webhook_id, workspace_id, url, description, events, secret, active, paused_at, created_at,
    updated_at
) VALUES (
    %(webhook_id)s, %(workspace_id)s, %(url)s, %(description)s, %(events)s, %(secret)s, %(active)s,
    CASE WHEN %(active)s THEN NULL ELSE %(now)s::timestamptz END, %(now)s, %(now)s
) RETURNING *
"""
_LIST = """
SELECT * FROM webhooks WHERE workspace_id = %(workspace_id)s ORDER BY created_at, webhook_id
"""
_GET = """
SELECT * FROM webhooks WHERE workspace_id = %(workspace_id)s AND webhook_id = %(webhook_id)s
"""
# Becoming active forgets the failures before. A new address has none, either.
_UPDATE = """
UPDATE webhooks SET
    url = coalesce(%(url)s, url),
    description = coalesce(%(description)s, description),
    events = coalesce(%(events)s, events),
    active = coalesce(%(active)s, active),
    paused_reason = CASE WHEN %(active)s THEN '' ELSE paused_reason END,
    paused_at = CASE
        WHEN %(active)s THEN NULL
        WHEN NOT coalesce(%(active)s, active) AND active THEN %(now)s
        ELSE paused_at
    END,
    failures = CASE WHEN %(active)s OR %(url)s <> url THEN 0 ELSE failures END,
    failing_since = CASE WHEN %(active)s OR %(url)s <> url THEN NULL ELSE failing_since END,
    held_until = CASE WHEN %(active)s OR %(url)s <> url THEN NULL ELSE held_until END,
    updated_at = %(now)s
WHERE workspace_id = %(workspace_id)s AND webhook_id = %(webhook_id)s
RETURNING *
"""
_ROTATE = """
UPDATE webhooks SET
    previous_secret = CASE WHEN %(until)s > %(now)s THEN secret END,
    previous_until = CASE WHEN %(until)s > %(now)s THEN %(until)s END,
    secret = %(secret)s,
    updated_at = %(now)s
WHERE workspace_id = %(workspace_id)s AND webhook_id = %(webhook_id)s
RETURNING *
"""
_DELETE = """
DELETE FROM webhooks WHERE workspace_id = %(workspace_id)s AND webhook_id = %(webhook_id)s
"""
_ERASE = "DELETE FROM webhooks WHERE workspace_id = %(workspace_id)s"
_FORGET_SECRETS = """
UPDATE webhooks SET previous_secret = NULL, previous_until = NULL WHERE previous_until <= %(now)s
"""
_COUNTS = """
SELECT count(*) FILTER (WHERE active) AS active,
       count(*) FILTER (WHERE NOT active AND paused_reason <> '') AS paused
FROM webhooks
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class NewWebhook:
    """Values of a webhook to be created."""

    url: str
    events: Sequence[str]
    description: str = ""
    active: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class WebhookChanges:
    """Changes of a webhook. None leaves a value as it is."""

    url: str | None = None
    events: Sequence[str] | None = None
    description: str | None = None
    active: bool | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Identified:
    """A new webhook with its identifier and its encrypted secret."""

    webhook_id: str
    workspace_id: str
    new: NewWebhook
    secret: bytes = field(repr=False)


class WebhookStore:
    """Webhooks within one transaction. Every statement names the workspace."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def lock(self, workspace_id: str) -> None:
        """Wait until no other request adds webhooks to a workspace, and keep others waiting."""
        await fetch_one(self._connection, _LOCK, (workspace_id,))

    async def add(self, made: Identified, now: dt.datetime) -> Webhook:
        """Store a new webhook."""
        row = await fetch_one(
            self._connection,
            _ADD,
            {
                "webhook_id": made.webhook_id,
                "workspace_id": made.workspace_id,
                "url": made.new.url,
                "description": made.new.description,
                "events": list(made.new.events),
                "secret": made.secret,
                "active": made.new.active,
                "now": now,
            },
        )
        assert row is not None
        return _webhook(row)

    async def listed(self, workspace_id: str) -> list[Webhook]:
        """Return the webhooks of a workspace, the oldest first."""
        rows = await fetch_all(self._connection, _LIST, {"workspace_id": workspace_id})
        return [_webhook(row) for row in rows]

    async def get(self, workspace_id: str, webhook_id: str) -> Webhook | None:
        """Return a webhook of a workspace."""
        return await self._one(_GET, workspace_id, webhook_id)

    async def update(
        self, workspace_id: str, webhook_id: str, changes: WebhookChanges, now: dt.datetime
    ) -> Webhook | None:
        """Change a webhook of a workspace."""
        events = None if changes.events is None else list(changes.events)
        return await self._one(
            _UPDATE,
            workspace_id,
            webhook_id,
            url=changes.url,
            events=events,
            description=changes.description,
            active=changes.active,
            now=now,
        )

    async def rotate(
        self,
        workspace_id: str,
        webhook_id: str,
        secret: bytes,
        *,
        until: dt.datetime,
        now: dt.datetime,
    ) -> Webhook | None:
        """Replace the secret. The one before signs too until a time."""
        return await self._one(
            _ROTATE, workspace_id, webhook_id, secret=secret, until=until, now=now
        )

    async def delete(self, workspace_id: str, webhook_id: str) -> bool:
        """Delete a webhook with its log. Return whether there was one."""
        parameters = {"workspace_id": workspace_id, "webhook_id": webhook_id}
        return await execute(self._connection, _DELETE, parameters) == 1

    async def erase(self, workspace_id: str) -> int:
        """Delete all webhooks of a workspace. Return their number."""
        return await execute(self._connection, _ERASE, {"workspace_id": workspace_id})

    async def forget_secrets(self, now: dt.datetime) -> None:
        """Forget earlier secrets after the end of their overlap."""
        await execute(self._connection, _FORGET_SECRETS, {"now": now})

    async def counts(self) -> tuple[int, int]:
        """Return how many webhooks are active, and how many are paused after failures."""
        row = await fetch_one(self._connection, _COUNTS)
        assert row is not None
        return int(row["active"]), int(row["paused"])

    async def _one(
        self, statement: str, workspace_id: str, webhook_id: str, **parameters: object
    ) -> Webhook | None:
        values = {"workspace_id": workspace_id, "webhook_id": webhook_id, **parameters}
        row = await fetch_one(self._connection, statement, values)
        return None if row is None else _webhook(row)


def _webhook(row: DictRow) -> Webhook:
    return Webhook(
        webhook_id=row["webhook_id"],
        workspace_id=row["workspace_id"],
        url=row["url"],
        description=row["description"],
        events=tuple(row["events"]),
        active=row["active"],
        paused_reason=row["paused_reason"],
        paused_at=row["paused_at"],
        failures=row["failures"],
        failing_since=row["failing_since"],
        previous_until=row["previous_until"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
