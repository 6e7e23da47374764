"""Captures on a real database and a real object store."""

import pytest

from common.objects import ObjectStore
from common.postgres import Database
from securetranscribe.v1 import capture_pb2
from tests.integration.transcriber.captures.capturing import Captures
from tests.integration.transcriber.conftest import Api
from tests.integration.transcriber.fakes import until
from tests.live_recordings import chunks, tone, webm

SIZE = 3_000
_IDLE = "UPDATE captures SET idle_at = now() - interval '1 second'"
_LONG_AGO = "UPDATE captures SET ended_at = now() - interval '2 days'"
_ROWS = """
SELECT (SELECT count(*) FROM captures) + (SELECT count(*) FROM capture_chunks) AS number
"""
_TRANSCRIPTIONS = "SELECT count(*) AS number FROM transcriptions"


@pytest.fixture
def captures(api: Api) -> Captures:
    return Captures.of(api)


@pytest.fixture(scope="module")
def sound() -> bytes:
    """Return four seconds of WebM."""
    return webm(tone(4.0, 400))


async def number_of(database: Database, statement: str) -> int:
    row = await database.fetch_one(statement)
    assert row is not None
    return int(row["number"])


async def only_source_left(objects: ObjectStore, transcription_id: int) -> None:
    """Wait until the chunks are removed."""

    async def alone() -> bool:
        return await objects.keys("audio") == [f"{transcription_id}/source"]

    await until(alone)


async def test_one_stream_is_kept_byte_by_byte(
    captures: Captures, api: Api, objects: ObjectStore, sound: bytes
) -> None:
    parts = chunks(sound, SIZE)
    assert len(parts) > 3
    begun = await captures.create(title="Weekly meeting")
    assert (begun.state, begun.next_chunk) == (capture_pb2.CAPTURE_STATE_RECEIVING, 0)

    for number, part in enumerate(parts):
        told = await captures.put(begun.capture_id, number, part)
        assert (told.next_chunk, list(told.missing)) == (number + 1, [])
    assert told.stored_bytes == len(sound)
    done = await captures.finish(begun.capture_id, len(parts))

    assert done.state == capture_pb2.CAPTURE_STATE_COMPLETED
    assert await objects.get("audio", f"{done.transcription_id}/source") == sound
    found = await api.caller("a").get(done.transcription_id)
    assert found.title == "Weekly meeting"
    assert found.file.filename == "Weekly meeting.webm"
    assert found.file.duration.ToTimedelta().total_seconds() == pytest.approx(4.0, abs=0.1)
    assert list(found.warnings) == []
    await only_source_left(objects, done.transcription_id)


async def test_recognition_is_started(captures: Captures, api: Api, sound: bytes) -> None:
    begun = await captures.create(auto_start=True)
    await captures.put(begun.capture_id, 0, sound)

    done = await captures.finish(begun.capture_id, 1)

    assert done.job_id
    assert (await api.caller("a").job(done.job_id)).transcription_id == done.transcription_id
