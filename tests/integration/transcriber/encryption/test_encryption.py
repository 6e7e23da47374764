"""Encryption of recordings by an api: its stored bytes, erased keys, rotation, and wrong keys."""

import asyncio
import base64
import io
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from common.encryption.key_holders import DeploymentKeys, name_of
from common.encryption.records import sealed_size
from common.errors import NotFoundError
from common.objects import ObjectStore, RangedObject
from common.postgres import Database
from common.runtime import Supervisor
from common.settings import ObjectSettings
from common.tasks.task import TaskControl
from securetranscribe.v1 import queue_pb2, transcription_pb2, upload_pb2
from tests.integration.transcriber.captures.capturing import Captures
from tests.integration.transcriber.conftest import ENCRYPTION_KEY, Api, ApiFactory, Caller
from tests.integration.transcriber.encryption.key_server import KeyServer
from tests.integration.transcriber.fakes import (
    TWO_PASSAGES,
    TWO_SPEAKERS,
    WorkerFactory,
    gives,
    until,
    wav,
)
from tests.integration.transcriber.recordings.test_erasure import erase_workspace
from tests.integration.transcriber.resumable.uploading import MEBIBYTE, Uploads, recording
from transcriber import app
from transcriber.encryption.key_ring import KeyRing
from transcriber.encryption.rotation import forget_unused_keys
from transcriber.encryption.start import MissingKeyError

#: Part of every WAV file, which a search of encrypted files must not find.
_MARK = b"WAVEfmt "
_KEYS = "SELECT * FROM data_keys ORDER BY transcription_id, content"
_WORKSPACES = "SELECT workspace_id, wrapped, wrapped_by FROM workspace_keys ORDER BY workspace_id"
OTHER_KEY = base64.b64encode(bytes(range(100, 132))).decode()


@pytest.fixture
def stored(s3: ObjectSettings) -> Iterator[ObjectStore]:
    """Yield the object store as it is, without keys."""
    store = ObjectStore(s3)
    yield store
    store.close()


@pytest.fixture
def caller(api: Api) -> Caller:
    return api.caller()


async def contents(stored: ObjectStore) -> dict[str, bytes]:
    """Return all stored objects but the ledger of erasures."""
    return {
        key: await stored.get(bucket, key)
        for bucket in ("audio", "results")
        for key in await stored.keys(bucket)
        if not key.startswith("ledger/")
    }


async def download(caller: Caller, number: int) -> bytes:
    """Return a recording as its owner gets it."""
    request = transcription_pb2.DownloadRecordingRequest(transcription_id=number)
    call = caller.transcriptions.DownloadRecording(request, metadata=caller.metadata)
    return b"".join([answer.chunk async for answer in call])


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
        assert _MARK not in content, key
        assert b"fLaC" not in content, key
        assert b"morning" not in content, key
    assert len(objects[f"{number}/source"]) == sealed_size(len(data))
    assert await download(caller, number) == data


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
    assert all(_MARK not in content for content in chunks.values())
    ended = await captures.finish(capture.capture_id, len(chunks))
    number = ended.transcription_id
    assert await download(caller, number) == data
    assert len(await stored.get("audio", f"{number}/source")) == sealed_size(len(data))


async def test_an_erased_transcription_leaves_no_key(
    caller: Caller, database: Database, stored: ObjectStore, objects: ObjectStore
) -> None:
    number, kept = await caller.upload_id(), await caller.upload_id(wav(5.0))
    copy = await stored.get("audio", f"{number}/source")
    assert len(await database.fetch_all(_KEYS)) == 4
    await caller.delete(number)
    rows = await database.fetch_all(_KEYS)
    assert {row["transcription_id"] for row in rows} == {kept}
    # Even an old copy of the object is of no use.
    await stored.put("audio", f"{number}/source", copy)
    with pytest.raises(NotFoundError):
        await ring(database).reading("audio", f"{number}/source")


def ring(database: Database, key: str = "") -> KeyRing:
    """Return keys as another api has them."""
    return KeyRing(
        database,
        DeploymentKeys.parse(key or ENCRYPTION_KEY),
        bucket_audio="audio",
        encrypting=True,
    )


