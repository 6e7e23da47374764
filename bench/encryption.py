"""Throughput of the object layer with encryption, next to the same without it.

    python -m bench.encryption [--megabytes 64]

Both use the same store, in turn, and the figures are of the fastest rounds: many short ones, since
other work on the machine slows some of them down. Processor seconds are those of this process,
which encrypts, and the store's are the same for both.
"""

import argparse
import asyncio
import os
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from common.allocator import keep_large_blocks
from common.disk_reserve import DiskReserve
from common.encryption.object_cipher import ObjectCipher
from common.encryption.object_keys import NO_KEYS, ObjectKeys
from common.encryption.task_access import with_cipher
from common.objects import ObjectStore
from common.settings import ObjectSettings
from common.signed_objects import SignedObjects, UrlSigner
from devstack.testing import aembedded_servers

_ROUNDS = 20
_MEGABYTE = 1_000_000
_MEBIBYTE = 1024 * 1024
_RANGE_BYTES = 512 * 1024
_RANGES = 50
_DATA_KEY = os.urandom(32)
Work = Callable[[], Awaitable[int]]


class _OneKey:
    """Keys of objects with one data key."""

    async def reading(self, _bucket: str, key: str) -> ObjectCipher | None:
        return ObjectCipher.derive(_DATA_KEY, key)

    async def writing(self, _bucket: str, key: str) -> ObjectCipher | None:
        return ObjectCipher.derive(_DATA_KEY, key)


class _Layer:
    """The object layer of the api and of a worker, with or without encryption."""

    def __init__(self, settings: ObjectSettings, size: int, key: str, keys: ObjectKeys) -> None:
        """`key` is the name of the object that is written and read."""
        self._key = key
        self._store = ObjectStore(settings, keys=keys)
        self._workers = SignedObjects(DiskReserve(None, reserve_bytes=0))
        self._size = size
        self._block = os.urandom(_MEBIBYTE)
        cipher = None if keys is NO_KEYS else ObjectCipher.derive(_DATA_KEY, key)
        access = UrlSigner(settings).task(key, key)
        self._read_url = with_cipher(access.recording, cipher)
        self._write_url = with_cipher(access.result, cipher)

    def close(self) -> None:
        self._store.close()
        self._workers.close()

    def works(self) -> dict[str, Work]:
        """Return what is measured. Each returns its bytes."""
        return {
            "upload of a recording": self._upload,
            "reading by a worker": self._read,
            "ranges of 512 KiB": self._ranges,
            "copy by a worker": self._send,
        }

    async def _upload(self) -> int:
        return await self._store.put_stream("audio", self._key, self._blocks())

    async def _blocks(self) -> AsyncIterator[bytes]:
        for _ in range(self._size // _MEBIBYTE):
            yield self._block

    async def _read(self) -> int:
        opened = await self._workers.open(self._read_url)

        def read() -> int:
            count = 0
            while data := opened.read(_MEBIBYTE):
                count += len(data)
            return count

        return await asyncio.to_thread(read)

    async def _ranges(self) -> int:
        step = (self._size - _RANGE_BYTES) // _RANGES
        read = await self._store.reader("audio", self._key, self._size)
        count = 0
        for number in range(_RANGES):
            # Few of them begin with a chunk.
            count += len(await asyncio.to_thread(read, number * step + 13, _RANGE_BYTES))
        return count

    async def _send(self) -> int:
        with tempfile.TemporaryFile() as file:
            for _ in range(self._size // _MEBIBYTE):
                file.write(self._block)
            url, size = self._write_url, file.tell()
            await asyncio.to_thread(self._workers.send, url, file, size)
        return size


async def measure(megabytes: int) -> None:
    """Print the figures."""
    size = megabytes * _MEGABYTE // _MEBIBYTE * _MEBIBYTE
    with tempfile.TemporaryDirectory(prefix="securetranscribe-bench-") as directory:
        async with aembedded_servers(Path(directory)) as servers:
            variables = servers.environment("transcriber")
            settings = ObjectSettings.model_validate(
                {name.lower(): value for name, value in variables.items() if name.startswith("S3")}
            )
            layers = {
                "plain": _Layer(settings, size, "1/source", NO_KEYS),
                "encrypted": _Layer(settings, size, "2/source", _OneKey()),
            }
            best: dict[tuple[str, str], tuple[float, float]] = {}
            works = {kind: layer.works() for kind, layer in layers.items()}
            for _ in range(_ROUNDS):
                for work in works["plain"]:
                    for kind in layers:
                        found = await _timed(works[kind][work])
                        best[work, kind] = min(found, best.get((work, kind), found))
            for layer in layers.values():
                layer.close()
    print(f"{'':<24} {'plain':>10} {'encrypted':>10} {'ratio':>6} {'CPU s per GB':>16}")
    for work in dict.fromkeys(work for work, _ in best):
        plain, encrypted = best[work, "plain"], best[work, "encrypted"]
        print(
            f"{work:<24} {1 / plain[0]:>5.0f} MB/s {1 / encrypted[0]:>5.0f} MB/s"
            f" {plain[0] / encrypted[0]:>6.2f} {plain[1] * 1000:>7.2f} {encrypted[1] * 1000:>7.2f}"
        )


async def _timed(run: Work) -> tuple[float, float]:
    """Return the seconds and the processor seconds of this process per megabyte."""
    began, used = time.perf_counter(), time.process_time()
    megabytes = await run() / _MEGABYTE
    return (time.perf_counter() - began) / megabytes, (time.process_time() - used) / megabytes


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description="Measure what encryption costs.")
    parser.add_argument("--megabytes", type=int, default=64)
    options = parser.parse_args()
    # As the services do.
    keep_large_blocks()
    asyncio.run(measure(options.megabytes))


if __name__ == "__main__":
    main()
