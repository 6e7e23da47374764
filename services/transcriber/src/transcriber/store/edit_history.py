"""History of edited transcripts: revisions, and batches with their effects."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from common.errors import ValidationError
from common.identity import Grant
from common.postgres import Connection, execute, fetch_all, fetch_one, give_work
from transcriber.editing import encoding
from transcriber.editing.effects import Effects
from transcriber.editing.history import BatchKind, Entry
from transcriber.editing.operations import Operation, SpeakerSource
from transcriber.outbox import messages
from transcriber.store import step_names
from transcriber.store.outbox import JobOutbox
from transcriber.store.word_times import PAUSE_SECONDS

_LOCK = """
SELECT revision, machine_revision, coalesce(transcript_at, created_at) AS transcript_at,
       transcript_at IS NULL AS live
FROM transcriptions
WHERE id = %s AND workspace_id = %s AND (transcript_at IS NOT NULL OR live_text)
  AND trashed_at IS NULL
FOR NO KEY UPDATE
"""
_HEAD = """
SELECT revision, machine_revision, coalesce(transcript_at, created_at) AS transcript_at,
       transcript_at IS NULL AS live
FROM transcriptions
WHERE id = %s AND workspace_id = %s AND (transcript_at IS NOT NULL OR live_text)
  AND trashed_at IS NULL
"""
_ADVANCE = """
UPDATE transcriptions SET revision = %(revision)s WHERE id = %(id)s
RETURNING session_id, workspace_id
"""
_RECORD = """
INSERT INTO transcript_batches (
    transcription_id, revision, author, request_id, kind, target, operations, effects)
VALUES (
    %(id)s, %(revision)s, %(author)s, %(request_id)s, %(kind)s, %(target)s, %(operations)s,
    %(effects)s)
"""
_ENTRIES = """
SELECT revision, author, kind, target, created_at, operations, source FROM transcript_batches
WHERE transcription_id = %s ORDER BY revision
"""
_REPEATED = """
SELECT revision FROM transcript_batches
WHERE transcription_id = %s AND author = %s AND request_id = %s
"""
_REPLACED = """
SELECT batch.transcription_id, batch.revision
FROM transcript_batches AS batch
JOIN transcriptions ON transcriptions.id = batch.transcription_id
WHERE transcriptions.workspace_id = %s AND transcriptions.trashed_at IS NULL
  AND batch.author = %s AND batch.request_id = %s
ORDER BY batch.transcription_id
"""
_STACK = """
SELECT revision, author, kind, target FROM transcript_batches
WHERE transcription_id = %s AND author = %s AND revision > %s ORDER BY revision
"""
_EFFECTS = "SELECT effects FROM transcript_batches WHERE transcription_id = %s AND revision = %s"
_BATCHES = """
SELECT batch.revision, batch.author, batch.kind, batch.target, own.effects,
       CASE WHEN own.operations @> '[{"kind": "ImportTranscript", "text": true}]'
            THEN own.operations -> 0 ->> 'speakers' END AS imported
FROM transcript_batches AS batch
JOIN transcript_batches AS own
  ON own.transcription_id = batch.transcription_id
 AND own.revision = CASE batch.target WHEN 0 THEN batch.revision ELSE batch.target END
