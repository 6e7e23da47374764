import asyncio
import io
import os
import resource
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from minio import Minio
from pydantic import SecretStr

from common.disk_reserve import DiskReserve
from common.errors import DiskFullError, NotFoundError, UnavailableError
from common.object_parts import PART_BYTES, PartAllowance
from common.objects import ObjectStore
from common.runtime import eventually
from common.settings import ObjectSettings
from devstack.stack import EmbeddedServers
from tests.integration.common.tasks.workers import until

MEBIBYTE = 1024 * 1024


async def pieces(data: bytes, size: int = 100_000) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


@pytest.fixture
def key(request: pytest.FixtureRequest) -> str:
    return f"{request.node.name}/source"


async def unfinished(s3: ObjectSettings, key: str) -> list[str]:
    """Return the unfinished multipart uploads of a key."""
    client = Minio(
        s3.s3_endpoint.removeprefix("http://"),
        access_key=s3.s3_access_key.get_secret_value(),
        secret_key=s3.s3_secret_key.get_secret_value(),
        secure=False,
        region=s3.s3_region,
    )
    listed = await asyncio.to_thread(client._list_multipart_uploads, "audio")
    return [upload.object_name for upload in listed.uploads if upload.object_name == key]


async def test_small_objects(store: ObjectStore, key: str) -> None:
    await store.put("results", key, b"first")
    await store.put("results", key, b"second")

    assert await store.get("results", key) == b"second"
    assert await store.exists("results", key)
    await store.delete("results", key)
    await store.delete("results", key)
    assert not await store.exists("results", key)
    with pytest.raises(NotFoundError):
        await store.get("results", key)


async def test_empty_object(store: ObjectStore, key: str) -> None:
    await store.put("results", key, b"")

    assert await store.get("results", key) == b""


async def test_keys_and_prefixes(store: ObjectStore, key: str) -> None:
    for name in ("a/1", "a/2", "ab", "b/1"):
        await store.put("results", f"{key}/{name}", b"x")

    assert await store.keys("results", f"{key}/a") == [f"{key}/{n}" for n in ("a/1", "a/2", "ab")]
    assert await store.delete_prefix("results", f"{key}/a/") == 2
    assert await store.delete_prefix("results", f"{key}/nothing/") == 0
    assert await store.keys("results", key) == [f"{key}/ab", f"{key}/b/1"]


async def test_check_of_the_store(store: ObjectStore) -> None:
    await store.check("audio")
    # The service's user does not learn whether other buckets exist.
    with pytest.raises(UnavailableError, match="refused"):
        await store.check("nowhere")


async def test_missing_bucket_is_named(s3: ObjectSettings, servers: EmbeddedServers) -> None:
    keys = {
        "s3_access_key": SecretStr(servers.credentials.s3_admin_access_key),
        "s3_secret_key": SecretStr(servers.credentials.s3_admin_secret_key),
    }
    store = ObjectStore(s3.model_copy(update=keys))
    with pytest.raises(UnavailableError, match="'nowhere' does not exist"):
        await store.check("nowhere")
    store.close()


@pytest.mark.parametrize(
    "size",
    [
        0,
        1,
        PART_BYTES - 1,
        PART_BYTES,
        PART_BYTES + 1,
        2 * PART_BYTES,
        2 * PART_BYTES + 12345,
    ],
)
async def test_streams_of_every_length(store: ObjectStore, key: str, size: int) -> None:
    data = os.urandom(size)

    assert await store.put_stream("audio", key, pieces(data)) == size

    assert await store.get("audio", key) == data


async def test_chunks_of_every_size(store: ObjectStore, key: str) -> None:
    data = os.urandom(PART_BYTES + 1000)

    async def uneven() -> AsyncIterator[bytes]:
        yield b""
        yield data[:1]
        yield b""
        yield data[1 : PART_BYTES + 500]  # more than a part in one chunk
        yield data[PART_BYTES + 500 :]
        yield b""

    assert await store.put_stream("audio", key, uneven()) == len(data)
    assert await store.get("audio", key) == data


