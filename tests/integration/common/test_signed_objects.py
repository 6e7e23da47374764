"""Objects behind presigned URLs, in the real store."""

import asyncio
import datetime as dt
from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from common.disk_reserve import DiskReserve
from common.errors import NotFoundError, UnavailableError
from common.objects import ObjectStore
from common.settings import ObjectSettings
from common.signed_objects import AccessExpiredError, SignedObjects, UrlSigner
from devstack.stack import EmbeddedServers
from tests.integration.common.tasks.workers import until


@pytest.fixture
def signed() -> Iterator[SignedObjects]:
    objects = SignedObjects(DiskReserve(None, reserve_bytes=0))
    yield objects
    objects.close()


@pytest.fixture
def key(request: pytest.FixtureRequest) -> str:
    return f"{request.node.name} with spaces/sourcé"


async def test_recording_is_read_in_ranges(
    store: ObjectStore, signed: SignedObjects, s3: ObjectSettings, key: str
) -> None:
    data = bytes(range(256)) * 10_000
    await store.put("audio", key, data)
    recording = await signed.open(UrlSigner(s3).task(key, key).recording)

    def read() -> tuple[bytes, bytes]:
        recording.seek(-5, 2)
        end = recording.read()
        recording.seek(0)
        return end, recording.read()

    assert recording.size == len(data)
    assert await asyncio.to_thread(read) == (data[-5:], data)


async def test_result_is_written_and_found(
    store: ObjectStore, signed: SignedObjects, s3: ObjectSettings, key: str
) -> None:
    access = UrlSigner(s3).task(key, key)
    assert not await signed.exists(access.stored_result)
    await signed.put(access.result, b"result")
    assert await signed.exists(access.stored_result)
    assert await store.get("results", key) == b"result"
    await signed.put(access.result, b"")
    assert await signed.exists(access.stored_result)


async def test_missing_recording_is_reported(
    signed: SignedObjects, s3: ObjectSettings, key: str
) -> None:
    with pytest.raises(NotFoundError):
        await signed.open(UrlSigner(s3).task(key, key).recording)


async def test_url_permits_one_method_on_one_object(
    store: ObjectStore, signed: SignedObjects, s3: ObjectSettings, key: str
) -> None:
    await store.put("audio", key, b"mine")
    await store.put("audio", f"{key}-other", b"theirs")
    access = UrlSigner(s3).task(key, key)
    attempts = [
        signed.put(access.recording, b"changed"),
        signed.open(access.recording.replace("?", "-other?", 1)),
        signed.open(access.recording.partition("?")[0]),
        signed.put(access.result.replace("/results/", "/audio/", 1), b"changed"),
    ]
    for attempt in attempts:
        with pytest.raises((UnavailableError, AccessExpiredError), match=r"refused|has changed"):
            await attempt
    assert await store.get("audio", key) == b"mine"


async def test_old_and_missing_urls_are_told_from_refusals(
    store: ObjectStore, signed: SignedObjects, s3: ObjectSettings, key: str
) -> None:
    await store.put("audio", key, b"sound")
    access = UrlSigner(s3, validity=dt.timedelta(seconds=1)).task(key, key)

    async def refused() -> bool:
        try:
            await signed.open(access.recording)
        except AccessExpiredError:
            return True
        return False

    await until(refused)
    for attempt in (signed.put(access.result, b""), signed.exists(""), signed.open("")):
        with pytest.raises(AccessExpiredError):
            await attempt


async def test_url_of_a_replaced_key_has_to_be_signed_again(
    store: ObjectStore, signed: SignedObjects, s3: ObjectSettings, key: str
) -> None:
    await store.put("audio", key, b"sound")
    for replaced in ("s3_access_key", "s3_secret_key"):
        former = s3.model_copy(update={replaced: SecretStr("x" * 20)})
        with pytest.raises(AccessExpiredError, match="has changed"):
            await signed.open(UrlSigner(former).task(key, key).recording)


async def test_outage_is_reported(
    signed: SignedObjects, s3: ObjectSettings, key: str, servers: EmbeddedServers
) -> None:
    access = UrlSigner(s3).task(key, key)
    servers.process("s3").kill()
    try:
        with pytest.raises(UnavailableError, match="does not answer"):
            await signed.exists(access.stored_result)
    finally:
        await servers.restart("s3")


def test_urls_have_the_address_that_workers_use(s3: ObjectSettings) -> None:
    access = UrlSigner(s3, endpoint="https://objects.example").task("a", "b")
    assert access.recording.startswith("https://objects.example/audio/a?")
    assert access.result.startswith("https://objects.example/results/b?")
