"""Encrypted objects in the real store: nothing readable, plain lengths, and damage is detected."""

import asyncio
import hashlib
import io
import os
import secrets
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from common.disk_reserve import DiskReserve
from common.encryption.object_cipher import ObjectCipher
from common.encryption.records import CHUNK_BYTES, RECORD_BYTES, DamagedObjectError, sealed_size
from common.encryption.task_access import with_cipher
from common.errors import NotFoundError
from common.object_parts import PART_BYTES
from common.objects import ObjectStore
from common.settings import ObjectSettings
from common.signed_objects import SignedObjects, UrlSigner
from devstack.stack import EmbeddedServers

DATA_KEY = os.urandom(32)
#: Text that a search of the store's files would find.
MARK = b"the patient said this in confidence "
_BLOCK_BYTES = 4 * 1024 * 1024
SIZES = (0, 1, CHUNK_BYTES, CHUNK_BYTES + 1, PART_BYTES, PART_BYTES + 1, 2 * PART_BYTES + 12_345)


class OneKey:
    """Keys of objects with one data key."""

    async def reading(self, _bucket: str, key: str) -> ObjectCipher | None:
        return ObjectCipher.derive(DATA_KEY, key)

    async def writing(self, _bucket: str, key: str) -> ObjectCipher | None:
        return ObjectCipher.derive(DATA_KEY, key)


@pytest.fixture
def encrypted(s3: ObjectSettings) -> Iterator[ObjectStore]:
    """Yield a store that encrypts everything."""
    store = ObjectStore(s3, keys=OneKey())
    yield store
    store.close()


@pytest.fixture
def key() -> str:
    return f"{secrets.randbelow(10**9)}/{secrets.token_hex(4)}"


