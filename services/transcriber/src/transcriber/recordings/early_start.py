"""Early start: the first part of a recording is recognized while the rest still arrives.

An upload cannot be read before it is complete. So the beginning of the file is stored as an object
of its own, and a task for the first part is handed to an idle worker. The job takes the task over
once the whole recording is known to sound and to be processed the same there (`Adoption`).
"""

import asyncio
import math
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import TypeVar
from uuid import uuid4

from common import cancellation, logging, telemetry
from common.errors import ApplicationError, ConflictError
from common.identity import Owner
from common.objects import ObjectStore
from common.piece_buffer import PieceBuffer
from common.postgres import Connection, Database
from transcriber.domain.early_parts import EARLY, LEAST_SECONDS, EarlyPart, beginning_key
from transcriber.domain.jobs import Stage
from transcriber.domain.parts import PART
from transcriber.outbox.messages import TaskSource
from transcriber.queue.task_issue import TaskIssuer
from transcriber.queue.workers import WorkerRegistry
from transcriber.recordings.acceptance import UploadRequest
from transcriber.recordings.beginning import NEEDED_SECONDS, Heard, heard_in, seconds_in
from transcriber.store import locks
from transcriber.store.early_parts import EarlyParts
from transcriber.store.outbox import JobOutbox, TaskMessage
from transcriber.store.tasks import Tasks
from transcriber.vocabulary import hot_words
from transcriber.wakeups import WakeUps

#: A beginning with fewer bytes is not examined, and none is kept with more.
_LEAST_BYTES = 256 * 1024
_MOST_BYTES = 32 * 1024 * 1024
#: Beginnings held in memory at the same time.
_AT_ONCE = 2
#: How often a beginning that is there looks for an idle worker.
_RETRY_SECONDS = 2.0
#: A beginning that does not suffice is examined again once it has grown by this factor.
_LEAST_GROWTH = 1.3
#: How much longer a beginning is than its bit rate so far asks for, as bit rates vary a little.
_MARGIN = 1.05
Answer = TypeVar("Answer")
_log = logging.get(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Arriving:
    """An upload in progress. `transcription_id` is reserved for its transcription."""

    transcription_id: int
    owner: Owner
    request: UploadRequest


class EarlyStarts:
    """Starts the first parts of uploads in progress."""

    def __init__(
        self,
        database: Database,
        objects: ObjectStore,
        workers: WorkerRegistry,
        wake_ups: WakeUps,
        *,
        issuer: TaskIssuer,
        executor: Executor,
        bucket: str,
        enabled: bool,
    ) -> None:
        """Beginnings are examined on the executor. Nothing starts early unless `enabled`."""
        self._database = database
        self._objects = objects
        self._workers = workers
        self._wake_ups = wake_ups
        self._issuer = issuer
        self._executor = executor
        self._bucket = bucket
        self._enabled = enabled
        self._held = 0

    async def watched(
        self, upload: Arriving, chunks: AsyncIterator[bytes], *, from_the_front: bool = True
    ) -> AsyncGenerator[bytes, None]:
        """Yield the bytes of a file, and start its first part as soon as they allow it.

        Close the generator when the upload fails, so that nothing is started any more.

        Nothing is started for a recording that is only to be stored, and while all recognizers are
        busy.
        """
        wanted = self._enabled and from_the_front and upload.request.auto_start
        if not wanted or self._held >= _AT_ONCE:
            async for chunk in chunks:
                yield chunk
            return
        self._held += 1
        beginning = _Beginning()
        starting = asyncio.create_task(self._start(upload, beginning), name="early start")
        starting.add_done_callback(self._release)
        try:
            async for chunk in chunks:
                beginning.add(chunk)
                yield chunk
        finally:
            await cancellation.end([starting])

    def _release(self, _started: "asyncio.Task[None]") -> None:
        self._held -= 1

    async def _start(self, upload: Arriving, beginning: "_Beginning") -> None:
        """Start the first part once its sound is there and a worker is idle."""
        try:
            data = await beginning.enough(self._seconds_in)
            if data is None:
                return
            await beginning.promises(LEAST_SECONDS)
            heard = await self._run(partial(heard_in, data, upload.request.options.channels))
            if heard is None:
                return
            part = None
            while part is None:
                if self._workers.idle(Stage.TRANSCRIBE):
                    part = await self._prepared(upload, heard)
                if part is None:
                    await asyncio.sleep(_RETRY_SECONDS)
            # The row comes first, so that the object is removed whatever happens.
            await self._objects.put(self._bucket, part.audio_key, data)
            await self._hand_out(part, upload.owner.session_id)
        except ApplicationError as error:
            _log.info("first part not started early", reason=error.message)
        except Exception:
            # The upload goes on without.
            _log.exception("first part not started early")

    async def _prepared(self, upload: Arriving, heard: Heard) -> EarlyPart | None:
        """Return the first part, for which an idle worker's place is held. None if there is none.

        Raises:
            ConflictError: the upload has a part already.
        """
        async with self._database.transaction() as connection:
            await locks.acquire(connection, locks.DISPATCH)
            if not await self._is_free(connection):
                return None
            owner, request = upload.owner, upload.request
            options = await hot_words.with_terms(
                connection,
                upload.transcription_id,
                owner.workspace_id,
                request.options,
                heard.signals,
                again=False,
            )
            task_id = str(uuid4())
            part = EarlyPart(
                transcription_id=upload.transcription_id,
                workspace_id=owner.workspace_id,
                task_id=task_id,
                job_id=f"job_{uuid4().hex}",
                options={
                    **options.of_stage(Stage.TRANSCRIBE, heard.signals),
                    PART: EARLY.to_json(),
                },
                audio_key=beginning_key(upload.transcription_id),
                result_key=f"{upload.transcription_id}/{task_id}.pb",
                sound=heard.sound,
            )
            if not await EarlyParts(connection).add(part):
                raise ConflictError("The upload has an early part already.")
            return part

    async def _is_free(self, connection: Connection) -> bool:
        """Return whether a worker has nothing else to do."""
        workers = self._workers.alive(Stage.TRANSCRIBE)
        tasks = await Tasks(connection).load(Stage.TRANSCRIBE, workers)
        early = await EarlyParts(connection).outstanding()
        return tasks.open + early < workers

    async def _hand_out(self, part: EarlyPart, session_id: str) -> None:
        """Hand a part whose object is stored to the workers, unless it has given way."""
        source = TaskSource(
            transcription_id=part.transcription_id,
            session_id=session_id,
            source_key=part.audio_key,
            seconds=EARLY.heard[1],
        )
        message = await self._issuer.message(part.task, source, 1)
        async with self._database.transaction() as connection:
            if not await EarlyParts(connection).release(part.transcription_id):
                return
            handed_out = TaskMessage(
                task_id=part.task_id,
                release=1,
                stage=Stage.TRANSCRIBE,
                payload=message.SerializeToString(),
                trace=telemetry.inject(),
            )
            await JobOutbox(connection).tasks([handed_out])
        self._wake_ups.outbox.notify()
        _log.info("first part started early", transcription_id=part.transcription_id)

    async def _seconds_in(self, data: bytes) -> float:
        return await self._run(partial(seconds_in, data))

    async def _run(self, work: Callable[[], Answer]) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)


