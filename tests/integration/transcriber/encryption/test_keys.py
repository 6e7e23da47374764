"""Keys of deployments: earlier recordings, rotation, wrong keys and key services.

No api with another key runs meanwhile.
"""

import base64
from collections.abc import AsyncIterator
from typing import Any

import pytest

from common.encryption.key_holders import name_of
from common.errors import NotFoundError
from common.objects import ObjectStore
from common.postgres import Database
from common.runtime import Supervisor
from tests.integration.transcriber.conftest import ENCRYPTION_KEY, ApiFactory
from tests.integration.transcriber.encryption.encrypted import (
    KEYS,
    MARK,
    WORKSPACES,
    contents,
    download,
    ring,
)
from tests.integration.transcriber.encryption.key_server import KeyServer
from tests.integration.transcriber.fakes import WorkerFactory, until, wav
from tests.integration.transcriber.resumable.uploading import Uploads
from transcriber import app
from transcriber.encryption.start import MissingKeyError

OTHER_KEY = base64.b64encode(bytes(range(100, 132))).decode()


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
            rows = await database.fetch_all(KEYS)
            return {row["content"]: row["state"] for row in rows} == {
                "recording": "erased",
                "results": "encrypted",
            }

        await until(erased, seconds=60)
    (recording_key, _) = await database.fetch_all(KEYS)
    assert (recording_key["wrapped"], recording_key["workspace_id"]) == (None, None)
    await stored.put("audio", f"{number}/source", copy)
    with pytest.raises(NotFoundError):
        await ring(database).reading("audio", f"{number}/source")
    assert await ring(database).reading("results", f"{number}/anything.pb") is not None


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
            async with database.transaction() as connection:
                known = await ring(database).together([("audio", f"{number}/source")], connection)
            assert await known.reading("audio", f"{number}/source") is None
            later = await caller.upload_id(data)
            assert MARK not in await stored.get("audio", f"{later}/source")
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
    (old,) = await database.fetch_all(WORKSPACES)
    data_keys = await database.fetch_all(KEYS)
    async with apis.run(encryption_key=f"{OTHER_KEY}\n{ENCRYPTION_KEY}") as api:

        async def wrapped_again() -> bool:
            (row,) = await database.fetch_all(WORKSPACES)
            return bool(row["wrapped_by"] == name_of(base64.b64decode(OTHER_KEY)))

        await until(wrapped_again, seconds=60)
        assert await download(api.caller(), number) == wav(6.0)
    (new,) = await database.fetch_all(WORKSPACES)
    assert new["wrapped"] != old["wrapped"]
    assert await database.fetch_all(KEYS) == data_keys
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
    before = await database.fetch_all(WORKSPACES), await database.fetch_all(KEYS)
    in_use = before[0][0]["wrapped_by"]
    wrong = await failed_start(apis, encryption_key=OTHER_KEY)
    assert in_use in wrong
    assert name_of(base64.b64decode(OTHER_KEY)) in wrong
    missing = await failed_start(apis, encryption=False, encryption_key="")
    assert in_use in missing
    assert "no key is set" in missing
    assert (await database.fetch_all(WORKSPACES), await database.fetch_all(KEYS)) == before
    async with apis.run() as api:
        assert await download(api.caller(), number) == wav(4.0)


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
        (row,) = await database.fetch_all(WORKSPACES)
        assert row["wrapped_by"] == "first"
        key_server.current = "second"

        async def wrapped_again() -> bool:
            (row,) = await database.fetch_all(WORKSPACES)
            return bool(row["wrapped_by"] == "second")

        await until(wrapped_again, seconds=60)
        assert await download(caller, number) == data
    assert MARK not in await stored.get("audio", f"{number}/source")
    assert set(key_server.contexts) == {"workspace/session_a"}
    key_server.refusing = True
    async with apis.run(**settings) as api:
        with pytest.raises(Exception, match="key of these recordings is missing"):
            await download(api.caller(), number)
        key_server.refusing = False
        assert await download(api.caller(), number) == data
