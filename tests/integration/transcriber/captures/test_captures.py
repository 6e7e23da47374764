"""Captures on a real database and a real object store."""

import asyncio
import hashlib
from typing import Any

import pytest

from common.errors import ChecksumError, NotFoundError, StateError, ValidationError
from common.objects import ObjectStore
from common.postgres import Database
from securetranscribe.v1 import capture_pb2, transcription_pb2
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


async def test_streams_of_a_recorder_that_was_started_again(
    captures: Captures, api: Api, objects: ObjectStore, sound: bytes
) -> None:
    crashed = chunks(sound[: len(sound) * 3 // 4], SIZE)
    second = chunks(webm(tone(2.0, 800)), SIZE)
    begun = await captures.create()
    told = await captures.put_all(begun.capture_id, crashed, second)

    done = await captures.finish(begun.capture_id, told.next_chunk)

    assert done.state == capture_pb2.CAPTURE_STATE_COMPLETED
    found = await api.caller("a").get(done.transcription_id)
    assert (found.file.format, found.file.codec, found.file.channels) == ("webm", "opus", 1)
    assert 4.0 < found.file.duration.ToTimedelta().total_seconds() < 5.8
    assert list(found.warnings) == []
    await only_source_left(objects, done.transcription_id)


async def test_streams_with_other_channels_and_without_sound(
    captures: Captures, api: Api, sound: bytes
) -> None:
    begun = await captures.create(channels=transcription_pb2.CHANNEL_MODE_SEPARATE)
    told = await captures.put_all(begun.capture_id, [sound], [sound[:120]], [webm(tone(2.0, 1, 2))])

    done = await captures.finish(begun.capture_id, told.next_chunk)

    found = await api.caller("a").get(done.transcription_id)
    assert found.file.channels == 2
    assert found.file.duration.ToTimedelta().total_seconds() == pytest.approx(6.0, abs=0.2)
    assert [warning[:15] for warning in found.warnings] == ["Part 2 of 3 of "]


async def test_chunks_in_any_order_and_again(captures: Captures, sound: bytes) -> None:
    parts = chunks(sound, SIZE)
    begun = await captures.create()
    capture_id = begun.capture_id

    late = await captures.put(capture_id, 2, parts[2])
    assert (late.next_chunk, list(late.missing)) == (0, [0, 1])
    await asyncio.gather(*(captures.put(capture_id, 0, parts[0]) for _ in range(5)))
    told = await captures.put(capture_id, 2, parts[2])
    assert (told.next_chunk, list(told.missing)) == (1, [1])
    assert told.stored_bytes == len(parts[0]) + len(parts[2])
    with pytest.raises(StateError) as caught:
        await captures.put(capture_id, 2, parts[1])
    assert caught.value.details == {"number": "2"}
    for number, part in enumerate(parts):
        told = await captures.put(capture_id, number, part)
    assert told.stored_bytes == len(sound)
    done = await captures.finish(capture_id, len(parts))
    assert done.state == capture_pb2.CAPTURE_STATE_COMPLETED
    assert await captures.finish(capture_id, len(parts)) == done


async def test_checksum(captures: Captures, sound: bytes) -> None:
    begun = await captures.create()

    with pytest.raises(ChecksumError):
        await captures.put(begun.capture_id, 0, sound[:-1], sha256=hashlib.sha256(sound).digest())

    assert (await captures.get(begun.capture_id)).next_chunk == 0
    told = await captures.put(begun.capture_id, 0, sound, sha256=hashlib.sha256(sound).digest())
    assert told.next_chunk == 1


async def test_missing_chunks_are_told(captures: Captures, sound: bytes) -> None:
    parts = chunks(sound, SIZE)
    begun = await captures.create()
    for number in (0, 1, 3):
        await captures.put(begun.capture_id, number, parts[number])

    with pytest.raises(StateError) as caught:
        await captures.finish(begun.capture_id, 6)

    assert caught.value.details == {"missing": "2,4,5"}
    assert (await captures.get(begun.capture_id)).state == capture_pb2.CAPTURE_STATE_RECEIVING
    with pytest.raises(ValidationError):
        await captures.finish(begun.capture_id, 3)


async def test_gaps_can_be_allowed(captures: Captures, api: Api, sound: bytes) -> None:
    parts = chunks(sound, SIZE)
    begun = await captures.create()
    for number in range(len(parts)):
        if number != len(parts) // 2:
            await captures.put(begun.capture_id, number, parts[number])

    done = await captures.finish(begun.capture_id, len(parts) + 1, allow_gaps=True)

    assert done.state == capture_pb2.CAPTURE_STATE_COMPLETED
    found = await api.caller("a").get(done.transcription_id)
    assert found.file.duration.ToTimedelta().total_seconds() > 1.5
    total = len(parts) + 1
    assert f"2 of {total} pieces of the recording are missing." in found.warnings


async def test_idle_capture_is_finished_with_what_is_there(
    captures: Captures, api: Api, database: Database, sound: bytes
) -> None:
    parts = chunks(sound, SIZE)
    begun = await captures.create(title="Interrupted")
    await captures.put_all(begun.capture_id, parts[:-1])

    await database.execute(_IDLE)
    done = await captures.ended(begun.capture_id)

    assert done.state == capture_pb2.CAPTURE_STATE_COMPLETED
    found = await api.caller("a").get(done.transcription_id)
    assert found.title == "Interrupted"
    assert any("was not finished by the device" in warning for warning in found.warnings)
    with pytest.raises(StateError) as caught:
        await captures.put(begun.capture_id, len(parts) - 1, parts[-1])
    assert caught.value.details == {
        "state": "completed",
        "transcription_id": str(done.transcription_id),
    }


async def test_without_sound_it_is_rejected(
    captures: Captures, objects: ObjectStore, database: Database
) -> None:
    empty, silent = await captures.create(), await captures.create()
    await captures.put(silent.capture_id, 0, b"<html>" * 100)

    await database.execute(_IDLE)

    for capture_id in (empty.capture_id, silent.capture_id):
        ended = await captures.ended(capture_id)
        assert ended.state == capture_pb2.CAPTURE_STATE_REJECTED
        assert ended.failure.code == "FILE_UPLOAD_ERROR"
        assert not ended.transcription_id

    async def nothing_left() -> bool:
        return not await objects.keys("audio")

    await until(nothing_left)


async def test_discarded(
    captures: Captures, objects: ObjectStore, database: Database, sound: bytes
) -> None:
    begun = await captures.create()
    await captures.put(begun.capture_id, 0, sound)

    await captures.discard(begun.capture_id)
    await captures.discard(begun.capture_id)

    assert (await captures.get(begun.capture_id)).state == capture_pb2.CAPTURE_STATE_DISCARDED
    with pytest.raises(StateError):
        await captures.put(begun.capture_id, 1, sound)
    with pytest.raises(StateError):
        await captures.finish(begun.capture_id, 1)

    async def nothing_left() -> bool:
        return not await objects.keys("audio")

    await until(nothing_left)
    await database.execute(_LONG_AGO)

    async def forgotten() -> bool:
        return not await number_of(database, _ROWS)

    await until(forgotten)
    assert not await number_of(database, _TRANSCRIPTIONS)


async def test_complete_capture_is_forgotten_and_its_transcription_stays(
    captures: Captures, api: Api, database: Database, sound: bytes
) -> None:
    begun = await captures.create()
    await captures.put(begun.capture_id, 0, sound)
    done = await captures.finish(begun.capture_id, 1)
    with pytest.raises(StateError) as caught:
        await captures.discard(begun.capture_id)
    assert caught.value.details == {"transcription_id": str(done.transcription_id)}

    await database.execute(_LONG_AGO)

    async def forgotten() -> bool:
        return not await number_of(database, _ROWS)

    await until(forgotten)
    assert (await api.caller("a").get(done.transcription_id)).transcription_id


async def test_request_id_makes_one_capture(captures: Captures, api: Api) -> None:
    first = await captures.create(request_id="once")

    assert await captures.create(request_id="once") == first
    assert await captures.ids() == [first.capture_id]
    assert (await Captures.of(api, "b").create(request_id="once")).capture_id != first.capture_id


async def test_others_do_not_find_it(captures: Captures, api: Api, sound: bytes) -> None:
    begun = await captures.create()
    stranger = Captures.of(api, "b")

    for request in (
        stranger.get(begun.capture_id),
        stranger.put(begun.capture_id, 0, sound),
        stranger.finish(begun.capture_id, 1),
        stranger.discard(begun.capture_id),
    ):
        with pytest.raises(NotFoundError):
            await request
    assert await stranger.ids() == []
    assert await captures.get(begun.capture_id) == begun


@pytest.mark.parametrize(
    "described",
    [
        {"media_type": "text/html"},
        {"media_type": ""},
        {"title": "x" * 256},
        {"title": "a\x00b"},
        {"language": "no language"},
    ],
)
async def test_wrong_descriptions(captures: Captures, described: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        await captures.create(**described)


@pytest.mark.parametrize(
    ("number", "data"),
    [(0, b""), (0, b"x" * (3 * 1024 * 1024 + 1)), (-1, b"x"), (10_000, b"x"), (100_000, b"x")],
)
async def test_wrong_chunks(captures: Captures, number: int, data: bytes) -> None:
    begun = await captures.create()

    with pytest.raises(ValidationError):
        await captures.put(begun.capture_id, number, data)


async def test_largest_chunk(captures: Captures) -> None:
    begun = await captures.create()

    told = await captures.put(begun.capture_id, 0, b"x" * (3 * 1024 * 1024))

    assert told.stored_bytes == 3 * 1024 * 1024
