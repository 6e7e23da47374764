"""TranscriptService: reading and editing of transcripts."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from common import rights
from common.errors import AuthorizationError, NotFoundError, ValidationError
from common.identity import Role
from common.postgres import Database
from common.rights import Right
from common.times import seconds, timestamp
from securetranscribe.v1 import transcript_pb2, transcript_pb2_grpc, transcription_pb2
from transcriber.api import comparisons, edit_requests, responses
from transcriber.domain.transcriptions import Transcription
from transcriber.domain.transcripts import Segment
from transcriber.editing.history import VOCABULARY, BatchKind, Entry
from transcriber.editing.items import NoteItem
from transcriber.editing.operations import AddNote, ChangeNote, ImportTranscript, Operation
from transcriber.names.rules import as_merged, group_by_name
from transcriber.outbox.messages import revision_kind
from transcriber.sharing.access import Access, TranscriptionAccess
from transcriber.store.edit_history import HistoryEntry
from transcriber.store.edits import TranscriptEdits
from transcriber.store.transcriptions import Transcriptions
from transcriber.store.transcripts import Transcripts
from transcriber.transcripts.comparisons import Comparisons, Cursor
from transcriber.transcripts.editor import TranscriptEditor
from transcriber.transcripts.replacements import Replaced, Replacements
from transcriber.transcripts.stretches import Window, segment_of

_MOST_SEGMENTS = 1000
_DEFAULT_SEGMENTS = 200
_MOST_SHOWN = 100
_DESCRIPTIONS = {
    "ReplaceWords": "Replace words",
    "DeleteWords": "Delete words",
    "InsertWords": "Insert words",
    "SplitSegment": "Split segment",
    "MergeSegments": "Merge segments",
    "MoveEdges": "Move edges",
    "SetSpeaker": "Change speaker",
    "MergeSpeakers": "Merge speakers",
    "AssignNames": "Name speakers",
    "SetReviewed": "Mark as reviewed",
    "SetStarred": "Set star",
    "AddNote": "Add note",
    "ChangeNote": "Change note",
    "SetTimes": "Measure times",
    "ImportTranscript": "Import transcript",
}


class TranscriptServicer(transcript_pb2_grpc.TranscriptServiceServicer):
    """Serves TranscriptService.

    The author of edits is the caller's workspace, so that a session that took up another one can
    take back its edits. Somebody with whom a transcript is shared is an author of their own.
    """

    def __init__(
        self,
        database: Database,
        editor: TranscriptEditor,
        replacements: Replacements,
        compare: Comparisons,
        access: TranscriptionAccess,
    ) -> None:
        self._database = database
        self._editor = editor
        self._comparisons = compare
        self._replacements = replacements
        self._access = access

    async def ReadTranscript(
        self, request: transcript_pb2.ReadTranscriptRequest, _context: Any
    ) -> transcript_pb2.ReadTranscriptResponse:
        """Return a part of a revision."""
        access = await self._access.find(request.transcription_id, Right.READ)
        if request.revision < 0:
            raise ValidationError.of("revision", "revision must not be negative.")
        start = seconds(getattr(request, "from"))
        end = seconds(request.to) if request.HasField("to") else None
        limit = _limit(request.limit)
        if request.offset < 0:
            raise ValidationError.of("offset", "offset must not be negative.")
        segments: Sequence[Segment]
        async with self._database.snapshot() as connection:
            found = await Transcriptions(connection).find(
                request.transcription_id, access.workspace_id
            )
            if found is None or (found.transcript_at is None and not found.live_text):
                raise NotFoundError("There is no such transcript.")
            notes = await TranscriptEdits(connection, found.id).notes()
            if request.revision in {0, found.revision}:
                segments, total = await Transcripts(connection).between(
                    found.id,
                    start=start,
                    end=end,
                    words=request.include_words,
                    offset=request.offset,
                    limit=limit,
                )
        if request.revision not in {0, found.revision}:
            window = Window(
                start=start,
                end=end,
                offset=request.offset,
                limit=limit,
                words=request.include_words,
            )
            past = await self._editor.past(found.id, access.workspace_id, request.revision, window)
            segments, total = past.segments, past.total
            found = replace(found, speakers=as_merged(found.speakers, past.merges))
        return transcript_pb2.ReadTranscriptResponse(
            revision=request.revision or found.revision,
            newest_revision=found.revision,
            segments=_messages(segments, found, first=request.offset),
            total=total,
            notes=[_note(note, access.author) for note in notes],
        )

    async def EditTranscript(
        self, request: transcript_pb2.EditTranscriptRequest, _context: Any
    ) -> transcript_pb2.EditTranscriptResponse:
        """Execute a batch of operations."""
        operations = edit_requests.operations(request.operations)
        access = await self._access.find(request.transcription_id, _right_of(operations))
        if request.revision < 1:
            raise ValidationError.of("revision", "revision is required: the one that was seen.")
        if access.role < Role.EDITOR:
            await self._check_notes(request.transcription_id, access, operations)
        edited = await self._editor.edit(
            request.transcription_id,
            access.workspace_id,
            access.author,
            operations,
            base=request.revision,
            request_id=edit_requests.request_id(request.request_id),
        )
        async with self._database.transaction() as connection:
            found = await Transcriptions(connection).find(
                request.transcription_id, access.workspace_id
            )
        if found is None:
            raise NotFoundError("The transcription was deleted in the meantime.")
        return transcript_pb2.EditTranscriptResponse(
            revision=edited.revision,
            changed_segments=_messages(
                [segment_of(view, words=True) for view in edited.changed], found, first=0
            ),
            removed_segment_ids=map(str, edited.removed),
        )

    async def UndoEdits(
        self, request: transcript_pb2.UndoEditsRequest, _context: Any
    ) -> transcript_pb2.UndoEditsResponse:
        """Take back the caller's last batch."""
        access = await self._access.find(request.transcription_id, Right.CHANGE)
        toggled = await self._editor.undo(
            request.transcription_id, access.workspace_id, access.author
        )
        return transcript_pb2.UndoEditsResponse(
            revision=toggled.revision, undone_revision=toggled.target
        )

    async def RedoEdits(
        self, request: transcript_pb2.RedoEditsRequest, _context: Any
    ) -> transcript_pb2.RedoEditsResponse:
        """Repeat the caller's last batch taken back."""
        access = await self._access.find(request.transcription_id, Right.CHANGE)
        toggled = await self._editor.redo(
            request.transcription_id, access.workspace_id, access.author
        )
        return transcript_pb2.RedoEditsResponse(
            revision=toggled.revision, redone_revision=toggled.target
        )

    async def ListRevisions(
        self, request: transcript_pb2.ListRevisionsRequest, _context: Any
    ) -> transcript_pb2.ListRevisionsResponse:
        """List all revisions, the newest first."""
        access = await self._access.find(request.transcription_id, Right.READ)
        history = await self._editor.history(
            request.transcription_id, access.workspace_id, access.author
        )
        revisions = [_revision(entry, access.author) for entry in history.entries]
        newest = (history.head.machine_revision, history.head.transcript_at)
        without_text = {
            entry.entry.revision - 1
            for entry in history.entries
            if not entry.source and _is_first(entry.operations)
        }
        revisions += [
            transcript_pb2.Revision(
                revision=revision,
                kind=transcript_pb2.REVISION_KIND_MACHINE,
                create_time=timestamp(made),
                description="Recording without a transcript"
                if revision in without_text
                else "Recognize speech",
            )
            for revision, made in (*history.versions, newest)
        ]
        return transcript_pb2.ListRevisionsResponse(
            revisions=sorted(revisions, key=lambda item: -item.revision),
            undoable_revision=next(reversed(history.stacks.undo), 0),
            redoable_revision=next(reversed(history.stacks.redo), 0),
        )

    async def CompareRevisions(
        self, request: transcript_pb2.CompareRevisionsRequest, _context: Any
    ) -> transcript_pb2.CompareRevisionsResponse:
        """Compare two revisions."""
        access = await self._access.find(request.transcription_id, Right.READ)
        if min(request.from_revision, request.to_revision) < 0:
            raise ValidationError.of("revision", "Revisions must not be negative.")
        comparison = await self._comparisons.compare(
            request.transcription_id,
            access.workspace_id,
            (request.from_revision, request.to_revision),
            Cursor.parse(request.cursor),
            limit=_limit(request.limit),
        )
        async with self._database.transaction() as connection:
            speakers = await Transcripts(connection).speakers([request.transcription_id])
        return comparisons.response(comparison, speakers[request.transcription_id])

    async def RestoreRevision(
        self, request: transcript_pb2.RestoreRevisionRequest, _context: Any
    ) -> transcript_pb2.RestoreRevisionResponse:
        """Make an earlier revision the current one."""
        access = await self._access.find(request.transcription_id, Right.CHANGE)
        edited = await self._editor.restore(
            request.transcription_id, access.workspace_id, access.author, request.revision
        )
        return transcript_pb2.RestoreRevisionResponse(revision=edited.revision)

    async def ReplaceText(
        self, request: transcript_pb2.ReplaceTextRequest, _context: Any
    ) -> transcript_pb2.ReplaceTextResponse:
        """Find and replace text in transcripts."""
        caller = rights.caller(Right.CHANGE)
        replacement_id, results = await self._replacements.replace(
            edit_requests.transcriptions(request.transcription_ids),
            caller.workspace_id,
            caller.workspace_id,
            edit_requests.query(request),
            preview=request.preview,
            request_id=edit_requests.request_id(request.request_id),
        )
        return transcript_pb2.ReplaceTextResponse(
            replacement_id=replacement_id, transcripts=map(_replaced, results)
        )

    async def UndoReplacement(
        self, request: transcript_pb2.UndoReplacementRequest, _context: Any
    ) -> transcript_pb2.UndoReplacementResponse:
        """Take back a replacement."""
        caller = rights.caller(Right.CHANGE)
        results = await self._replacements.undo(
            request.replacement_id, caller.workspace_id, caller.workspace_id
        )
        return transcript_pb2.UndoReplacementResponse(transcripts=map(_replaced, results))

    async def _check_notes(
        self, transcription_id: int, access: Access, operations: Sequence[Operation]
    ) -> None:
        """Refuse changes of notes of others.

        Raises:
            AuthorizationError: one of the notes is not the caller's.
        """
        changed = {item.note for item in operations if isinstance(item, ChangeNote)}
        if not changed:
            return
        async with self._database.transaction() as connection:
            notes = await TranscriptEdits(connection, transcription_id).notes()
        if changed & {note.id for note in notes if note.author != access.author}:
            raise AuthorizationError("Changing notes of others needs the role editor.")


