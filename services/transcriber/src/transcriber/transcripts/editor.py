"""Edits of stored transcripts: execution, undo and redo, history, and earlier revisions."""

import asyncio
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from common.errors import NotFoundError, StateError
from common.postgres import Database
from transcriber.editing import editor, history, restoration, views
from transcriber.editing.document import Document
from transcriber.editing.effects import Effects
from transcriber.editing.errors import EditConflictError
from transcriber.editing.history import BatchKind, Entry, Stacks
from transcriber.editing.items import ItemId, SegmentItem, WordItem
from transcriber.editing.operations import Operation, SetTimes
from transcriber.editing.views import SegmentView
from transcriber.names import due_work
from transcriber.store.edit_history import EditHistory, Head, HistoryEntry
from transcriber.store.edits import LoadedDocument, TranscriptEdits
from transcriber.store.machine_versions import MachineVersions
from transcriber.store.observations import Observations
from transcriber.store.repeated_edits import RepeatedEdits
from transcriber.transcripts import live_edits
from transcriber.transcripts.restorations import restorable
from transcriber.transcripts.revisions import Revisions
from transcriber.transcripts.stretches import PastPage, Window
from transcriber.vocabulary import observations

#: Earlier revisions that are computed at the same time. Each takes memory for a whole transcript.
_AT_A_TIME = 2
_IDENTIFIERS = ("first", "last", "segment", "second", "after", "word")


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """Result of a batch. `changed` are the segments that changed or are new, `removed` are gone."""

    revision: int
    changed: Sequence[SegmentView] = ()
    removed: Sequence[ItemId] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Toggled:
    """Result of an undo or redo, and the batch that it concerned."""

    revision: int
    target: int


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """All batches of a transcript, and what the caller can take back and repeat.

    `versions` has the revisions of earlier machine versions, and when they were made.
    """

    head: Head
    versions: Sequence[tuple[int, dt.datetime]]
    entries: Sequence[HistoryEntry]
    stacks: Stacks


