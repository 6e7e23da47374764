"""Adoption of first parts that were begun early, once the whole recording is there."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import Executor
from typing import Any

from common import logging
from common.audio.signals import Signal, SignalPart
from common.objects import ObjectStore
from common.postgres import Database
from transcriber.domain.early_parts import EarlyPart
from transcriber.recordings.beginning import sound_of_part
from transcriber.recordings.checks import Hurried
from transcriber.store.early_parts import EarlyParts

_log = logging.get(__name__)


class Adoption:
    """Decides whether the result of an early part is that of the whole recording."""

    def __init__(
        self,
        database: Database,
        objects: ObjectStore,
        executor: Executor,
        *,
        bucket: str,
        seconds: float,
    ) -> None:
        """`seconds` limits the reading of a recording, which is decoded on the executor."""
        self._database = database
        self._objects = objects
        self._executor = executor
        self._bucket = bucket
        self._seconds = seconds

    async def fitting(self, transcription_id: int, source_key: str) -> EarlyPart | None:
        """Return the early part of a whole recording if its worker hears the same sound in it."""
        async with self._database.transaction() as connection:
            early = await EarlyParts(connection).find(transcription_id)
        if early is None:
            return None
        try:
            sound = await self._sound(source_key, early)
        except Exception:
            _log.exception("sound of an early part not compared", transcription_id=transcription_id)
            sound = ""
        if sound == early.sound:
            return early
        _log.info("early part sounds otherwise", transcription_id=transcription_id)
        return None

    async def _sound(self, source_key: str, early: EarlyPart) -> str:
        stored = await self._objects.open(self._bucket, source_key)
        signals = [_signal(values) for values in early.options.get("signals", ())]
        async with asyncio.timeout(self._seconds + 1):
            return await asyncio.get_running_loop().run_in_executor(
                self._executor, lambda: sound_of_part(Hurried(stored, self._seconds), signals)
            )


def _signal(values: Mapping[str, Any]) -> Signal:
    return Signal(
        title=values["title"],
        parts=tuple(
            SignalPart(track=part["track"], gains=tuple(part["gains"])) for part in values["parts"]
        ),
    )