async def test_a_deleted_recording_leaves_no_key_and_keeps_its_results(
    apis: ApiFactory, worker_factory: WorkerFactory, database: Database, stored: ObjectStore
) -> None:
    async with apis.run(cleanup_delay=0.0) as api:
        caller = api.caller()
        answer = await caller.upload(auto_start=True)
        number = answer.transcription.transcription_id
        copy = await stored.get("audio", f"{number}/source")
        async with worker_factory.both():
            await caller.ended(number)

        async def erased() -> bool:
            rows = await database.fetch_all(_KEYS)
            return {row["content"]: row["state"] for row in rows} == {
                "recording": "erased",
                "results": "encrypted",
            }

        await until(erased, seconds=60)
    (recording_key, _) = await database.fetch_all(_KEYS)
    assert (recording_key["wrapped"], recording_key["workspace_id"]) == (None, None)
    await stored.put("audio", f"{number}/source", copy)
    with pytest.raises(NotFoundError):
        await ring(database).reading("audio", f"{number}/source")
    assert await ring(database).reading("results", f"{number}/anything.pb") is not None


async def test_an_erased_workspace_leaves_no_key(
    api: Api, caller: Caller, database: Database
) -> None:
    await caller.upload_id()
    await api.caller("b").upload_id()
    await Uploads.of(api).create(100_000)
    before = {row["workspace_id"] for row in await database.fetch_all(_WORKSPACES)}
    assert before == {"session_a", "session_b"}
    await erase_workspace(api, "session_a")
    assert [row["workspace_id"] for row in await database.fetch_all(_WORKSPACES)] == ["session_b"]
    assert {row["workspace_id"] for row in await database.fetch_all(_KEYS)} == {"session_b"}


async def test_earlier_recordings_stay_readable(
    apis: ApiFactory, database: Database, stored: ObjectStore
) -> None:
    data = wav(6.0)
    async with apis.run(encryption=False, encryption_key="") as api:
        number = await api.caller().upload_id(data)
        assert await stored.get("audio", f"{number}/source") == data
    # As left by a version without encryption.
    await database.execute("TRUNCATE data_keys")
    await database.execute("UPDATE encryption SET begins_at = now()")
    try:
        async with apis.run() as api:
            caller = api.caller()
            assert await download(caller, number) == data
            later = await caller.upload_id(data)
            assert _MARK not in await stored.get("audio", f"{later}/source")
            assert await download(caller, later) == data
        # It can be turned off again. What is encrypted stays so, and is read with the key.
        async with apis.run(encryption=False) as api:
            caller = api.caller()
            assert await download(caller, later) == data
            last = await caller.upload_id(data)
            assert await stored.get("audio", f"{last}/source") == data
        async with apis.run() as api:
            assert await download(api.caller(), last) == data
    finally:
        await database.execute("UPDATE encryption SET begins_at = 'epoch'")


async def test_a_system_in_use_begins_when_older_replicas_are_gone(
    apis: ApiFactory, database: Database, stored: ObjectStore
) -> None:
    data = wav(6.0)
    await database.execute("UPDATE encryption SET begins_at = now() + interval '10 minutes'")
    try:
        async with apis.run() as api:
            uploads = Uploads.of(api)
            number = await api.caller().upload_id(data)
            upload = await uploads.create(len(data))
            await uploads.append(upload.upload_id, 0, data[:50_000])
            await database.execute("UPDATE encryption SET begins_at = now()")
            upload = await uploads.append(upload.upload_id, 50_000, data[50_000:])
            for earlier in (number, upload.transcription_id):
                assert await stored.get("audio", f"{earlier}/source") == data
                assert await download(api.caller(), earlier) == data
    finally:
        await database.execute("UPDATE encryption SET begins_at = 'epoch'")