class TranscriptEditor:
    """Edits the transcripts of a workspace on behalf of an author."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._computing = asyncio.Semaphore(_AT_A_TIME)

    async def edit(
        self,
        transcription_id: int,
        workspace_id: str,
        author: str,
        operations: Sequence[Operation],
        *,
        base: int,
        request_id: str = "",
    ) -> Edited:
        """Execute a batch of operations on the newest revision.

        Raises:
            NotFoundError: the workspace has no such transcript.
            ValidationError: an operation makes no sense, or there is no such revision.
            StateError: the text is that of a live session, which this would divide.
            EditConflictError: the same parts have changed since the base revision.
        """
        try:
            async with self._database.transaction() as connection:
                edits = TranscriptEdits(connection, transcription_id)
                head = await _locked(edits, workspace_id)
                earlier = await edits.log.repeated(author, request_id) if request_id else None
                if earlier is not None:
                    return Edited(revision=earlier)
                head.check_base(base)
                if head.live:
                    live_edits.check(operations)
                entry = Entry(revision=head.revision + 1, author=author)
                loaded = await edits.load(head, map(places_of, operations), notes_of(operations))
                before = _shown(loaded)
                effects = await run_batch(
                    edits, loaded, operations, entry, base=base, request_id=request_id
                )
                if not effects:
                    return Edited(revision=head.revision)
                await observations.learn(
                    connection, transcription_id, loaded.document, effects, revision=entry.revision
                )
            return _difference(entry.revision, before, _shown(loaded))
        except EditConflictError as error:
            versions = await self._versions(transcription_id, workspace_id, base, error)
            error.details.update(versions)
            raise

    async def undo(self, transcription_id: int, workspace_id: str, author: str) -> Toggled:
        """Take back the author's last batch.

        Raises:
            NotFoundError: the workspace has no such transcript.
            StateError: there is nothing to take back.
            BuiltUponError: somebody else has changed the same parts since.
        """
        return await self._toggle(transcription_id, workspace_id, author, BatchKind.UNDO)

    async def undo_batch(
        self, transcription_id: int, workspace_id: str, author: str, revision: int
    ) -> Toggled:
        """Take back one of the author's batches, which need not be the last.

        Raises:
            NotFoundError: the workspace has no such transcript.
            StateError: the batch is undone already, or is not the author's.
            BuiltUponError: the same parts have changed since.
        """
        return await self._toggle(
            transcription_id, workspace_id, author, BatchKind.UNDO, revision=revision
        )

    async def redo(self, transcription_id: int, workspace_id: str, author: str) -> Toggled:
        """Repeat the author's last batch that was taken back.

        Raises:
            NotFoundError: the workspace has no such transcript.
            StateError: there is nothing to repeat.
            BuiltUponError: somebody else has changed the same parts since.
        """
        return await self._toggle(transcription_id, workspace_id, author, BatchKind.REDO)

    async def restore(
        self, transcription_id: int, workspace_id: str, author: str, revision: int
    ) -> Edited:
        """Make an earlier revision the current one.

        Raises:
            NotFoundError: the workspace has no such transcript, or it has no such revision.
            StateError: the text is that of a live session.
        """
        async with self._database.transaction() as connection:
            edits = TranscriptEdits(connection, transcription_id)
            head = await _locked(edits, workspace_id)
            if head.live:
                live_edits.refuse()
            found = await restorable(edits, head, revision)
            loaded = found.loaded
            # Seconds of work if most of a very long transcript has changed.
            before = await asyncio.to_thread(_shown, loaded)
            entry = Entry(revision=head.revision + 1, author=author)
            effects = await asyncio.to_thread(
                restoration.restore,
                loaded.document,
                found.target,
                revision=entry.revision,
                names=found.names,
            )
            if not effects:
                return Edited(revision=head.revision)
            await edits.store(loaded)
            await edits.log.record(entry, (), effects)
            await due_work.schedule(connection, transcription_id, loaded.document, effects)
            await Observations(connection, transcription_id).forget_after(revision)
        after = await asyncio.to_thread(_shown, loaded)
        return _difference(entry.revision, before, after)

    async def history(self, transcription_id: int, workspace_id: str, author: str) -> History:
        """Return the history of a transcript.

        Raises:
            NotFoundError: the workspace has no such transcript.
        """
        async with self._database.transaction() as connection:
            edits = TranscriptEdits(connection, transcription_id)
            head = _existing(await edits.log.head(workspace_id))
            stack = history.stacks(await edits.log.stack(author, head.machine_revision), author)
            return History(
                head=head,
                versions=await MachineVersions(connection, transcription_id).times(),
                entries=await edits.log.history(),
                stacks=stack,
            )

    async def past(
        self, transcription_id: int, workspace_id: str, revision: int, window: Window
    ) -> PastPage:
        """Return a part of an earlier revision.

        Raises:
            NotFoundError: the workspace has no such transcript, or it has no such revision.
        """
        # Seconds of work for a very long transcript with thousands of edits.
        async with self._computing, self._database.snapshot() as connection:
            head = _existing(await EditHistory(connection, transcription_id).head(workspace_id))
            return await Revisions(connection, transcription_id).page(head, revision, window)

    async def _toggle(
        self,
        transcription_id: int,
        workspace_id: str,
        author: str,
        kind: BatchKind,
        *,
        revision: int | None = None,
    ) -> Toggled:
        async with self._database.transaction() as connection:
            edits = TranscriptEdits(connection, transcription_id)
            head = await _locked(edits, workspace_id)
            stacks = history.stacks(await edits.log.stack(author, head.machine_revision), author)
            targets = stacks.undo if kind is BatchKind.UNDO else stacks.redo
            if revision is not None:
                # It may have been repeated on a new machine version.
                revision = await RepeatedEdits(connection, transcription_id).latest(revision)
            if not targets or (revision is not None and revision not in targets):
                raise StateError(f"There is nothing to {kind}.", {"reason": "NOTHING_TO_DO"})
            target = targets[-1] if revision is None else revision
            entry = Entry(revision=head.revision + 1, author=author, kind=kind, target=target)
            effects = await edits.log.effects(entry.target)
            notes = [
                *(note.id for note in effects.notes),
                *(change.item for change in effects.changes if isinstance(change.item, ItemId)),
            ]
            stretches = [
                (item_id,)
                for item_id in (
                    *effects.places(),
                    *(item.id for part in effects.insertions for item in part.items),
                )
            ]
            loaded = await edits.load(head, stretches, notes)
            history.replay(loaded.document, entry, effects)
            await edits.store(loaded)
            await edits.log.record(entry, (), Effects())
            await due_work.schedule(connection, transcription_id, loaded.document, effects)
        return Toggled(revision=entry.revision, target=entry.target)

    async def _versions(
        self, transcription_id: int, workspace_id: str, base: int, error: EditConflictError
    ) -> dict[str, str]:
        """Return the text of the first segment in conflict, now and at the base revision."""
        item = error.collisions[0].item
        versions = {"item_id": str(item)}
        if not isinstance(item, ItemId):
            return versions
        async with self._database.transaction() as connection:
            edits = TranscriptEdits(connection, transcription_id)
            head = _existing(await edits.log.head(workspace_id))
            document = (await edits.load(head, [(item,)], ())).document
            if not isinstance(document.find(item), WordItem | SegmentItem):
                return versions
            batches = await edits.log.batches(base, head.revision)
        versions["current_text"] = _text_around(document, item)
        for entry, effects in reversed(batches):
            history.unwind(document, entry, effects)
        return versions | {"base_text": _text_around(document, item)}


def places_of(operation: Operation) -> tuple[ItemId, ...]:
    """Return the words and segments that an operation names."""
    if isinstance(operation, SetTimes):
        return tuple(word_id for word_id, _ in operation.times)
    found = (getattr(operation, name, None) for name in _IDENTIFIERS)
    return tuple(item_id for item_id in found if isinstance(item_id, ItemId))


def notes_of(operations: Sequence[Operation]) -> list[ItemId]:
    """Return the notes that operations name."""
    found = (getattr(operation, "note", None) for operation in operations)
    return [item_id for item_id in found if isinstance(item_id, ItemId)]


async def run_batch(
    edits: TranscriptEdits,
    loaded: LoadedDocument,
    operations: Sequence[Operation],
    entry: Entry,
    *,
    base: int,
    request_id: str = "",
) -> Effects:
    """Execute operations on a loaded document, and store the result. Return the effects."""
    effects = editor.execute(
        loaded.document,
        operations,
        base=base,
        revision=entry.revision,
        author=entry.author,
        labels=loaded.labels,
    )
    if effects:
        await edits.store(loaded)
        await edits.log.record(entry, operations, effects, request_id)
        await due_work.schedule(
            edits.log.connection, edits.log.transcription_id, loaded.document, effects
        )
    return effects


async def _locked(edits: TranscriptEdits, workspace_id: str) -> Head:
    return _existing(await edits.log.lock(workspace_id))


def _existing(head: Head | None) -> Head:
    if head is None:
        raise NotFoundError("There is no such transcript.")
    return head


def _shown(loaded: LoadedDocument) -> dict[ItemId, SegmentView]:
    """Return the segments by identifier, with the labels from before merges of speakers."""
    document = loaded.document
    shown = (views.view_of(document, segment, merged=False) for segment in document.segments())
    return {view.id: view for view in shown if view is not None}


def _difference(
    revision: int, before: dict[ItemId, SegmentView], after: dict[ItemId, SegmentView]
) -> Edited:
    return Edited(
        revision=revision,
        changed=[view for item_id, view in after.items() if before.get(item_id) != view],
        removed=[item_id for item_id in before if item_id not in after],
    )


def _text_around(document: Document, item_id: ItemId) -> str:
    """Return the text of the segment of a word or segment."""
    item = document.find(item_id)
    own = isinstance(item, SegmentItem) and item.alive
    segment = item if own else document.segment_of(item_id)
    assert isinstance(segment, SegmentItem)
    view = views.view_of(document, segment)
    return "" if view is None else view.text
