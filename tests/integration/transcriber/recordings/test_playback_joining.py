"""Playback copies of parts in the object store, joined at the end of a job."""

import io
from collections.abc import AsyncIterator

import pytest

from common.audio.decoding import decode
from common.audio.playback import PlaybackError, PlaybackRecorder
from common.audio.playback_parts import PART_TYPE, Core
from common.audio.probe import probe
from common.audio.resampling import SAMPLE_RATE
from common.audio.signals import Sound, Span
from common.errors import DiskFullError, UnavailableError
from common.objects import ObjectStore
from common.postgres import Database
from tests.integration.transcriber.fakes import wav
from transcriber.domain.jobs import Stage, Task
from transcriber.domain.playback import CopyKeys, MadeCopy, StoredCopy
from transcriber.recordings.playback_joining import CopyJoiner

BUCKET = "results"
_TRANSCRIPTION = """
INSERT INTO transcriptions (id, session_id, filename, size_bytes, duration, format, codec,
    sample_rate, channels, source_key, language_requested, phrases, speaker_count, min_speakers,
    max_speakers, status)
VALUES (1, 's', 'a.wav', 1, 30, 'wav', 'pcm', 8000, 1, 'key', '', '{}', 0, 0, 0, 'processing')
"""
_SUPERSEDED = "INSERT INTO superseded_copies (result_key, transcription_id) VALUES (%s, 1)"
SECONDS = 30.0
MERGE = Task(
    task_id="m", job_id="j", transcription_id=1, stage=Stage.MERGE, result_key="1/merge.pb"
)


async def stored_part(objects: ObjectStore, start: int, end: int | None) -> StoredCopy:
    """Store the copy of a part as a worker does."""
    first = max(0, start - 4)
    sound = Sound(
        file=io.BytesIO(wav(SECONDS)), span=Span(start=first, end=None if end is None else end + 4)
    )
    length = None if end is None else (end - start) * SAMPLE_RATE
    with PlaybackRecorder(1, Core(first=(start - first) * SAMPLE_RATE, length=length)) as recorder:
        for heard in recorder.listening([sound]):
            list(decode(heard))
        files = recorder.finish()
        files.copy.seek(0)
        files.peaks.seek(0)
        key = f"1/part-{start}.pb"
        keys = CopyKeys.of_result(key)
        await objects.put(BUCKET, keys.playback, files.copy.read())
        await objects.put(BUCKET, keys.peaks, files.peaks.read())
        made = MadeCopy(
            content_type=PART_TYPE,
            size_bytes=files.copy_bytes,
            peaks_bytes=files.peaks_bytes,
            channels=1,
            duration=files.samples / SAMPLE_RATE,
        )
    return StoredCopy(result_key=key, made=made, start=start)


@pytest.fixture
async def parts(objects: ObjectStore) -> list[StoredCopy]:
    return [
        await stored_part(objects, 0, 10),
        await stored_part(objects, 10, 20),
        await stored_part(objects, 20, None),
    ]


class FullStore:
    """A store that refuses every object."""

    def __init__(self, objects: ObjectStore, error: Exception) -> None:
        self._error = error
        self.reader = objects.reader

    async def put_stream(self, _bucket: str, _key: str, chunks: AsyncIterator[bytes]) -> int:
        async for _ in chunks:
            raise self._error
        return 0


async def test_parts_become_one_playable_copy(
    database: Database, objects: ObjectStore, parts: list[StoredCopy]
) -> None:
    joined = await CopyJoiner(database, objects, bucket=BUCKET).join(parts, MERGE)
    assert joined is not None
    assert (joined.result_key, joined.made.content_type) == ("1/merge.pb", "audio/webm")
    assert joined.made.duration == SECONDS
    keys = CopyKeys.of_result(joined.result_key)
    copy = await objects.get(BUCKET, keys.playback)
    assert len(copy) == joined.made.size_bytes
    assert len(await objects.get(BUCKET, keys.peaks)) == joined.made.peaks_bytes
    assert probe(io.BytesIO(copy)).duration == pytest.approx(SECONDS, abs=0.05)


async def test_a_missing_part_makes_no_copy(
    database: Database, objects: ObjectStore, parts: list[StoredCopy]
) -> None:
    await objects.delete(BUCKET, CopyKeys.of_result(parts[1].result_key).playback)
    with pytest.raises(PlaybackError):
        await CopyJoiner(database, objects, bucket=BUCKET).join(parts, MERGE)


@pytest.mark.parametrize("error", [DiskFullError("full"), OSError(28, "No space left")])
async def test_no_room_makes_no_copy(
    database: Database, objects: ObjectStore, parts: list[StoredCopy], error: Exception
) -> None:
    full = FullStore(objects, error)
    with pytest.raises(PlaybackError):
        await CopyJoiner(database, full, bucket=BUCKET).join(parts, MERGE)  # type: ignore[arg-type]


async def test_the_merge_waits_for_an_absent_store(
    database: Database, objects: ObjectStore, parts: list[StoredCopy]
) -> None:
    away = FullStore(objects, UnavailableError("away"))
    with pytest.raises(UnavailableError):
        await CopyJoiner(database, away, bucket=BUCKET).join(parts, MERGE)  # type: ignore[arg-type]


async def test_copies_of_removed_parts_are_not_joined(
    database: Database, objects: ObjectStore, parts: list[StoredCopy]
) -> None:
    await database.execute(_TRANSCRIPTION)
    await database.execute(_SUPERSEDED, (parts[0].result_key,))
    assert await CopyJoiner(database, objects, bucket=BUCKET).join(parts, MERGE) is None