class _Beginning:
    """The bytes of a file that have arrived, kept until there are enough of them or too many."""

    def __init__(self) -> None:
        self._buffer = PieceBuffer()
        self._keeps = True
        self._received = 0
        self._bytes_per_second = 0.0
        self._arrived = asyncio.Event()

    def add(self, chunk: bytes) -> None:
        """Take the next bytes."""
        # More may arrive while a beginning waits to be examined.
        if self._keeps and self._received < _MOST_BYTES:
            self._buffer.add(chunk)
        self._received += len(chunk)
        self._arrived.set()

    async def enough(self, seconds_in: Callable[[bytes], Awaitable[float]]) -> bytes | None:
        """Return a beginning with the sound of the first part.

        `seconds_in` returns how much sound is in bytes. Return None if the file cannot be read from
        the front, or takes too many bytes.
        """
        data, wanted = b"", float(_LEAST_BYTES)
        try:
            while wanted <= _MOST_BYTES:
                await self._until(wanted)
                # A fast upload has brought far more by now, which would all have to be decoded.
                data = self._buffer.take(math.ceil(wanted) - len(data), head=data)
                seconds = await seconds_in(data)
                if seconds >= NEEDED_SECONDS:
                    self._bytes_per_second = len(data) / seconds
                    return data if len(data) <= _MOST_BYTES else None
                needed = NEEDED_SECONDS * _MARGIN / seconds if seconds else 0.0
                wanted = len(data) * max(_LEAST_GROWTH, needed)
            return None
        finally:
            self._keeps, self._buffer = False, PieceBuffer()

    async def promises(self, seconds: float) -> None:
        """Wait until so many bytes have arrived that they should last for some seconds."""
        await self._until(seconds * self._bytes_per_second)

    async def _until(self, size: float) -> None:
        while self._received < size:
            self._arrived.clear()
            await self._arrived.wait()
