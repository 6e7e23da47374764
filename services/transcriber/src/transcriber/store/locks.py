"""What a transaction can ask for: locks that all replicas share, and an unchanging view."""

from common.postgres import Connection, execute, fetch_one

_REPEATABLE_READ = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"

_ACQUIRE = "SELECT pg_advisory_xact_lock(hashtextextended('transcriber ' || %s, 0))"
_ACQUIRE_SHARED = "SELECT pg_advisory_xact_lock_shared(hashtextextended('transcriber ' || %s, 0))"
_TRY = "SELECT pg_try_advisory_xact_lock(hashtextextended('transcriber ' || %s, 0)) AS taken"

DISPATCH = "dispatch"
OUTBOX = "outbox"
QUEUE = "queue"
RECONCILE = "reconcile"
#: Shared from before the service for speakers is asked until what it said is written, and alone
#: while a change of a profile is followed: a change that the answer does not have yet comes after.
PROFILES = "profiles"


async def acquire(connection: Connection, name: str) -> None:
    """Takes a lock, waiting for whoever has it."""
    await fetch_one(connection, _ACQUIRE, (name,))


async def acquire_shared(connection: Connection, name: str) -> None:
    """Takes a lock together with others that share it, waiting for who has it alone."""
    await fetch_one(connection, _ACQUIRE_SHARED, (name,))


async def attempt(connection: Connection, name: str) -> bool:
    """Takes a lock unless another has it."""
    row = await fetch_one(connection, _TRY, (name,))
    return row is not None and bool(row["taken"])


async def repeatable_read(connection: Connection) -> None:
    """Has all statements of a transaction see the tables as they are at the first of them."""
    await execute(connection, _REPEATABLE_READ)


def voices_of(transcription_id: int) -> str:
    """Name of the lock under which the names of a transcription's speakers change."""
    return f"voices {transcription_id}"
