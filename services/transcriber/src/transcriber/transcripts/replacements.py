"""Find and replace over stored transcripts."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4, uuid5

from common.errors import ApplicationError, NotFoundError, ValidationError
from common.postgres import Database
from transcriber.editing import views
from transcriber.editing.document import Document
from transcriber.editing.history import Entry
from transcriber.editing.replacement import Query, Replacement, Replacer
from transcriber.editing.views import SegmentView
from transcriber.store.edit_history import Head, requested_batches
from transcriber.store.edits import TranscriptEdits
from transcriber.store.past import PastRows
from transcriber.transcripts.editor import TranscriptEditor, run_batch
from transcriber.transcripts.revisions import Revisions

#: Namespace of requests, from which identifiers of replacements are derived.
_REQUESTS = UUID("6a4dbd0c-6f0e-4a54-9a87-5f1c3bb2a9de")


@dataclass(frozen=True, slots=True, kw_only=True)
class Replaced:
    """Result in one transcript. `error` has the reason of a failure, empty without one."""

    transcription_id: int
    revision: int = 0
    changes: Sequence[Replacement] = ()
    error: str = ""


class Replacements:
    """Replaces text in the transcripts of a workspace, and takes it back."""

    def __init__(self, database: Database, transcripts: TranscriptEditor) -> None:
        self._database = database
        self._transcripts = transcripts

    async def replace(
        self,
        transcription_ids: Sequence[int],
        workspace_id: str,
        author: str,
        query: Query,
        *,
        preview: bool,
        request_id: str = "",
    ) -> tuple[str, list[Replaced]]:
        """Replace text, one batch per transcript. Return an identifier and the results.

        A transcript in which an author's request has replaced text already has the result of that
        time.

        Raises:
            ValidationError: the query is invalid.
        """
        replacer = Replacer(query)
        replacement_id = "" if preview else _identifier(author, request_id)
        results = []
        for transcription_id in dict.fromkeys(transcription_ids):
            try:
                async with self._database.transaction() as connection:
                    edits = TranscriptEdits(connection, transcription_id)
                    result = await _replace(
                        edits, workspace_id, author, replacer, replacement_id=replacement_id
                    )
            except ApplicationError as error:
                result = Replaced(transcription_id=transcription_id, error=error.message)
            results.append(result)
        return replacement_id, results

    async def undo(self, replacement_id: str, workspace_id: str, author: str) -> list[Replaced]:
        """Take back a replacement in all transcripts in which that is possible.

        Raises:
            NotFoundError: the author has made no such replacement.
        """
        async with self._database.transaction() as connection:
            batches = await requested_batches(connection, workspace_id, author, replacement_id)
        if not batches:
            raise NotFoundError("There is no such replacement.")
        results = []
        for transcription_id, revision in batches:
            try:
                toggled = await self._transcripts.undo_batch(
                    transcription_id, workspace_id, author, revision
                )
                result = Replaced(transcription_id=transcription_id, revision=toggled.revision)
            except ApplicationError as error:
                result = Replaced(transcription_id=transcription_id, error=error.message)
            results.append(result)
        return results


def _identifier(author: str, request_id: str) -> str:
    """Return the identifier of a replacement, the same for each repetition of a request."""
    if not request_id:
        return f"replace_{uuid4().hex}"
    return f"replace_{uuid5(_REQUESTS, f'{author} {request_id}').hex}"


async def _replace(
    edits: TranscriptEdits,
    workspace_id: str,
    author: str,
    replacer: Replacer,
    *,
    replacement_id: str,
) -> Replaced:
    """Replace text in one transcript, or only find it if there is no identifier."""
    head = await (edits.log.lock(workspace_id) if replacement_id else edits.log.head(workspace_id))
    if head is None:
        raise NotFoundError("There is no such transcript.")
    earlier = await edits.log.repeated(author, replacement_id) if replacement_id else None
    if earlier is not None:
        return await _earlier(edits, head, replacer, earlier)
    found = [(item_id,) for item_id, text in await edits.texts() if replacer.finds(text)]
    loaded = await edits.load(head, found, ())
    changes = []
    for (item_id,) in found:
        view = views.view_of(loaded.document, loaded.document.segment(item_id))
        change = None if view is None else replacer.replace(view)
        if change is not None:
            changes.append(change)
    if not changes or not replacement_id:
        return Replaced(
            transcription_id=edits.log.transcription_id, revision=head.revision, changes=changes
        )
    entry = Entry(revision=head.revision + 1, author=author)
    operations = [operation for change in changes for operation in change.operations]
    await run_batch(edits, loaded, operations, entry, base=head.revision, request_id=replacement_id)
    return Replaced(
        transcription_id=edits.log.transcription_id, revision=entry.revision, changes=changes
    )


async def _earlier(
    edits: TranscriptEdits, head: Head, replacer: Replacer, revision: int
) -> Replaced:
    """Return the result of a replacement that made a revision.

    Raises:
        ValidationError: it was another replacement.
    """
    log = edits.log
    changes: list[Replacement] = []
    if revision > head.machine_revision:
        past = Revisions(log.connection, log.transcription_id)
        stretch = await past.stretch(head, revision - 1, revision)
        document = await past.load(head, stretch, stretch.parts)
        before = stretch.states(document, _views)[revision - 1]
        changes = [change for view in before if (change := replacer.replace(view)) is not None]
        operations = [operation for change in changes for operation in change.operations]
        if operations != await PastRows(log.connection, log.transcription_id).operations(revision):
            raise ValidationError.of(
                "request_id", "The request_id was used for another replacement. Give a new one."
            )
    return Replaced(transcription_id=log.transcription_id, revision=revision, changes=changes)


def _views(document: Document) -> list[SegmentView]:
    found = (views.view_of(document, segment, merged=False) for segment in document.segments())
    return [view for view in found if view is not None]
