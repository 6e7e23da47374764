"""Application of corrections to transcripts, as batches of edits with an undo of their own."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from common import logging
from common.background.policy import is_outage
from common.errors import NotFoundError
from common.postgres import Connection, Database
from transcriber.editing import views
from transcriber.editing.history import VOCABULARY, Entry
from transcriber.editing.items import ItemId
from transcriber.editing.operations import Operation
from transcriber.editing.replacement import replacement_of, spans_of, touched
from transcriber.editing.views import SegmentView
from transcriber.store.edits import LoadedDocument, TranscriptEdits
from transcriber.store.vocabulary import VocabularyStore
from transcriber.transcripts.editor import Toggled, TranscriptEditor, run_batch
from transcriber.vocabulary import units
from transcriber.vocabulary.entries import MOST_CORRECTIONS, MOST_TERMS, Correction, NewCorrection
from transcriber.vocabulary.matching import Match, Matcher

_log = logging.get(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Applied:
    """The newest revision, and the number of corrected places."""

    revision: int
    count: int


class VocabularyEdits:
    """Corrections in the transcripts of workspaces."""

    def __init__(self, database: Database, editor: TranscriptEditor) -> None:
        self._database = database
        self._editor = editor

    async def apply(self, transcription_id: int, workspace_id: str) -> Applied:
        """Apply all corrections to the newest revision. Words of people stay.

        Raises:
            NotFoundError: the workspace has no such transcript.
        """
        async with self._database.transaction() as connection:
            return await apply(connection, transcription_id, workspace_id)

    async def undo(self, transcription_id: int, workspace_id: str) -> Toggled:
        """Take back the last application of corrections.

        Raises:
            NotFoundError: the workspace has no such transcript.
            StateError: there is none.
            BuiltUponError: somebody has changed the same words since.
        """
        return await self._editor.undo(transcription_id, workspace_id, VOCABULARY)


async def apply(connection: Connection, transcription_id: int, workspace_id: str) -> Applied:
    """Apply all corrections within a transaction. See `VocabularyEdits.apply`."""
    edits = TranscriptEdits(connection, transcription_id)
    head = await edits.log.lock(workspace_id)
    if head is None:
        raise NotFoundError("There is no such transcript.")
    store = VocabularyStore(connection, workspace_id)
    matcher = Matcher(await store.corrections(offset=0, limit=MOST_CORRECTIONS))
    if not matcher:
        return Applied(revision=head.revision, count=0)
    texts = await edits.texts()
    found = await asyncio.to_thread(
        lambda: [(item,) for item, text in texts if matcher.finds(text)]
    )
    loaded = await edits.load(head, found, ())
    changed = list(_changes(loaded, [item for (item,) in found], matcher))
    if not changed:
        return Applied(revision=head.revision, count=0)
    entry = Entry(revision=head.revision + 1, author=VOCABULARY)
    operations = [operation for part, _ in changed for operation in part]
    await run_batch(edits, loaded, operations, entry, base=head.revision)
    uses = Counter(match.correction.id for _, matches in changed for match in matches)
    await store.used(uses)
    return Applied(revision=entry.revision, count=uses.total())


async def apply_to_new(connection: Connection, transcription_id: int, workspace_id: str) -> None:
    """Apply all corrections to a new machine version, and count the terms in it.

    After a failure, the transcript stays as it was recognized.
    """
    try:
        async with connection.transaction():
            await apply(connection, transcription_id, workspace_id)
            await _count_terms(connection, transcription_id, workspace_id)
    except Exception as error:
        if is_outage(error):
            raise
        _log.error("vocabulary not applied", exc_info=error, transcription_id=transcription_id)


def _changes(
    loaded: LoadedDocument, items: Sequence[ItemId], matcher: Matcher[Correction]
) -> Iterator[tuple[Sequence[Operation], Sequence[Match[Correction]]]]:
    """Yield the operations for each segment, and the corrected places."""
    for item in items:
        view = views.view_of(loaded.document, loaded.document.segment(item))
        if view is None:
            continue
        matches = _by_the_recognizer(view, list(matcher.matches(view.text, view.language)))
        if matches:
            yield replacement_of(view, matches).operations, matches


def _by_the_recognizer(
    view: SegmentView, matches: Sequence[Match[Correction]]
) -> list[Match[Correction]]:
    """Return the places without words by a person or by corrections."""
    if not matches:
        return []
    spans = spans_of(view)
    return [
        match
        for match in matches
        if all(view.words[place].probability is not None for place in touched(spans, match))
    ]


async def _count_terms(connection: Connection, transcription_id: int, workspace_id: str) -> None:
    store = VocabularyStore(connection, workspace_id)
    terms = await store.terms(offset=0, limit=MOST_TERMS)
    if not terms:
        return
    as_heard = {
        NewCorrection(heard=term.text, meant=term.text, language=term.language): term.id
        for term in terms
        if units.is_whole(term.text)
    }
    matcher = Matcher(as_heard)
    texts = await TranscriptEdits(connection, transcription_id).texts()
    found = await asyncio.to_thread(
        lambda: {as_heard[one] for _, text in texts for _, _, one in matcher.heard(text, "")}
    )
    if found:
        await store.found_terms(sorted(found))