@pytest.mark.parametrize("before", [0, 1000, PART_BYTES * 2 + 1000])
async def test_failing_source_leaves_no_object(
    store: ObjectStore, s3: ObjectSettings, key: str, before: int
) -> None:
    class TooLargeError(Exception):
        pass

    async def failing() -> AsyncIterator[bytes]:
        async for piece in pieces(bytes(before)):
            yield piece
        raise TooLargeError

    already = set(threading.enumerate())
    with pytest.raises(TooLargeError):
        await store.put_stream("audio", key, failing())

    assert not await store.exists("audio", key)
    assert await unfinished(s3, key) == []
    new = [one.name for one in threading.enumerate() if one not in already]
    # The client has left no upload behind.
    assert [name for name in new if name.startswith("Thread-")] == []


@pytest.fixture
def nearly_full(s3: ObjectSettings, tmp_path: Path) -> Iterator[ObjectStore]:
    """Return a client that finds too little free space on the disk of the store."""
    store = ObjectStore(
        s3.model_copy(update={"s3_local_directory": tmp_path, "s3_local_reserve": 2**62})
    )
    yield store
    store.close()


async def test_uploads_leave_a_reserve_on_the_disk(
    nearly_full: ObjectStore, s3: ObjectSettings, key: str
) -> None:
    with pytest.raises(DiskFullError):
        await nearly_full.put_stream("audio", key, pieces(b"sound"))

    assert not await nearly_full.exists("audio", key)
    assert await unfinished(s3, key) == []


async def test_results_may_use_the_reserve(nearly_full: ObjectStore, key: str) -> None:
    await nearly_full.put("results", key, b"result")

    assert await nearly_full.get("results", key) == b"result"


