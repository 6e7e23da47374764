"""Deletes transcriptions: at once for the caller, and to the last object even after a crash."""

import asyncio

from common import logging
from common.errors import ApplicationError, NotFoundError
from common.objects import ObjectStore
from common.postgres import Database
from transcriber.domain.jobs import TaskState
from transcriber.names.speakers_client import SpeakersClient
from transcriber.outbox import messages
from transcriber.queue.cancellation import JobCanceller
from transcriber.store.deletions import Deletion, Deletions
from transcriber.store.jobs import Jobs
from transcriber.store.outbox import Outbox
from transcriber.store.tasks import Tasks
from transcriber.store.transcriptions import Transcriptions

#: How long (seconds) the caller waits for the objects to be gone before that goes on without.
_AT_ONCE_SECONDS = 10.0
#: When objects are looked for once more after a worker may still have been writing.
_LATE_SECONDS = 900.0
_log = logging.get(__name__)


class Deleter:
    """Removes transcriptions and everything that came of them."""

    def __init__(
        self,
        database: Database,
        objects: ObjectStore,
        speakers: SpeakersClient,
        canceller: JobCanceller,
        *,
        bucket_audio: str,
        bucket_results: str,
    ) -> None:
        self._database = database
        self._objects = objects
        self._speakers = speakers
        self._canceller = canceller
        self._bucket_audio = bucket_audio
        self._bucket_results = bucket_results

    async def delete(self, transcription_id: int, session_id: str) -> None:
        """Deletes a session's transcription; a job under way is cancelled first.

        Raises:
            NotFoundError: the session has no such transcription.
        """
        sequences: list[int] = []
        async with self._database.transaction() as connection:
            transcriptions = Transcriptions(connection)
            transcription = await transcriptions.lock_own(transcription_id, session_id)
            if transcription is None:
                raise NotFoundError("There is no such transcription.")
            live = await Jobs(connection).live_of(transcription_id)
            late = False
            if live is not None:
                tasks = await Tasks(connection).of_job(live)
                late = any(task.state in {TaskState.RELEASED, TaskState.RUNNING} for task in tasks)
                job = next(iter(await Jobs(connection).get([live])))
                sequences = await self._canceller.cancel_within(connection, job) or []
            deletion = Deletion(
                transcription_id=transcription_id,
                session_id=session_id,
                source_key=transcription.source_key,
                voices_known=transcription.voices_known,
                late_pass=late,
            )
            await Deletions(connection).add(deletion)
            await transcriptions.remove(transcription_id)
            await Outbox(connection).event(
                messages.transcription_deleted(session_id, transcription_id)
            )
        await self._canceller.withdraw(sequences)
        await self._at_once(deletion)

    async def step(self) -> None:
        """Goes on with deletions that did not come to their end."""
        while True:
            async with self._database.transaction() as connection:
                deletion = await Deletions(connection).claim()
            if deletion is None:
                return
            try:
                await self._carry_out(deletion)
            except ApplicationError as error:
                _log.warning(
                    "a deletion is delayed",
                    transcription_id=deletion.transcription_id,
                    reason=error.message,
                )

    async def _at_once(self, deletion: Deletion) -> None:
        try:
            async with asyncio.timeout(_AT_ONCE_SECONDS):
                await self._carry_out(deletion)
        except (ApplicationError, TimeoutError) as error:
            _log.warning(
                "a deletion goes on in the background",
                transcription_id=deletion.transcription_id,
                reason=repr(error),
            )

    async def _carry_out(self, deletion: Deletion) -> None:
        prefix = f"{deletion.transcription_id}/"
        await self._objects.delete(self._bucket_audio, deletion.source_key)
        await self._objects.delete_prefix(self._bucket_results, prefix)
        if deletion.voices_known:
            await self._speakers.decide(deletion.transcription_id, deletion.session_id, ())
        async with self._database.transaction() as connection:
            await Deletions(connection).done(deletion, _LATE_SECONDS)
