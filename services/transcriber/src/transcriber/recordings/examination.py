"""Examination of stored uploads: their length and format, and a survey of their channels."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TypeVar

from common import lengths, logging
from common.audio.errors import TruncatedAudioError
from common.audio.probe import AudioInfo, probe
from common.audio.survey import Survey, survey
from common.errors import AudioProcessingError, FileTooLargeError
from common.objects import ObjectStore, RangedObject
from transcriber.domain.file_formats import format_of
from transcriber.domain.transcriptions import AudioFile
from transcriber.recordings.checks import Hurried
from transcriber.store.json_values import check_storable

#: How far beyond the limit a recording is measured, so that one of just that length is accepted.
_BEYOND_SECONDS = 10.0
Answer = TypeVar("Answer")
_log = logging.get(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Examined:
    """An acceptable recording. `survey` is None if its channels could not be measured."""

    file: AudioFile
    survey: Survey | None


class Examiner:
    """Examines stored objects on an executor."""

    def __init__(
        self,
        objects: ObjectStore,
        executor: Executor,
        *,
        bucket: str,
        seconds: float,
        max_duration: float,
    ) -> None:
        """`seconds` limits probing and surveying, and `max_duration` (seconds) the recording."""
        self._objects = objects
        self._executor = executor
        self._bucket = bucket
        self._seconds = seconds
        self._max_duration = max_duration

    async def examine(
        self, key: str, filename: str, *, size: int, allow_truncated: bool
    ) -> Examined:
        """Examine an object of `size` bytes uploaded under a name.

        Raises:
            AudioProcessingError: it cannot be decoded, or breaks off without `allow_truncated`.
            FileTooLargeError: it is longer than the limit.
        """
        stored = await self._objects.open(self._bucket, key)
        enough = self._max_duration + _BEYOND_SECONDS
        try:
            info, warnings = await self._run(
                lambda: _probed(Hurried(stored, self._seconds), allow_truncated, enough)
            )
        except TimeoutError as error:
            raise AudioProcessingError(
                "The recording could not be examined in time. It may be damaged."
            ) from error
        if info.duration > self._max_duration:
            raise self._too_long(filename, info.duration)
        file = AudioFile(
            filename=filename,
            size_bytes=size,
            duration=info.duration,
            format=format_of(filename, info.kind),
            codec=info.codec,
            sample_rate=info.sample_rate,
            channels=info.channels,
            warnings=warnings,
        )
        return Examined(file=file, survey=await self._surveyed(stored, key, info))

    async def _surveyed(self, stored: RangedObject, key: str, info: AudioInfo) -> Survey | None:
        """Return a survey. A decodable recording is accepted without one, too."""
        try:
            found = await self._run(
                lambda: survey(Hurried(stored, self._seconds), duration=info.duration)
            )
            check_storable(found.to_json())
            return found
        except Exception:
            _log.exception("channels of a recording not measured", key=key)
            return None

    async def _run(self, work: Callable[[], Answer]) -> Answer:
        """Return the result of work. Raise TimeoutError if it is not there in time."""
        # Usually reading raises first, which also ends the work.
        async with asyncio.timeout(self._seconds + 1):
            return await asyncio.get_running_loop().run_in_executor(self._executor, work)

    def _too_long(self, filename: str, duration: float) -> FileTooLargeError:
        limit = self._max_duration
        return FileTooLargeError(
            f"The recording is too long: it has at least {lengths.clock(duration)} hours, and at "
            f"most {lengths.clock(limit)} are accepted.",
            {
                "max_duration": lengths.compact(limit),
                "provided_duration": lengths.clock(duration),
                "file_name": filename,
            },
        )


def _probed(
    source: Hurried, allow_truncated: bool, enough: float
) -> tuple[AudioInfo, tuple[str, ...]]:
    """Return the properties of a recording, measured up to `enough` seconds, and warnings."""
    try:
        return probe(source, enough=enough), ()
    except TruncatedAudioError as error:
        if not allow_truncated:
            raise
        warning = (
            f"The recording breaks off: {error.declared:.1f} s declared, {error.found:.1f} s "
            "present."
        )
        info = probe(source, allow_truncated=True, enough=enough)
        return info, (warning,)