async def test_a_disk_that_fills_during_an_upload_leaves_nothing_of_it(
    store: ObjectStore, s3: ObjectSettings, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def filling() -> AsyncIterator[bytes]:
        async for piece in pieces(bytes(PART_BYTES + 1)):
            yield piece
        full = property(lambda _self: True)
        monkeypatch.setattr(DiskReserve, "touched", full)
        async for piece in pieces(bytes(PART_BYTES)):
            yield piece

    with pytest.raises(DiskFullError):
        await store.put_stream("audio", key, filling())

    assert not await store.exists("audio", key)
    assert await unfinished(s3, key) == []


async def test_cancelled_upload_leaves_no_object(
    store: ObjectStore, s3: ObjectSettings, key: str
) -> None:
    waiting = asyncio.Event()

    async def stuck() -> AsyncIterator[bytes]:
        async for piece in pieces(bytes(PART_BYTES + MEBIBYTE)):
            yield piece
        waiting.set()
        await asyncio.sleep(60)

    upload = asyncio.create_task(store.put_stream("audio", key, stuck()))
    await asyncio.wait_for(waiting.wait(), 30)
    upload.cancel()
    with pytest.raises(asyncio.CancelledError):
        await upload

    assert not await store.exists("audio", key)
    assert await unfinished(s3, key) == []


async def test_failed_upload_keeps_the_earlier_object(store: ObjectStore, key: str) -> None:
    await store.put("audio", key, b"before")

    async def failing() -> AsyncIterator[bytes]:
        yield bytes(PART_BYTES * 2)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await store.put_stream("audio", key, failing())

    assert await store.get("audio", key) == b"before"


async def test_memory_does_not_grow_with_file_size(store: ObjectStore, key: str) -> None:
    piece = os.urandom(MEBIBYTE)

    async def large(count: int) -> AsyncIterator[bytes]:
        for _ in range(count):
            yield piece

    await store.put_stream("audio", key, large(20))  # buffers and threads are there now
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    assert await store.put_stream("audio", key, large(100)) == 100 * MEBIBYTE

    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 50 * 1024  # kilobytes
    await store.delete("audio", key)


async def test_slow_store_slows_the_source_down(
    store: ObjectStore, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = 0

    async def greedy() -> AsyncIterator[bytes]:
        nonlocal taken
        for _ in range(40):
            taken += MEBIBYTE
            yield bytes(MEBIBYTE)

    uploaded = threading.Event()
    original: Any = store._client._upload_part

    def slow(*arguments: object, **named: object) -> object:
        uploaded.wait(60)
        return original(*arguments, **named)

    monkeypatch.setattr(store._client, "_upload_part", slow)
    upload = asyncio.create_task(store.put_stream("audio", key, greedy()))
    await asyncio.sleep(1)
    assert taken <= 3 * PART_BYTES + 4 * MEBIBYTE  # two are sent while one arrives
    uploaded.set()

    assert await upload == 40 * MEBIBYTE


async def test_extra_parts_of_all_uploads_are_bounded(
    store: ObjectStore, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "_allowance", PartAllowance(1))
    sending, most = 0, 0
    uploaded = threading.Event()
    original: Any = store._client._upload_part

    def slow(*arguments: object, **named: object) -> object:
        nonlocal sending, most
        sending += 1
        most = max(most, sending)
        uploaded.wait(60)
        sending -= 1
        return original(*arguments, **named)

    monkeypatch.setattr(store._client, "_upload_part", slow)
    data = os.urandom(3 * PART_BYTES)
    uploads = [
        asyncio.create_task(store.put_stream("audio", f"{key}{number}", pieces(data)))
        for number in range(3)
    ]
    await until(lambda: most == 4)
    uploaded.set()
    assert await asyncio.gather(*uploads) == [len(data)] * 3
    # Each sends one part, and one of them a second one.
    assert most == 4
    for number in range(3):
        assert await store.get("audio", f"{key}{number}") == data


async def test_slow_uploads_do_not_delay_short_calls(s3: ObjectSettings, key: str) -> None:
    store = ObjectStore(s3, threads=1, uploads=2)
    done = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"x"
        await done.wait()

    async def failing() -> AsyncIterator[bytes]:
        yield b"x"
        raise RuntimeError

    uploads = [
        asyncio.create_task(store.put_stream("audio", f"{key}{n}", slow())) for n in range(3)
    ]
    await asyncio.sleep(0.1)
    begun = time.monotonic()
    await store.put("audio", key, b"short")
    assert await store.get("audio", key) == b"short"
    with pytest.raises(RuntimeError):  # which does not wait for its turn to fail
        await store.put_stream("audio", f"{key}-failing", failing())
    assert time.monotonic() - begun < 20

    done.set()
    assert await asyncio.gather(*uploads) == [1, 1, 1]
    store.close()


async def test_slow_uploads_occupy_no_threads(s3: ObjectSettings, key: str) -> None:
    store = ObjectStore(s3, threads=2, uploads=2)
    done = asyncio.Event()
    begun = 0

    async def slow() -> AsyncIterator[bytes]:
        nonlocal begun
        yield bytes(PART_BYTES + 1)
        begun += 1
        await done.wait()

    before = threading.active_count()
    uploads = [
        asyncio.create_task(store.put_stream("audio", f"{key}{n}", slow())) for n in range(10)
    ]
    await until(lambda: begun == len(uploads))
    size = 3 * PART_BYTES
    assert await store.put_stream("audio", f"{key}-normal", pieces(bytes(size), MEBIBYTE)) == size
    assert threading.active_count() - before <= 4
    assert not any(upload.done() for upload in uploads)
    done.set()
    assert await asyncio.gather(*uploads) == [PART_BYTES + 1] * len(uploads)
    store.close()


async def test_ranged_reads_match_a_file(store: ObjectStore, key: str) -> None:
    data = os.urandom(3 * MEBIBYTE + 777)
    await store.put("audio", key, data)
    remote = await store.open("audio", key)
    local = io.BytesIO(data)

    def compare() -> None:
        assert remote.size == len(data)
        assert remote.readable()
        assert remote.seekable()
        for offset, whence, count in [
            (0, io.SEEK_SET, 10),
            (MEBIBYTE - 5, io.SEEK_SET, 3),
            (1, io.SEEK_CUR, 1),
            (-10, io.SEEK_END, 100),
            (0, io.SEEK_END, 5),
            (100, io.SEEK_END, 5),
            (2 * MEBIBYTE, io.SEEK_SET, 1000),
        ]:
            assert remote.seek(offset, whence) == local.seek(offset, whence)
            assert remote.read(count) == local.read(count)
            assert remote.tell() == local.tell()
        remote.seek(0)
        assert remote.read() == data
        buffered = io.BufferedReader(remote)
        buffered.seek(MEBIBYTE - 100)
        assert buffered.read(200) == data[MEBIBYTE - 100 : MEBIBYTE + 100]  # across blocks
        assert buffered.seek(0) == 0
        assert buffered.read() == data

    await asyncio.to_thread(compare)


async def test_ranged_reads_cache_few_blocks(store: ObjectStore, key: str) -> None:
    await store.put("audio", key, bytes(20 * MEBIBYTE))
    ranges: list[int] = []
    remote = await store.open("audio", key)
    original = remote.read_range

    def counted(offset: int, length: int) -> bytes | bytearray | memoryview:
        ranges.append(offset)
        return original(offset, length)

    remote.read_range = counted

    def read() -> None:
        while remote.read(65536):
            pass

    await asyncio.to_thread(read)

    assert ranges == [n * MEBIBYTE for n in range(20)]
    assert len(remote._blocks) <= 6


async def test_ranged_reads_of_an_empty_object(store: ObjectStore, key: str) -> None:
    await store.put("audio", key, b"")
    empty = await store.open("audio", key)

    assert empty.size == 0
    assert await asyncio.to_thread(empty.read) == b""
    with pytest.raises(NotFoundError):
        await store.open("audio", f"{key}-not-there")


async def test_object_deleted_during_reading(store: ObjectStore, key: str) -> None:
    await store.put("audio", key, bytes(2 * MEBIBYTE))
    remote = await store.open("audio", key)
    await store.delete("audio", key)

    with pytest.raises(NotFoundError):
        await asyncio.to_thread(remote.read)


async def test_wrong_keys_are_unavailable(s3: ObjectSettings) -> None:
    store = ObjectStore(s3.model_copy(update={"s3_secret_key": type(s3.s3_secret_key)("wrong")}))

    with pytest.raises(UnavailableError):
        await store.get("audio", "x")
    with pytest.raises(UnavailableError):
        await store.check("audio")
    store.close()


async def test_store_dies_during_upload(
    store: ObjectStore, servers: EmbeddedServers, key: str
) -> None:
    await store.put("audio", f"{key}-there", bytes(2 * MEBIBYTE))
    remote = await store.open("audio", f"{key}-there")
    sent = 0

    async def long() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 100 * PART_BYTES:
            sent += MEBIBYTE
            yield bytes(MEBIBYTE)

    upload = asyncio.create_task(store.put_stream("audio", key, long()))
    await until(lambda: sent > PART_BYTES * 2)
    servers.process("s3").kill()
    try:
        async with asyncio.timeout(30):
            reading = asyncio.create_task(asyncio.to_thread(remote.read))
            with pytest.raises(UnavailableError):
                await upload
            with pytest.raises(UnavailableError):
                await reading
        assert sent < 100 * PART_BYTES  # it did not read on in vain
    finally:
        await servers.restart("s3")
        # A dead store cannot remove the parts. In the product, a background step does it later.
        await store.abort_uploads("audio", key)

    assert not await eventually(lambda: store.exists("audio", key))
    assert len(await asyncio.to_thread(remote.read)) == 2 * MEBIBYTE
