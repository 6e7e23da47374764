"""Report of erasures, and those to be written to the ledger or to be repeated."""

from collections.abc import Sequence

from psycopg.rows import DictRow

from common.erasure_ledger import Erasure, ErasureKind
from common.postgres import Connection, execute, fetch_all, fetch_one, give_work, server_time
from transcriber.store import step_names

#: Time to write an erasure to the ledger at once.
LEDGER_SECONDS = 10.0
_ADD = """
INSERT INTO erasures (ledger_key, kind, subject, workspace_id, erased_at, reason, written)
VALUES (%(ledger_key)s, %(kind)s, %(subject)s, %(workspace_id)s, %(erased_at)s, %(reason)s,
        %(written)s)
ON CONFLICT (ledger_key) DO NOTHING
"""
# The process that added it usually writes it at once. One from the future is from a clock that was
# ahead.
_UNWRITTEN = """
SELECT * FROM erasures
WHERE NOT written
  AND NOT erased_at BETWEEN now() - make_interval(secs => %s) AND now() + interval '1 minute'
  AND NOT item_rests('ledger', ledger_key)
ORDER BY erased_at LIMIT %s
"""
_WRITTEN = "UPDATE erasures SET written = true WHERE ledger_key = %s"
_FOUND = """
INSERT INTO erasures (ledger_key, kind, subject, erased_at, reason, written, replay_due)
SELECT ledger_key, kind, subject, erased_at, %(reason)s, true, true
FROM unnest(%(keys)s::text[], %(kinds)s::text[], %(subjects)s::text[],
            %(times)s::timestamptz[]) AS found (ledger_key, kind, subject, erased_at)
ON CONFLICT (ledger_key) DO NOTHING
"""
_REPLAYS = """
SELECT * FROM erasures WHERE replay_due AND NOT item_rests('replays', ledger_key)
ORDER BY erased_at LIMIT %s
"""
_REPLAYED = "UPDATE erasures SET replay_due = false WHERE ledger_key = %s"
# Identifiers of erased transcriptions are not given out again after a restore.
_SKIP_IDS = """
SELECT setval(pg_get_serial_sequence('transcriptions', 'id'), %(id)s)
WHERE %(id)s > (SELECT last_value FROM transcriptions_id_seq)
"""
_PAGE = "SELECT * FROM erasures ORDER BY erased_at DESC, ledger_key LIMIT %s OFFSET %s"
_COUNT = "SELECT count(*) AS total FROM erasures"
_UNWRITTEN_COUNT = "SELECT count(*) AS total FROM erasures WHERE NOT written"

RESTORED = "restored from a backup after its erasure"


class Erasures:
    """The table of erasures, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(
        self,
        kind: ErasureKind,
        subject: str | int,
        *,
        workspace_id: str = "",
        reason: str,
        in_ledger: bool = True,
    ) -> Erasure:
        """Record an erasure carried out by this transaction. Return it for the ledger."""
        erasure = Erasure(
            kind=kind,
            subject=str(subject),
            workspace_id=workspace_id,
            erased_at=await server_time(self._connection),
            reason=reason,
        )
        parameters = {
            "ledger_key": erasure.key,
            "kind": kind,
            "subject": erasure.subject,
            "workspace_id": workspace_id,
            "erased_at": erasure.erased_at,
            "reason": reason,
            "written": not in_ledger,
        }
        await execute(self._connection, _ADD, parameters)
        if in_ledger:
            give_work(self._connection, step_names.LEDGER, after=LEDGER_SECONDS)
        return erasure

    async def unwritten(self, after_seconds: float, limit: int) -> list[Erasure]:
        """Return erasures of at least `after_seconds` ago missing from the ledger, oldest first."""
        return [
            _erasure(row)
            for row in await fetch_all(self._connection, _UNWRITTEN, (after_seconds, limit))
        ]

    async def written(self, erasure: Erasure) -> None:
        """Record that the ledger has an erasure."""
        await execute(self._connection, _WRITTEN, (erasure.key,))

    async def found(self, entries: Sequence[Erasure]) -> int:
        """Add entries of the ledger unknown here, to be repeated. Return their number."""
        parameters = {
            "keys": [entry.key for entry in entries],
            "kinds": [entry.kind for entry in entries],
            "subjects": [entry.subject for entry in entries],
            "times": [entry.erased_at for entry in entries],
            "reason": RESTORED,
        }
        return await execute(self._connection, _FOUND, parameters)

    async def replays(self, limit: int) -> list[Erasure]:
        """Return erasures to be repeated, oldest first."""
        return [_erasure(row) for row in await fetch_all(self._connection, _REPLAYS, (limit,))]

    async def replayed(self, erasure: Erasure) -> None:
        """Record that an erasure was repeated."""
        await execute(self._connection, _REPLAYED, (erasure.key,))

    async def skip_ids(self, transcription_id: int) -> None:
        """Never give out the identifiers of transcriptions up to this one again."""
        await fetch_one(self._connection, _SKIP_IDS, {"id": transcription_id})

    async def page(self, limit: int, offset: int) -> tuple[list[Erasure], int]:
        """Return a page of the report, newest first, and the number of all erasures."""
        rows = await fetch_all(self._connection, _PAGE, (limit, offset))
        return [_erasure(row) for row in rows], await self._number(_COUNT)

    async def unwritten_count(self) -> int:
        """Return the number of erasures missing from the ledger."""
        return await self._number(_UNWRITTEN_COUNT)

    async def _number(self, sql: str) -> int:
        row = await fetch_one(self._connection, sql)
        return int(row["total"]) if row else 0


def _erasure(row: DictRow) -> Erasure:
    return Erasure(
        kind=ErasureKind(row["kind"]),
        subject=row["subject"],
        workspace_id=row["workspace_id"],
        erased_at=row["erased_at"],
        reason=row["reason"],
    )
