"""Listing and resolution of conflicts between edits and new machine versions."""

from collections.abc import Sequence
from dataclasses import dataclass

from common.errors import NotFoundError, StateError, ValidationError
from common.postgres import Database
from transcriber.editing.conflicts import Conflict, ConflictKind
from transcriber.editing.document import Document
from transcriber.editing.history import Entry
from transcriber.editing.items import ItemId, SegmentItem, WordItem
from transcriber.editing.operations import DeleteWords, InsertWords, Operation, ReplaceWords
from transcriber.store.conflicts import Conflicts, ListedConflict
from transcriber.store.edit_history import EditHistory, Head
from transcriber.store.edits import LoadedDocument, TranscriptEdits
from transcriber.transcripts.editor import run_batch

MINE = "mine"
MACHINE = "machine"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictPage:
    """Conflicts in order of time, the number of all that match, and that of open ones."""

    conflicts: Sequence[ListedConflict]
    total: int
    open: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where to insert text: behind a word, or at the beginning of a segment."""

    after: ItemId | None = None
    segment: ItemId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """A resolved conflict, and the newest revision."""

    conflict: ListedConflict
    revision: int


class ConflictResolver:
    """Lists and resolves the conflicts of a workspace's transcripts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self, transcription_id: int, workspace_id: str, *, resolved: bool, limit: int, offset: int
    ) -> ConflictPage:
        """Return a page of conflicts, resolved ones only with `resolved`.

        Raises:
            NotFoundError: the workspace has no such transcript.
        """
        async with self._database.transaction() as connection:
            if await EditHistory(connection, transcription_id).head(workspace_id) is None:
                raise NotFoundError("There is no such transcript.")
            found, total, unresolved = await Conflicts(connection, transcription_id).page(
                resolved=resolved, limit=limit, offset=offset
            )
        return ConflictPage(conflicts=found, total=total, open=unresolved)

    async def resolve(
        self,
        transcription_id: int,
        conflict_id: int,
        workspace_id: str,
        author: str,
        *,
        use: str,
        place: Place,
    ) -> Resolved:
        """Resolve a conflict in favor of one side.

        The machine's words are written as a batch of edits. So is the text of a person that has no
        place, if one is given.

        Raises:
            NotFoundError: the workspace has no such transcript, or it has no such conflict.
            StateError: the conflict is resolved, or its words are of an earlier machine version.
            ValidationError: text without a place needs one, or other text has one.
            EditConflictError: somebody has changed the same words since.
        """
        async with self._database.transaction() as connection:
            edits = TranscriptEdits(connection, transcription_id)
            head = await edits.log.lock(workspace_id)
            conflicts = Conflicts(connection, transcription_id)
            found = None if head is None else await conflicts.find(conflict_id)
            if head is None or found is None:
                raise NotFoundError("There is no such conflict.")
            _check(found, head, use, place)
            revision = await self._write(edits, head, found, author, use=use, place=place)
            await conflicts.resolve(conflict_id, use)
            resolved = await conflicts.find(conflict_id)
        assert resolved is not None, "its transcription is locked"
        return Resolved(conflict=resolved, revision=revision)

    async def _write(
        self,
        edits: TranscriptEdits,
        head: Head,
        found: ListedConflict,
        author: str,
        *,
        use: str,
        place: Place,
    ) -> int:
        """Write the words of the chosen side. Return the newest revision."""
        conflict = found.conflict
        named = [item for item in (place.after, place.segment) if item is not None]
        current = found.machine_revision == head.machine_revision
        items = (
            *(conflict.written if current else ()),
            *(conflict.heard if current else ()),
            *named,
        )
        loaded = await edits.load(head, [(item,) for item in items], ())
        if use == MACHINE and conflict.placed and conflict.kind is ConflictKind.WORDS:
            if _reads_as_machine(loaded.document, conflict):
                return head.revision
            operations = list(_machine_words(loaded.document, conflict))
            untouched = _reads_as_mine(loaded.document, conflict)
            base = head.revision if untouched else found.revision
        elif use == MINE and not conflict.placed and conflict.kind is ConflictKind.WORDS:
            operations = [_insertion(loaded, conflict, place)]
            base = head.revision
        else:
            return head.revision
        entry = Entry(revision=head.revision + 1, author=author)
        effects = await run_batch(edits, loaded, operations, entry, base=base)
        return entry.revision if effects else head.revision


def _check(found: ListedConflict, head: Head, use: str, place: Place) -> None:
    if found.resolved:
        raise StateError("This conflict is resolved already.", {"resolved": found.resolved})
    conflict = found.conflict
    writes = conflict.placed and conflict.kind is ConflictKind.WORDS and use == MACHINE
    if writes and found.machine_revision != head.machine_revision:
        raise StateError("The recording was processed again since. Look at the newest conflicts.")
    homeless = not conflict.placed and conflict.kind is ConflictKind.WORDS and use == MINE
    given = place.after is not None or place.segment is not None
    if homeless and not given:
        raise ValidationError.of(
            "after", "This text has no place in the transcript. Name the word to insert it behind."
        )
    if given and not homeless:
        raise ValidationError.of("after", "Only text without a place can be given one.")


def _reads_as_mine(document: Document, conflict: Conflict) -> bool:
    """Return whether the place has the person's words, as when the conflict was found.

    Measured times, and changes that were taken back, leave newer revisions on the same words.
    """
    if not conflict.written:
        return not _living(document, conflict.heard)
    return _same(_living(document, conflict.written), conflict.mine)


def _reads_as_machine(document: Document, conflict: Conflict) -> bool:
    """Return whether the place has the machine's words already: the edit was taken back."""
    own = [item for item in conflict.written if item not in conflict.heard]
    heard = _living(document, conflict.heard)
    return not _living(document, own) and _same(heard, conflict.machine)


def _living(document: Document, items: Sequence[ItemId]) -> list[str]:
    words = map(document.word, items)
    return [word.wording.text for word in words if word.alive]


def _same(texts: Sequence[str], text: str) -> bool:
    return "".join(texts) == "".join(text.split())


def _machine_words(document: Document, conflict: Conflict) -> list[Operation]:
    """Return operations that write the words of the new version in place of the person's."""
    if conflict.written:
        first, *others = conflict.written
        rest: list[Operation] = [DeleteWords(first=item, last=item) for item in others]
        return [ReplaceWords(first=first, last=first, text=conflict.machine), *rest]
    place = conflict.heard[0]
    segment = document.segment_of(place)
    before = None
    for item in document.preceding(place):
        if isinstance(item, WordItem) and item.alive:
            before = item.id
            break
        if item is segment:
            break
    return [InsertWords(segment=segment.id, after=before, text=conflict.machine)]


def _insertion(loaded: LoadedDocument, conflict: Conflict, place: Place) -> Operation:
    document = loaded.document
    if place.after is not None:
        document.word(place.after)
        segment = document.segment_of(place.after)
        return InsertWords(segment=segment.id, after=place.after, text=conflict.mine)
    assert place.segment is not None
    found: SegmentItem = document.segment(place.segment)
    return InsertWords(segment=found.id, after=None, text=conflict.mine)