def recording(size: int) -> bytes:
    """Return known bytes of some size."""
    return (MARK * (size // len(MARK) + 1))[:size]


async def pieces(data: bytes, size: int = 100_000) -> AsyncIterator[bytes]:
    for place in range(0, len(data), size):
        yield data[place : place + size]


@pytest.mark.parametrize("size", SIZES)
async def test_streams_come_back(encrypted: ObjectStore, key: str, size: int) -> None:
    data = os.urandom(size)
    assert await encrypted.put_stream("audio", key, pieces(data)) == size
    assert await encrypted.size("audio", key) == size
    assert await encrypted.get("audio", key) == data
    assert await encrypted.sha256("audio", key, size) == hashlib.sha256(data).hexdigest()
    opened = await encrypted.open("audio", key)
    assert opened.size == size
    assert await asyncio.to_thread(io.BufferedReader(opened).read) == data


async def test_stored_size_grows_by_a_fraction(
    encrypted: ObjectStore, store: ObjectStore, key: str
) -> None:
    await encrypted.put_stream("audio", key, pieces(bytes(3 * PART_BYTES)))
    stored = await store.size("audio", key)
    assert stored == sealed_size(3 * PART_BYTES)
    assert stored < 3 * PART_BYTES * 1.001


async def test_ranges_at_borders_of_chunks_and_parts(encrypted: ObjectStore, key: str) -> None:
    data = os.urandom(2 * PART_BYTES + 777)
    await encrypted.put_stream("audio", key, pieces(data))
    read = await encrypted.reader("audio", key, len(data))
    for border in (CHUNK_BYTES, 5 * CHUNK_BYTES, PART_BYTES, 2 * PART_BYTES, len(data)):
        for start in (border - 2, border - 1, border):
            for length in (1, 3, CHUNK_BYTES):
                found = await asyncio.to_thread(read, start, min(length, len(data) - start))
                assert found == data[start : start + length], (start, length)


async def test_parts_of_several_processes_become_one_object(
    encrypted: ObjectStore, s3: ObjectSettings, key: str
) -> None:
    data = os.urandom(2 * PART_BYTES + 99)
    upload = await encrypted.begin_parts("audio", key)
    other = ObjectStore(s3, keys=OneKey())
    tags = []
    for number, store in enumerate((encrypted, other, encrypted), start=1):
        offset = (number - 1) * PART_BYTES
        part = data[offset : offset + PART_BYTES]
        # A part that is sent again, perhaps with other bytes at first, is replaced.
        for sent in (bytes(len(part)), part):
            tag = await store.put_part(
                "audio", key, upload, number, sent, offset=offset, last=number == 3
            )
        tags.append(tag)
    other.close()
    await encrypted.complete_parts("audio", key, upload, tags)
    assert await encrypted.size("audio", key) == len(data)
    assert await encrypted.get("audio", key) == data


async def test_files_of_the_store_hold_nothing_readable(
    servers: EmbeddedServers, encrypted: ObjectStore, store: ObjectStore, key: str
) -> None:
    if not isinstance(servers, EmbeddedServers):
        pytest.skip("the files of the store are in its container")
    data = recording(2 * PART_BYTES + 5)
    plain = f"{key}-plain"
    await store.put("audio", plain, b"comparison: " + MARK)
    await encrypted.put_stream("audio", key, pieces(data))
    await encrypted.put("results", key, data[:1000])
    found = await asyncio.to_thread(_files_with, servers.files.server("s3"), MARK)
    assert len(found) == 1, "the plain object is found where it lies, which shows that this works"
    await store.delete("audio", plain)
    assert await encrypted.get("audio", key) == data


def _files_with(directory: Path, mark: bytes) -> list[int]:
    """Return the places of a mark in all files of a directory.

    Earlier tests may have filled files up to a gigabyte, which are read in blocks.
    """
    places = []
    for path in directory.rglob("*"):
        if not path.is_file():
            continue
        with path.open("rb") as file:
            begin, content = 0, b""
            while block := file.read(_BLOCK_BYTES):
                content += block
                place = content.find(mark)
                while place >= 0:
                    places.append(begin + place)
                    place = content.find(mark, place + 1)
                # A mark may lie across the border of two blocks.
                kept = content[-len(mark) + 1 :]
                begin += len(content) - len(kept)
                content = kept
    return places


async def test_tampering_and_truncation_are_detected(
    encrypted: ObjectStore, store: ObjectStore, key: str
) -> None:
    await encrypted.put("audio", key, os.urandom(3 * CHUNK_BYTES))
    stored = await store.get("audio", key)
    changed = bytearray(stored)
    changed[RECORD_BYTES + 100] ^= 1
    damaged = (
        bytes(changed),
        stored[: 2 * RECORD_BYTES],
        stored[RECORD_BYTES:] + stored[:RECORD_BYTES],
        b"RIFF plain bytes in place of encrypted ones",
        b"",
    )
    for content in damaged:
        await store.put("audio", key, content)
        with pytest.raises(DamagedObjectError):
            await encrypted.get("audio", key)
    await store.put("audio", key, bytes(changed))
    opened = await encrypted.open("audio", key)
    # What comes before the damage is still what was written.
    assert len(await asyncio.to_thread(opened.read_range, 0, CHUNK_BYTES)) == CHUNK_BYTES
    with pytest.raises(DamagedObjectError):
        await asyncio.to_thread(opened.read_range, CHUNK_BYTES, 1)


async def test_objects_that_changed_places_are_detected(
    encrypted: ObjectStore, store: ObjectStore, key: str
) -> None:
    first, second = f"{key}-1", f"{key}-2"
    await encrypted.put("audio", first, b"mine")
    await encrypted.put("audio", second, b"yours")
    mine, yours = await store.get("audio", first), await store.get("audio", second)
    await store.put("audio", first, yours)
    await store.put("audio", second, mine)
    for swapped in (first, second):
        with pytest.raises(DamagedObjectError):
            await encrypted.get("audio", swapped)


async def test_missing_objects_are_missing(encrypted: ObjectStore, key: str) -> None:
    assert await encrypted.size("audio", key) is None
    with pytest.raises(NotFoundError):
        await encrypted.get("audio", key)


async def test_workers_read_and_write_with_the_keys_of_their_urls(
    encrypted: ObjectStore, s3: ObjectSettings, key: str
) -> None:
    data = os.urandom(3 * 1024 * 1024 + 17)
    await encrypted.put_stream("audio", key, pieces(data))
    cipher = ObjectCipher.derive(DATA_KEY, key)
    access = UrlSigner(s3).task(key, key)
    workers = SignedObjects(DiskReserve(None, reserve_bytes=0))
    try:
        opened = await workers.open(with_cipher(access.recording, cipher))
        assert opened.size == len(data)
        assert await asyncio.to_thread(io.BufferedReader(opened).read) == data

        await workers.put(with_cipher(access.result, cipher), b"words")
        assert await workers.exists(with_cipher(access.stored_result, cipher))
        assert await encrypted.get("results", key) == b"words"

        with tempfile.TemporaryFile() as file:
            file.write(data)
            url = with_cipher(access.result, cipher)
            await asyncio.to_thread(workers.send, url, file, len(data))
        assert await encrypted.size("results", key) == len(data)
        assert await encrypted.get("results", key) == data

        other = with_cipher(access.recording, ObjectCipher.derive(DATA_KEY, "another"))
        foreign = await workers.open(other)
        with pytest.raises(DamagedObjectError):
            await asyncio.to_thread(foreign.read, 10)
    finally:
        workers.close()
