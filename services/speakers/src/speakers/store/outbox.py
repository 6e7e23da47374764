"""Events that a transaction decides on and that are published after it, come what may."""

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg.types.json import Jsonb

from common import events
from common.postgres import Connection, execute, fetch_all
from securetranscribe.v1 import event_pb2
from speakers.domain.profile import Profile

SOURCE = "speakers"

_ADD = "INSERT INTO outbox (subject, headers, payload) VALUES (%s, %s, %s)"
# Locked, so that several processes publish in order and nothing twice.
_NEXT = "SELECT id, subject, headers, payload FROM outbox ORDER BY id LIMIT %s FOR UPDATE"
_REMOVE = "DELETE FROM outbox WHERE id = ANY(%s)"


@dataclass(frozen=True, kw_only=True, slots=True)
class OutboxMessage:
    """A message that is still to be published."""

    id: int
    subject: str
    headers: dict[str, str]
    payload: bytes


class Outbox:
    """The table of events that are still to be published, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def updated(self, profile: Profile) -> None:
        """Says that a profile was made or changed."""
        data = event_pb2.SpeakerUpdated(speaker_id=profile.profile_id, name=profile.name)
        await self._add(event_pb2.Event(speaker_updated=data))

    async def deleted(self, profile_id: int, merged_into: int = 0) -> None:
        """Says that a profile is gone, or lives on in another."""
        data = event_pb2.SpeakerDeleted(speaker_id=profile_id, merged_into_speaker_id=merged_into)
        await self._add(event_pb2.Event(speaker_deleted=data))

    async def next(self, limit: int) -> list[OutboxMessage]:
        """The oldest messages, locked."""
        return [
            OutboxMessage(
                id=row["id"],
                subject=row["subject"],
                headers=row["headers"],
                payload=bytes(row["payload"]),
            )
            for row in await fetch_all(self._connection, _NEXT, (limit,))
        ]

    async def remove(self, ids: Sequence[int]) -> None:
        """Removes messages that have been published."""
        await execute(self._connection, _REMOVE, (list(ids),))

    async def _add(self, event: event_pb2.Event) -> None:
        ready = events.envelope(event, source=SOURCE)
        await execute(self._connection, _ADD, (ready.subject, Jsonb(ready.headers), ready.payload))