WHERE batch.transcription_id = %s AND batch.revision > %s AND batch.revision <= %s
ORDER BY batch.revision
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """The newest revision of a transcript, and its machine version with its time.

    It is `live` if the text is that of a live session, whose transcript is still to come.
    """

    revision: int
    machine_revision: int
    transcript_at: dt.datetime
    live: bool = False

    def check_base(self, base: int) -> None:
        """Check that edits can be made on a revision.

        Raises:
            ValidationError: there is no such revision, or it is of an earlier machine version.
        """
        if not self.machine_revision <= base <= self.revision:
            raise ValidationError.of(
                "revision",
                f"Edits can be made on the revisions {self.machine_revision} to {self.revision}.",
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class HistoryEntry:
    """A batch as the history lists it.

    `source` is the revision that it repeats on a new machine version, 0 for none.
    """

    entry: Entry
    created_at: dt.datetime
    operations: Sequence[Operation]
    source: int = 0


class EditHistory:
    """The batches of one transcription, within one transaction."""

    def __init__(self, connection: Connection, transcription_id: int) -> None:
        self._connection = connection
        self._id = transcription_id

    @property
    def connection(self) -> Connection:
        """The connection of the transaction."""
        return self._connection

    @property
    def transcription_id(self) -> int:
        """The transcription."""
        return self._id

    async def lock(self, workspace_id: str) -> Head | None:
        """Lock a workspace's transcript. Return None if there is none."""
        return _head(await fetch_one(self._connection, _LOCK, (self._id, workspace_id)))

    async def head(self, workspace_id: str) -> Head | None:
        """Return the newest revision of a workspace's transcript, None if there is none."""
        return _head(await fetch_one(self._connection, _HEAD, (self._id, workspace_id)))

    async def repeated(self, author: str, request_id: str) -> int | None:
        """Return the revision made by a request earlier."""
        row = await fetch_one(self._connection, _REPEATED, (self._id, author, request_id))
        return None if row is None else row["revision"]

    async def record(
        self,
        entry: Entry,
        operations: Iterable[Operation],
        effects: Effects,
        request_id: str = "",
    ) -> None:
        """Append a batch to the history, make its revision the newest, and announce it."""
        parameters: dict[str, Any] = {
            "id": self._id,
            "revision": entry.revision,
            "author": entry.author,
            "request_id": request_id or None,
            "kind": entry.kind,
            "target": entry.target,
            "operations": Jsonb([encoding.operation_to_json(item) for item in operations]),
            "effects": Jsonb(encoding.effects_to_json(effects)),
        }
        await execute(self._connection, _RECORD, parameters)
        row = await fetch_one(
            self._connection, _ADVANCE, {"id": self._id, "revision": entry.revision}
        )
        assert row is not None, "its row is locked"
        owner = Grant(session_id=row["session_id"], workspace_id=row["workspace_id"])
        await JobOutbox(self._connection).event(messages.transcript_edited(self._id, owner, entry))
        give_work(self._connection, step_names.WORD_TIMES, after=PAUSE_SECONDS)

    async def stack(self, author: str, since: int) -> list[Entry]:
        """Return the batches of an author behind a revision, in order."""
        rows = await fetch_all(self._connection, _STACK, (self._id, author, since))
        return [_entry(row) for row in rows]

    async def effects(self, revision: int) -> Effects:
        """Return the effects of a batch."""
        row = await fetch_one(self._connection, _EFFECTS, (self._id, revision))
        assert row is not None
        return encoding.effects_from_json(row["effects"])

    async def history(self) -> list[HistoryEntry]:
        """Return all batches in order, without their effects."""
        return [
            HistoryEntry(
                entry=_entry(row),
                created_at=row["created_at"],
                operations=[encoding.operation_from_json(item) for item in row["operations"]],
                source=row["source"],
            )
            for row in await fetch_all(self._connection, _ENTRIES, (self._id,))
        ]

    async def batches(self, after: int, until: int) -> list[tuple[Entry, Effects]]:
        """Return the batches behind a revision up to another one, in order.

        An undo or redo has the effects of its target.
        """
        rows = await fetch_all(self._connection, _BATCHES, (self._id, after, until))
        return [(_entry(row), encoding.effects_from_json(row["effects"])) for row in rows]


async def requested_batches(
    connection: Connection, workspace_id: str, author: str, request_id: str
) -> list[tuple[int, int]]:
    """Return the transcriptions and revisions of the batches with one request, in order."""
    rows = await fetch_all(connection, _REPLACED, (workspace_id, author, request_id))
    return [(row["transcription_id"], row["revision"]) for row in rows]


def _head(row: DictRow | None) -> Head | None:
    if row is None:
        return None
    return Head(
        revision=row["revision"],
        machine_revision=row["machine_revision"],
        transcript_at=row["transcript_at"],
        live=row["live"],
    )


def _entry(row: DictRow) -> Entry:
    return Entry(
        revision=row["revision"],
        author=row["author"],
        kind=BatchKind(row["kind"]),
        target=row["target"],
        imported=SpeakerSource(row["imported"]) if row.get("imported") else None,
    )
