"""Format of encrypted objects: records of one chunk each, readable by themselves.

A record holds up to 64 KiB of plain bytes:

    version (8) | nonce (12) | encrypted bytes | tag (16)

AES-256-GCM covers the bytes, the number of the chunk, whether it is the last one, and the version,
which all records of one writing share. So a record that was changed, moved or exchanged with that
of another writing is refused, and an object that was cut off lacks its last one. Every object has a
key of its own (see `object_cipher`), and nonces are random. An empty object has one record.
"""

import os
import struct
from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from common.errors import ApplicationError

#: Plain bytes of a record. It divides the parts of uploads and the blocks of ranged reads.
CHUNK_BYTES = 64 * 1024
KEY_BYTES = 32
VERSION_BYTES = 8
_NONCE_BYTES = 12
_TAG_BYTES = 16
_HEAD_BYTES = VERSION_BYTES + _NONCE_BYTES
OVERHEAD_BYTES = _HEAD_BYTES + _TAG_BYTES
RECORD_BYTES = CHUNK_BYTES + OVERHEAD_BYTES
_PLACE = struct.Struct(">Q?")

Buffer = bytes | bytearray | memoryview
#: Returns the stored bytes from an offset, at most as many as its second argument.
Fetch = Callable[[int, int], Buffer]


class DamagedObjectError(ApplicationError):
    """A stored object was altered, cut off or exchanged, or belongs to another key."""

    def __init__(self) -> None:
        super().__init__("A stored file is damaged and cannot be read.")


def sealed_size(plain: int) -> int:
    """Return the stored size of `plain` bytes."""
    return plain + OVERHEAD_BYTES * _records(plain, CHUNK_BYTES)


def plain_size(sealed: int) -> int:
    """Return the number of plain bytes in a stored object of `sealed` bytes.

    Raises:
        DamagedObjectError: no encrypted object has this size.
    """
    records = _records(sealed, RECORD_BYTES)
    last = sealed - (records - 1) * RECORD_BYTES
    if last < OVERHEAD_BYTES or (last == OVERHEAD_BYTES and records > 1):
        raise DamagedObjectError
    return sealed - records * OVERHEAD_BYTES


def new_version() -> bytes:
    """Return the version of one writing of an object."""
    return os.urandom(VERSION_BYTES)


def seal(
    key: AESGCM, data: Buffer, *, version: bytes, first: int = 0, last: bool = True
) -> bytearray:
    """Return the records of plain bytes, whose first chunk has the number `first`.

    Without `last`, more bytes follow, and these must be whole chunks.
    """
    plain = memoryview(data)
    count = _records(len(plain), CHUNK_BYTES)
    if not last and len(plain) != count * CHUNK_BYTES:
        raise ValueError("only the last chunk of an object may be shorter")
    sealed = bytearray(len(plain) + count * OVERHEAD_BYTES)
    nonces = os.urandom(count * _NONCE_BYTES)
    target = memoryview(sealed)
    place = 0
    for number in range(count):
        chunk = plain[number * CHUNK_BYTES : (number + 1) * CHUNK_BYTES]
        nonce = nonces[number * _NONCE_BYTES : (number + 1) * _NONCE_BYTES]
        end = place + len(chunk) + OVERHEAD_BYTES
        target[place : place + _HEAD_BYTES] = version + nonce
        associated = _associated(version, first + number, last and number == count - 1)
        key.encrypt_into(nonce, chunk, associated, target[place + _HEAD_BYTES : end])
        place = end
    target.release()
    # A copy of megabytes would cost several times more than the encryption.
    return sealed


def unseal(key: AESGCM, records: Buffer, *, first: int = 0, total: int) -> tuple[bytearray, bytes]:
    """Return the plain bytes of records and their version.

    `first` is the number of the first one, and `total` that of all records of the object.

    Raises:
        DamagedObjectError: they are not these records of an object under this key.
    """
    sealed = memoryview(records)
    count = _records(len(sealed), RECORD_BYTES)
    if len(sealed) < OVERHEAD_BYTES + (count - 1) * RECORD_BYTES:
        raise DamagedObjectError
    version = bytes(sealed[:VERSION_BYTES])
    plain = bytearray(len(sealed) - count * OVERHEAD_BYTES)
    target = memoryview(plain)
    for number in range(count):
        record = sealed[number * RECORD_BYTES : (number + 1) * RECORD_BYTES]
        start = number * CHUNK_BYTES
        size = len(record) - OVERHEAD_BYTES
        associated = _associated(version, first + number, first + number == total - 1)
        try:
            key.decrypt_into(
                record[VERSION_BYTES:_HEAD_BYTES],
                record[_HEAD_BYTES:],
                associated,
                target[start : start + size],
            )
        except InvalidTag:
            raise DamagedObjectError from None
    target.release()
    return plain, version


class RangeReader:
    """Reads ranges of plain bytes of one encrypted object. It may be used by several threads.

    The version of the first records read is that of all.
    """

    def __init__(self, key: AESGCM, fetch: Fetch, *, sealed: int) -> None:
        """`sealed` is the stored size of the object.

        Raises:
            DamagedObjectError: no encrypted object has this size.
        """
        self._key = key
        self._fetch = fetch
        self._sealed = sealed
        self._version: bytes | None = None
        self.size = plain_size(sealed)

    def read(self, offset: int, length: int) -> bytes:
        """Return `length` bytes from `offset`, fewer at the end of the object.

        Raises:
            DamagedObjectError: the object was altered.
        """
        return bytes(self.view(offset, length))

    def view(self, offset: int, length: int) -> memoryview:
        """Return the same as `read`, without a copy of it."""
        end = min(offset + length, self.size)
        if offset >= end:
            if self.size:
                return memoryview(b"")
            offset = 0  # Also that there is nothing has to be authentic.
        first, behind = offset // CHUNK_BYTES, _records(end, CHUNK_BYTES)
        start = first * RECORD_BYTES
        wanted = min(behind * RECORD_BYTES, self._sealed) - start
        records = self._fetch(start, wanted)
        if len(records) != wanted:
            raise DamagedObjectError
        total = _records(self._sealed, RECORD_BYTES)
        plain, version = unseal(self._key, records, first=first, total=total)
        if self._version not in {None, version}:
            raise DamagedObjectError
        self._version = version
        begin = offset - first * CHUNK_BYTES
        return memoryview(plain)[begin : begin + end - offset]


def _records(size: int, each: int) -> int:
    """Return how many pieces of `each` bytes hold `size` bytes, at least one."""
    return max(1, -(-size // each))


def _associated(version: bytes, number: int, last: bool) -> bytes:
    return version + _PLACE.pack(number, last)
