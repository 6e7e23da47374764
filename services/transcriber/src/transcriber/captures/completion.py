"""Transcriptions made from captures, and the removal of their chunks."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from common import logging, telemetry
from common.background.clock_watch import ClockWatch
from common.background.policy import Policy
from common.background.steps import ItemStep
from common.errors import (
    ApplicationError,
    AudioProcessingError,
    FileUploadError,
    LockedError,
    ResourceExhaustedError,
    TimedOutError,
    UnavailableError,
)
from common.objects import ObjectStore
from common.postgres import Connection, Database
from transcriber.captures import media_types
from transcriber.captures.assembly import Assembled, Assembler
from transcriber.captures.creation import request_id
from transcriber.captures.reception import prefix
from transcriber.captures.streams import split
from transcriber.domain.jobs import Failure
from transcriber.live.raw_sound import header
from transcriber.queue.job_start import JobStarter
from transcriber.recordings.acceptance import (
    Acceptance,
    Finish,
    StoredRecording,
    Uploaded,
    UploadRequest,
)
from transcriber.recordings.examination import Examined, Examiner
from transcriber.resumable.encoding import FINAL, failure_to_json, request_from_json
from transcriber.store.captures import Capture, Captures, Chunk
from transcriber.store.library import Titles
from transcriber.store.transcriptions import Transcriptions

NOT_STARTED = "The transcription was not started because there was no room in the queue. Start it."
NOT_FINISHED = (
    "The recording was not finished by the device that made it. It has everything that had arrived."
)
_log = logging.get(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class CaptureCompletion:
    """Turns captures into transcriptions, like uploads, and removes their chunks."""

    database: Database
    objects: ObjectStore
    bucket: str
    assembler: Assembler
    examiner: Examiner
    acceptance: Acceptance
    starter: JobStarter

    async def complete(self, capture: Capture) -> None:
        """End a capture with its transcription, or with the reason why there is none.

        Interrupted anywhere, it can be repeated: there is one transcription at the end.
        """
        async with self.database.transaction() as connection:
            chunks = await Captures(connection).chunks(capture.capture_id)
        try:
            assembled, examined = await self._examined(capture, chunks)
            uploaded = await self._accept(capture, assembled, examined)
        except FINAL as error:
            await self._reject(capture, error)
            return
        except LockedError:
            _log.info("capture ended otherwise", transcription_id=capture.transcription_id)
            return
        telemetry.UPLOADED_BYTES.inc(assembled.size)
        self.starter.queued()
        _log.info("capture complete", transcription_id=uploaded.transcription.id)

    async def clear(self, capture: Capture) -> None:
        """Remove the chunks of an ended capture, and its recording if it failed."""
        if capture.state != "completed":
            await self.objects.delete(self.bucket, capture.source_key)
            await self.objects.abort_uploads(self.bucket, capture.source_key)
        await self.objects.delete_prefix(self.bucket, prefix(capture))
        async with self.database.transaction() as connection:
            await Captures(connection).cleared(capture.capture_id)
            if capture.given_up:
                await Captures(connection).forget(capture.capture_id)

    async def _examined(
        self, capture: Capture, chunks: Sequence[Chunk]
    ) -> tuple[Assembled, Examined]:
        """Return the recording of a capture in the object store.

        One stream is kept as it came. It is written again if it cannot be read that way.
        """
        if not chunks:
            raise FileUploadError("No sound has arrived.")
        streams, losses = split(chunks), _losses(capture, len(chunks))
        first: ApplicationError | None = None
        if len(streams) == 1:
            name = _filename(capture)
            try:
                assembled = await self.assembler.concatenate(
                    capture, chunks, name, head=_missing_head(capture, chunks)
                )
                return assembled, await self._examine(capture, assembled, losses)
            except (*FINAL, TimedOutError) as error:
                first = error
        try:
            assembled = await self.assembler.join(capture, streams)
            return assembled, await self._examine(capture, assembled, losses)
        except FINAL as error:
            raise first or error from error

    async def _examine(
        self, capture: Capture, assembled: Assembled, losses: Sequence[str]
    ) -> Examined:
        name = _filename(capture, assembled.extension)
        try:
            examined = await self.examiner.examine(
                capture.source_key, name, size=assembled.size, allow_truncated=True
            )
        except AudioProcessingError as error:
            if isinstance(error.__cause__, TimeoutError):
                # Sound that cannot be sent again is not given up because a server is slow.
                raise TimedOutError(error.message) from error
            raise
        warnings = (*examined.file.warnings, *losses, *assembled.warnings)
        return replace(examined, file=replace(examined.file, warnings=warnings))

    async def _accept(self, capture: Capture, assembled: Assembled, examined: Examined) -> Uploaded:
        request = replace(
            request_from_json(capture.request),
            filename=examined.file.filename,
            # Of two processes that do this at once, one finds the transcription of the other.
            request_id=request_id(capture),
        )
        stored = StoredRecording(
            transcription_id=capture.transcription_id,
            source_key=capture.source_key,
            sha256=assembled.sha256,
            origin=capture.origin,
            has_place=False,
            exists=capture.live is not None,
        )
        try:
            return await self._accepted(capture, request, examined, stored)
        except ResourceExhaustedError as error:
            if isinstance(error, UnavailableError) or not request.auto_start:
                raise
        # The sound must not wait for a place in the queue.
        warnings = (*examined.file.warnings, NOT_STARTED)
        unstarted = replace(examined, file=replace(examined.file, warnings=warnings))
        later = replace(request, auto_start=False)
        return await self._accepted(capture, later, unstarted, stored)

    async def _accepted(
        self,
        capture: Capture,
        request: UploadRequest,
        examined: Examined,
        stored: StoredRecording,
    ) -> Uploaded:
        return await self.acceptance.accept(capture, request, examined, stored, _finishing(capture))

    async def _reject(self, capture: Capture, error: ApplicationError) -> None:
        _log.info("capture rejected", reason=error.message, code=error.code)
        async with self.database.transaction() as connection:
            if capture.live is not None:
                failure = Failure(code=error.code, message=error.message)
                await Transcriptions(connection).fail_live(capture.transcription_id, failure)
            await Captures(connection).reject(capture.capture_id, failure_to_json(error))


class CaptureStep(ItemStep[Capture]):
    """Completes finished and idle captures, and removes what others leave."""

    name = "captures"
    items = "recordings that arrived while they were made, at their end"
    outcome = "The capture stays unfinished, and its sound in storage."
    policy = Policy(
        most_attempts=20, timeout=1800.0, first_pause=5.0, longest_pause=3600.0, at_a_time=2
    )

    def __init__(
        self,
        database: Database,
        completion: CaptureCompletion,
        *,
        idle_seconds: float,
        clock: ClockWatch | None = None,
    ) -> None:
        super().__init__(database)
        self._completion = completion
        self._idle_seconds = idle_seconds
        self._clock = clock or ClockWatch()

    def key(self, item: Capture) -> str:
        """Return the capture's id."""
        return item.capture_id

    async def due(self, connection: Connection, limit: int) -> Sequence[Capture]:
        """Finish idle captures. Return all with anything to do."""
        steady = await self._clock.steady(connection, self._idle_seconds)
        return await Captures(connection).due(limit, idle=steady)

    async def handle(self, item: Capture) -> None:
        """Complete or clear one capture."""
        if item.state == "finishing":
            await self._completion.complete(item)
        else:
            await self._completion.clear(item)


def _missing_head(capture: Capture, chunks: Sequence[Chunk]) -> bytes:
    """Return the header of samples without a container whose first chunk is missing."""
    return b"" if capture.live is None or chunks[0].number == 0 else header(capture.live)


def _filename(capture: Capture, extension: str = "") -> str:
    usual = media_types.extension_of(capture.media_type) or ""
    return media_types.filename(capture.title, capture.created_at, extension or usual)


def _losses(capture: Capture, arrived: int) -> list[str]:
    """Return warnings about missing sound."""
    found = [] if capture.chunk_count is not None else [NOT_FINISHED]
    total = max(capture.chunk_count or 0, capture.chunks_end)
    if arrived < total:
        found.append(f"{total - arrived} of {total} pieces of the recording are missing.")
    return found


def _finishing(capture: Capture) -> Finish:
    async def finish(connection: Connection, transcription_id: int) -> None:
        if not await Captures(connection).complete(capture.capture_id, transcription_id):
            raise LockedError("The capture has ended otherwise.")
        # That of a live session has its title, perhaps another one by now.
        if capture.title and capture.live is None:
            await Titles(connection).give(transcription_id, capture.title)

    return finish
