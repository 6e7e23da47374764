"""Locks that all replicas of the api share. They end with the transaction."""

from common.postgres import Connection, fetch_one

_WAIT = "SELECT pg_advisory_xact_lock(hashtextextended('transcriber ' || %s, 0))"
_TRY = "SELECT pg_try_advisory_xact_lock(hashtextextended('transcriber ' || %s, 0)) AS taken"

DISPATCH = "dispatch"
OUTBOX = "outbox"
QUEUE = "queue"
RECONCILE = "reconcile"


async def wait_for(connection: Connection, name: str) -> None:
    """Takes a lock, waiting for whoever has it."""
    await fetch_one(connection, _WAIT, (name,))


async def attempt(connection: Connection, name: str) -> bool:
    """Takes a lock unless another has it."""
    row = await fetch_one(connection, _TRY, (name,))
    return row is not None and bool(row["taken"])


def voices_of(transcription_id: int) -> str:
    """Name of the lock under which the names of a transcription's speakers change."""
    return f"voices {transcription_id}"
