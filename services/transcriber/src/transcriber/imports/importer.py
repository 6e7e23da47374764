"""Imports of files into stored transcripts."""

import asyncio
from dataclasses import dataclass
from functools import partial

from common.errors import ConflictError, NotFoundError, StateError
from common.postgres import Connection, Database
from transcriber.domain.transcriptions import Transcription, TranscriptionStatus
from transcriber.editing.history import Entry
from transcriber.editing.operations import ImportTranscript
from transcriber.imports import batch, reading
from transcriber.imports.batch import Recording
from transcriber.imports.content import ImportedTranscript, ImportFormat
from transcriber.names import due_work
from transcriber.store import locks
from transcriber.store.edits import TranscriptEdits
from transcriber.store.imports import FirstImports
from transcriber.store.jobs import Jobs
from transcriber.store.live import LiveTexts
from transcriber.store.transcriptions import Transcriptions
from transcriber.store.word_times import WordTimes

#: Files that are read at the same time. Each takes memory for a whole transcript.
_AT_A_TIME = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportRequest:
    """Request to import a file.

    Without a `format`, the content decides. `language` is empty if the file or the recording has
    it. `align` is None to measure words unless the file has times of them. `base` is the revision
    that the caller saw, 0 for any.
    """

    content: bytes
    format: ImportFormat | None = None
    language: str = ""
    align: bool | None = None
    diarize: bool = False
    base: int = 0
    request_id: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportResult:
    """Result of an import. A repeated request has the revision only."""

    revision: int
    format: ImportFormat | None = None
    segments: int = 0
    words: int = 0
    kept: int = 0
    aligns: bool = False
    notes: tuple[str, ...] = ()


class TranscriptImporter:
    """Imports files into the transcripts of a workspace on behalf of an author."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._working = asyncio.Semaphore(_AT_A_TIME)

    async def import_file(
        self, transcription_id: int, workspace_id: str, author: str, request: ImportRequest
    ) -> ImportResult:
        """Put a file in the place of a transcript, or its turns in the place of the speakers.

        It is a batch of edits like any other. A recording without a transcript gets one.

        Raises:
            NotFoundError: the workspace has no such transcription.
            ConflictError: it is being processed, or has changed since the base revision.
            StateError: it is still being recorded.
            ValidationError: the file cannot be read, or does not belong to the recording.
        """
        async with self._working:
            async with self._database.transaction() as connection:
                earlier = await _earlier(connection, transcription_id, author, request)
            if earlier is not None:
                return earlier
            content = await asyncio.to_thread(reading.read, request.content, request.format)
            async with self._database.transaction() as connection:
                await locks.acquire(connection, locks.names_of(transcription_id))
                transcription = await _locked(connection, transcription_id, workspace_id)
                earlier = await _earlier(connection, transcription_id, author, request)
                if earlier is not None:
                    return earlier
                _check_base(transcription, request.base)
                return await self._store(connection, transcription, author, request, content)

    async def _store(
        self,
        connection: Connection,
        transcription: Transcription,
        author: str,
        request: ImportRequest,
        content: ImportedTranscript,
    ) -> ImportResult:
        first = transcription.transcript_at is None
        recording = Recording(
            duration=transcription.file.duration,
            language=request.language or _language_of(transcription),
        )
        if first:
            first = await FirstImports(connection).begin(transcription.id, recording.language)
            await LiveTexts(connection).forget(transcription.id)
        edits = TranscriptEdits(connection, transcription.id)
        head = await edits.log.lock(transcription.workspace_id)
        assert head is not None, "its row is locked"
        loaded = await edits.load_all(head)
        entry = Entry(revision=head.revision + 1, author=author)
        # Seconds of work for a very long transcript.
        made = await asyncio.to_thread(
            partial(
                batch.execute,
                loaded.document,
                content,
                recording,
                revision=entry.revision,
                diarize=request.diarize,
            )
        )
        aligns = made.words > made.kept and (
            not content.has_word_times if request.align is None else request.align
        )
        if made.effects:
            operation = ImportTranscript(
                format=content.format, speakers=made.speakers, first=first, text=not content.turns
            )
            await edits.store(loaded)
            await edits.log.record(entry, [operation], made.effects, request.request_id)
            await due_work.schedule(connection, transcription.id, loaded.document, made.effects)
            if not aligns:
                await WordTimes(connection).settle(transcription.id, entry.revision)
        return ImportResult(
            revision=entry.revision if made.effects else head.revision,
            format=content.format,
            segments=made.segments,
            words=made.words,
            kept=made.kept,
            aligns=aligns,
            notes=tuple(content.notes),
        )


async def _earlier(
    connection: Connection, transcription_id: int, author: str, request: ImportRequest
) -> ImportResult | None:
    """Return the result of an earlier call with the same request id, if any."""
    if not request.request_id:
        return None
    log = TranscriptEdits(connection, transcription_id).log
    revision = await log.repeated(author, request.request_id)
    return None if revision is None else ImportResult(revision=revision)


async def _locked(
    connection: Connection, transcription_id: int, workspace_id: str
) -> Transcription:
    """Lock a transcription that is not being processed."""
    found = await Transcriptions(connection).lock_own(transcription_id, workspace_id)
    if found is None:
        raise NotFoundError("There is no such transcription.")
    live = await Jobs(connection).live_of(transcription_id)
    if live is not None:
        raise ConflictError(
            "This transcription is being processed. Import the file when that is done.",
            {"job_id": live},
        )
    if found.status is TranscriptionStatus.PROCESSING:
        raise StateError("This recording is still being made. Import the file when it has ended.")
    return found


def _check_base(transcription: Transcription, base: int) -> None:
    newest = 0 if transcription.transcript_at is None else transcription.revision
    if base and base != newest:
        raise ConflictError(
            f"The newest revision is {newest}. Look at it before you replace it.",
            {"reason": "EDIT_CONFLICT", "revision": str(newest)},
        )


def _language_of(transcription: Transcription) -> str:
    return transcription.language_detected or transcription.options.language