def _right_of(operations: Sequence[Operation]) -> Right:
    """Return the right needed by a batch of edits. Notes change no words."""
    notes = all(isinstance(item, AddNote | ChangeNote) for item in operations)
    return Right.COMMENT if notes else Right.CHANGE


def _limit(limit: int) -> int:
    if not 0 <= limit <= _MOST_SEGMENTS:
        raise ValidationError.of("limit", f"limit must be from 1 to {_MOST_SEGMENTS}.")
    return limit or _DEFAULT_SEGMENTS


def _messages(
    segments: Sequence[Segment], of: Transcription, *, first: int
) -> list[transcription_pb2.Segment]:
    return responses.transcript(segments, group_by_name(of.speakers), first=first)


def _replaced(result: Replaced) -> transcript_pb2.TranscriptReplacement:
    return transcript_pb2.TranscriptReplacement(
        transcription_id=result.transcription_id,
        revision=result.revision,
        count=sum(change.count for change in result.changes),
        segments=[
            transcript_pb2.SegmentReplacement(
                segment_id=str(change.segment),
                before_text=change.before,
                after_text=change.after,
                count=change.count,
            )
            for change in result.changes[:_MOST_SHOWN]
        ],
        error=result.error,
    )


def _note(note: NoteItem, author: str) -> transcript_pb2.Note:
    return transcript_pb2.Note(
        note_id=str(note.id),
        text=note.text,
        first_word_id=str(note.first),
        last_word_id=str(note.last),
        own=note.author == author,
    )


def _revision(entry: HistoryEntry, author: str) -> transcript_pb2.Revision:
    return transcript_pb2.Revision(
        revision=entry.entry.revision,
        kind=revision_kind(entry.entry),
        author=entry.entry.author,
        own=entry.entry.author == author,
        target_revision=entry.entry.target,
        create_time=timestamp(entry.created_at),
        description=_description(entry.entry, entry.operations),
        source_revision=entry.source,
    )


def _is_first(operations: Sequence[Operation]) -> bool:
    return any(isinstance(item, ImportTranscript) and item.first for item in operations)


def _description(entry: Entry, operations: Sequence[Operation]) -> str:
    if entry.kind is BatchKind.NAMES:
        return "Follow names of speakers"
    if entry.kind is not BatchKind.EDIT:
        return entry.kind.capitalize()
    if entry.author == VOCABULARY:
        return "Apply vocabulary"
    names = dict.fromkeys(_DESCRIPTIONS[type(item).__name__] for item in operations)
    return ", ".join(names) or "Restore an earlier revision"
