"""Encryption of recordings by an api: its stored bytes, and erased keys."""

import asyncio
import io

import pytest

from common.encryption.records import sealed_size
from common.errors import NotFoundError
from common.objects import ObjectStore, RangedObject
from common.postgres import Database
from common.tasks.task import TaskControl
from securetranscribe.v1 import queue_pb2, upload_pb2
from tests.integration.transcriber.captures.capturing import Captures
from tests.integration.transcriber.conftest import Api, Caller
from tests.integration.transcriber.encryption.encrypted import (
    KEYS,
    MARK,
    WORKSPACES,
    contents,
    download,
    ring,
)
from tests.integration.transcriber.fakes import (
    TWO_PASSAGES,
    TWO_SPEAKERS,
    WorkerFactory,
    gives,
    wav,
)
from tests.integration.transcriber.recordings.test_erasure import erase_workspace
from tests.integration.transcriber.resumable.uploading import MEBIBYTE, Uploads, recording
from transcriber.encryption.rotation import forget_unused_keys


@pytest.fixture
def caller(api: Api) -> Caller:
    return api.caller()


async def test_everything_of_a_transcription_is_encrypted(
    api: Api, caller: Caller, worker_factory: WorkerFactory, stored: ObjectStore
) -> None:
    data = wav(200.0)
    heard: list[bytes] = []

    def words(task: queue_pb2.Task, audio: RangedObject, control: TaskControl) -> bytes:
        heard.append(io.BufferedReader(audio).read())
        return bytes(TWO_PASSAGES.SerializeToString())

    answer = await caller.upload(data, auto_start=True)
    number = answer.transcription.transcription_id
    assert answer.transcription.file.size_bytes == len(data)
    async with (
        worker_factory.handling("transcribe", words),
        worker_factory.worker("diarize", gives(TWO_SPEAKERS)),
    ):
        found = await caller.ended(number)
    assert found.segments
    assert heard == [data]
    objects = await contents(stored)
    assert len(objects) >= 3
    assert f"{number}/source" in objects
    for key, content in objects.items():
        assert MARK not in content, key
        assert b"fLaC" not in content, key
        assert b"morning" not in content, key
    assert len(objects[f"{number}/source"]) == sealed_size(len(data))
    assert await download(caller, number) == data


async def test_keys_read_together_are_those_of_each_object(
    caller: Caller, database: Database
) -> None:
    numbers = [(await caller.upload()).transcription.transcription_id for _ in range(2)]
    keys = ring(database)
    objects = [
        (bucket, f"{number}/{name}")
        for number in numbers
        for bucket, name in (("audio", "source"), ("results", "a.pb"), ("results", "a.webm"))
    ]
    others = [("results", "ledger/1"), ("audio", "999999999/source")]
    async with database.transaction() as connection:
        known = await keys.together([*objects, *others], connection)
    texts = set()
    for one in objects:
        cipher, alone = await known.writing(*one), await keys.reading(*one)
        assert cipher is not None
        assert alone is not None
        assert cipher.text() == alone.text()
        texts.add(cipher.text())
    assert len(texts) == len(objects)
    assert await known.reading("results", "ledger/1") is None
    with pytest.raises(NotFoundError):
        await known.reading("audio", "999999999/source")

    # They are not read again.
    await database.execute("DELETE FROM data_keys")
    assert await known.reading(*objects[0]) is not None
    with pytest.raises(NotFoundError):
        await keys.reading(*objects[0])


async def test_uploads_in_pieces_are_encrypted(
    api: Api, caller: Caller, stored: ObjectStore
) -> None:
    data = recording(6 * MEBIBYTE + 777)
    uploads = Uploads.of(api)
    upload = await uploads.create(len(data))
    place = 0
    for end in (100_000, 3 * MEBIBYTE + 1, 5 * MEBIBYTE + 5, len(data)):
        upload = await uploads.append(upload.upload_id, place, data[place:end])
        place = end
        for key, content in (await contents(stored)).items():
            assert data[:64] not in content, key
            assert data[1000:1200] not in content, key
    assert upload.state == upload_pb2.UPLOAD_STATE_COMPLETED
    number = upload.transcription_id
    assert len(await stored.get("audio", f"{number}/source")) == sealed_size(len(data))
    assert await download(caller, number) == data


