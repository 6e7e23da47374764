"""Advisory locks shared by all replicas, within one transaction."""

from common.postgres import Connection, fetch_one

_ACQUIRE = "SELECT pg_advisory_xact_lock(hashtextextended('transcriber ' || %s, 0))"
_ACQUIRE_SHARED = "SELECT pg_advisory_xact_lock_shared(hashtextextended('transcriber ' || %s, 0))"

DISPATCH = "dispatch"
QUEUE = "queue"
#: Shared from the request to the speakers service until its answer is stored. Held exclusively
#: while a change of a profile is followed, so that a change newer than the answer is applied after
#: it.
PROFILES = "profiles"


async def acquire(connection: Connection, name: str) -> None:
    """Take a lock exclusively until the transaction ends, waiting for other holders."""
    await fetch_one(connection, _ACQUIRE, (name,))


async def acquire_shared(connection: Connection, name: str) -> None:
    """Take a lock together with other shared holders, waiting for an exclusive one."""
    await fetch_one(connection, _ACQUIRE_SHARED, (name,))


def names_of(transcription_id: int) -> str:
    """Return the lock under which the names of a transcription's speakers change."""
    return f"voices {transcription_id}"


def storage_of(workspace_id: str) -> str:
    """Return the lock under which a workspace reserves storage."""
    return f"storage {workspace_id}"


def storage_at(origin: str) -> str:
    """Return the lock under which uploads from one network reserve storage.

    Callers take the lock of the workspace first.
    """
    return f"storage at {origin}"


def vocabulary_of(workspace_id: str) -> str:
    """Return the lock under which a workspace's vocabulary changes."""
    return f"vocabulary {workspace_id}"


def library_of(workspace_id: str) -> str:
    """Return the lock under which the tags and folders of a workspace change."""
    return f"library {workspace_id}"