async def test_rotation_wraps_keys_again_and_rewrites_no_object(
    apis: ApiFactory, database: Database, stored: ObjectStore
) -> None:
    async with apis.run() as api:
        number = await api.caller().upload_id(wav(6.0))
    before = await contents(stored)
    (old,) = await database.fetch_all(_WORKSPACES)
    data_keys = await database.fetch_all(_KEYS)
    async with apis.run(encryption_key=f"{OTHER_KEY}\n{ENCRYPTION_KEY}") as api:

        async def wrapped_again() -> bool:
            (row,) = await database.fetch_all(_WORKSPACES)
            return bool(row["wrapped_by"] == name_of(base64.b64decode(OTHER_KEY)))

        await until(wrapped_again, seconds=60)
        assert await download(api.caller(), number) == wav(6.0)
    (new,) = await database.fetch_all(_WORKSPACES)
    assert new["wrapped"] != old["wrapped"]
    assert await database.fetch_all(_KEYS) == data_keys
    assert await contents(stored) == before
    # The earlier key is not needed any more.
    async with apis.run(encryption_key=OTHER_KEY) as api:
        assert await download(api.caller(), number) == wav(6.0)


async def failed_start(apis: ApiFactory, **overrides: Any) -> str:
    """Return the reason why an api does not start."""
    with pytest.raises(MissingKeyError) as caught:
        await app.serve(apis.settings(**overrides), Supervisor())
    return caught.value.message


async def test_a_wrong_or_missing_key_is_told_at_start(
    apis: ApiFactory, database: Database
) -> None:
    async with apis.run() as api:
        number = await api.caller().upload_id()
    before = await database.fetch_all(_WORKSPACES), await database.fetch_all(_KEYS)
    in_use = before[0][0]["wrapped_by"]
    wrong = await failed_start(apis, encryption_key=OTHER_KEY)
    assert in_use in wrong
    assert name_of(base64.b64decode(OTHER_KEY)) in wrong
    missing = await failed_start(apis, encryption=False, encryption_key="")
    assert in_use in missing
    assert "no key is set" in missing
    assert (await database.fetch_all(_WORKSPACES), await database.fetch_all(_KEYS)) == before
    async with apis.run() as api:
        assert await download(api.caller(), number) == wav(4.0)


async def test_keys_of_what_came_to_nothing_are_removed(
    caller: Caller, database: Database, api: Api
) -> None:
    kept = await caller.upload_id()
    upload = await Uploads.of(api).create(200_000)
    await Uploads.of(api).append(upload.upload_id, 0, recording(200_000)[:1000])
    with pytest.raises(Exception, match="audio"):
        await caller.upload(b"no sound " * 1000, filename="talk.wav")
    await database.execute("UPDATE data_keys SET created_at = now() - interval '1 hour'")
    await forget_unused_keys(database)
    rows = await database.fetch_all(_KEYS)
    found = await database.fetch_all("SELECT transcription_id FROM resumable_uploads")
    assert {row["transcription_id"] for row in rows} == {kept, found[0]["transcription_id"]}


@pytest.fixture
async def key_server() -> AsyncIterator[KeyServer]:
    async with KeyServer.running() as server:
        yield server


async def test_a_key_service_holds_the_key(
    apis: ApiFactory, key_server: KeyServer, database: Database, stored: ObjectStore
) -> None:
    data = wav(6.0)
    settings = {
        "encryption_key": "",
        "encryption_key_service": key_server.url,
        "encryption_key_service_token": key_server.token,
    }
    async with apis.run(**settings) as api:
        caller = api.caller()
        number = await caller.upload_id(data)
        assert await download(caller, number) == data
        (row,) = await database.fetch_all(_WORKSPACES)
        assert row["wrapped_by"] == "first"
        key_server.current = "second"

        async def wrapped_again() -> bool:
            (row,) = await database.fetch_all(_WORKSPACES)
            return bool(row["wrapped_by"] == "second")

        await until(wrapped_again, seconds=60)
        assert await download(caller, number) == data
    assert _MARK not in await stored.get("audio", f"{number}/source")
    assert set(key_server.contexts) == {"workspace/session_a"}
    key_server.refusing = True
    async with apis.run(**settings) as api:
        with pytest.raises(Exception, match="key of these recordings is missing"):
            await download(api.caller(), number)
        key_server.refusing = False
        assert await download(api.caller(), number) == data


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
    assert len(await database.fetch_all(_KEYS)) == 2
    assert capture.capture_id