async def test_captures_are_encrypted(api: Api, caller: Caller, stored: ObjectStore) -> None:
    data = wav(20.0)
    captures = Captures.of(api)
    capture = await captures.create("audio/wav")
    for number, place in enumerate(range(0, len(data), 100_000)):
        await captures.put(capture.capture_id, number, data[place : place + 100_000])
    chunks = await contents(stored)
    assert len(chunks) == -(-len(data) // 100_000)
    assert all(MARK not in content for content in chunks.values())
    ended = await captures.finish(capture.capture_id, len(chunks))
    number = ended.transcription_id
    assert await download(caller, number) == data
    assert len(await stored.get("audio", f"{number}/source")) == sealed_size(len(data))


async def test_an_erased_transcription_leaves_no_key(
    caller: Caller, database: Database, stored: ObjectStore, objects: ObjectStore
) -> None:
    number, kept = await caller.upload_id(), await caller.upload_id(wav(5.0))
    copy = await stored.get("audio", f"{number}/source")
    assert len(await database.fetch_all(KEYS)) == 4
    await caller.delete(number)
    rows = await database.fetch_all(KEYS)
    assert {row["transcription_id"] for row in rows} == {kept}
    # Even an old copy of the object is of no use.
    await stored.put("audio", f"{number}/source", copy)
    with pytest.raises(NotFoundError):
        await ring(database).reading("audio", f"{number}/source")


async def test_an_erased_workspace_leaves_no_key(
    api: Api, caller: Caller, database: Database
) -> None:
    await caller.upload_id()
    await api.caller("b").upload_id()
    await Uploads.of(api).create(100_000)
    before = {row["workspace_id"] for row in await database.fetch_all(WORKSPACES)}
    assert before == {"session_a", "session_b"}
    await erase_workspace(api, "session_a")
    assert [row["workspace_id"] for row in await database.fetch_all(WORKSPACES)] == ["session_b"]
    assert {row["workspace_id"] for row in await database.fetch_all(KEYS)} == {"session_b"}


async def test_keys_of_what_came_to_nothing_are_removed(
    caller: Caller, database: Database, api: Api
) -> None:
    kept = await caller.upload_id()
    upload = await Uploads.of(api).create(200_000)
    await Uploads.of(api).append(upload.upload_id, 0, recording(200_000)[:1000])
    with pytest.raises(Exception, match="audio"):
        await caller.upload(b"no sound " * 1000, filename="talk.wav")
    await forget_unused_keys(database)
    rows = await database.fetch_all(KEYS)
    found = await database.fetch_all("SELECT transcription_id FROM resumable_uploads")
    assert {row["transcription_id"] for row in rows} == {kept, found[0]["transcription_id"]}


async def test_results_of_a_deleted_transcription_cannot_be_written(
    caller: Caller, database: Database
) -> None:
    number = await caller.upload_id()
    keys = ring(database)
    assert await keys.writing("results", f"{number}/a.pb") is not None
    await caller.delete(number)
    with pytest.raises(NotFoundError):
        await keys.writing("results", f"{number}/a.pb")


async def test_concurrent_first_objects_have_one_key(
    api: Api, caller: Caller, database: Database
) -> None:
    capture = await Captures.of(api).create("audio/wav")
    (row,) = await database.fetch_all("SELECT transcription_id FROM captures")
    name = f"{row['transcription_id']}/capture/1"
    rings = [ring(database) for _ in range(6)]
    ciphers = await asyncio.gather(*(one.writing("audio", name) for one in rings))
    assert len({cipher.text() for cipher in ciphers if cipher is not None}) == 1
    assert len(await database.fetch_all(KEYS)) == 2
    assert capture.capture_id
