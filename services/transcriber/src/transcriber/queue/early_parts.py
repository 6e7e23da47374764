"""Removal of first parts that were begun early and that no job needs any more."""

import contextlib
from collections.abc import Sequence

import nats.errors
from nats.js import JetStreamContext

from common import bus, logging
from common.background.policy import Policy
from common.background.steps import ItemStep
from common.objects import ObjectStore
from common.postgres import Connection, Database
from transcriber.domain.playback import CopyKeys
from transcriber.store.early_parts import EarlyParts, LeftPart
from transcriber.store.outbox import JobOutbox
from transcriber.wakeups import WakeUps

#: A worker that was stopped may still store a result for so long.
LATE_SECONDS = 600.0
_log = logging.get(__name__)


class EarlyPartStep(ItemStep[LeftPart]):
    """Removes what is left of early parts: their beginnings, and results that nobody took over."""

    name = "early-parts"
    items = "first parts of recordings that were begun before their uploads ended"
    outcome = "The part is not used. Its bytes stay in storage and are listed."
    policy = Policy(most_attempts=10, first_pause=15.0, longest_pause=3600.0, at_a_time=4)

    def __init__(
        self,
        database: Database,
        objects: ObjectStore,
        stream: JetStreamContext,
        wake_ups: WakeUps,
        *,
        bucket_audio: str,
        bucket_results: str,
        late_seconds: float = LATE_SECONDS,
    ) -> None:
        super().__init__(database)
        self._objects = objects
        self._stream = stream
        self._wake_ups = wake_ups
        self._bucket_audio = bucket_audio
        self._bucket_results = bucket_results
        self._late_seconds = late_seconds

    def key(self, item: LeftPart) -> str:
        """Return the id reserved for the transcription."""
        return str(item.transcription_id)

    async def due(self, connection: Connection, limit: int) -> Sequence[LeftPart]:
        """Return parts to remove."""
        return await EarlyParts(connection).left(limit, late_seconds=self._late_seconds)

    async def handle(self, item: LeftPart) -> None:
        """Remove a part, once its worker was told to stop."""
        if not item.adopted and not item.withdrawn:
            if not await self._withdraw(item):
                return
            await self._remove_results(item)
            await self._objects.delete(self._bucket_audio, item.audio_key)
            return
        if not item.adopted:
            await self._remove_results(item)
        await self._objects.delete(self._bucket_audio, item.audio_key)
        async with self._database.transaction() as connection:
            await EarlyParts(connection).remove(item.transcription_id)

    async def _withdraw(self, item: LeftPart) -> bool:
        """Stop the worker. Return False if a job has taken the part over."""
        async with self._database.transaction() as connection:
            if not await EarlyParts(connection).withdraw(item):
                return False
            await JobOutbox(connection).cancellation(item.job_id)
        self._wake_ups.outbox.notify()
        if item.stream_sequence is not None:
            # A missing message is harmless.
            with contextlib.suppress(nats.errors.Error):
                await self._stream.delete_msg(bus.TASKS_STREAM, item.stream_sequence)
        _log.info("early part withdrawn", transcription_id=item.transcription_id)
        return True

    async def _remove_results(self, item: LeftPart) -> None:
        copy = CopyKeys.of_result(item.result_key)
        for key in (item.result_key, copy.playback, copy.peaks):
            await self._objects.delete(self._bucket_results, key)
