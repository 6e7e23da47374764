"""The format of encrypted objects."""

import os

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from common.encryption import records
from common.encryption.records import (
    CHUNK_BYTES,
    OVERHEAD_BYTES,
    RECORD_BYTES,
    Buffer,
    DamagedObjectError,
    RangeReader,
    plain_size,
    seal,
    sealed_size,
)

KEY = AESGCM(bytes(range(32)))
VERSION = b"version1"
SIZES = (0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES, 200_000)


def reader(sealed: Buffer, key: AESGCM = KEY) -> RangeReader:
    """Return a reader of stored bytes."""
    return RangeReader(
        key, lambda offset, length: sealed[offset : offset + length], sealed=len(sealed)
    )


def read_all(sealed: Buffer) -> bytes:
    """Return all plain bytes."""
    opened = reader(sealed)
    return opened.read(0, opened.size)


@pytest.mark.parametrize("size", SIZES)
def test_everything_comes_back(size: int) -> None:
    plain = os.urandom(size)
    sealed = seal(KEY, plain, version=VERSION)
    assert len(sealed) == sealed_size(size)
    assert plain_size(len(sealed)) == size
    assert reader(sealed).read(0, size) == plain


@given(offset=st.integers(0, 210_000), length=st.integers(0, 210_000))
def test_ranges_are_those_of_the_plain_bytes(offset: int, length: int) -> None:
    plain = bytes(range(250)) * 800
    sealed = seal(KEY, plain, version=VERSION)
    assert reader(sealed).read(offset, length) == plain[offset : offset + length]


@pytest.mark.parametrize("border", [CHUNK_BYTES, 2 * CHUNK_BYTES])
@pytest.mark.parametrize("shift", [-1, 0, 1])
def test_ranges_at_borders_of_chunks(border: int, shift: int) -> None:
    plain = os.urandom(3 * CHUNK_BYTES + 5)
    opened = reader(seal(KEY, plain, version=VERSION))
    for length in (1, 2, CHUNK_BYTES - 1):
        start = border + shift
        assert opened.read(start, length) == plain[start : start + length]
        assert opened.read(start - length, length) == plain[start - length : start]


def test_a_range_fetches_its_records_only() -> None:
    plain = os.urandom(10 * CHUNK_BYTES)
    sealed = seal(KEY, plain, version=VERSION)
    fetched: list[tuple[int, int]] = []

    def fetch(offset: int, length: int) -> Buffer:
        fetched.append((offset, length))
        return sealed[offset : offset + length]

    RangeReader(KEY, fetch, sealed=len(sealed)).read(4 * CHUNK_BYTES, CHUNK_BYTES)
    assert fetched == [(4 * RECORD_BYTES, RECORD_BYTES)]


def test_parts_make_one_object() -> None:
    plain = os.urandom(5 * CHUNK_BYTES + 17)
    parts = [
        seal(KEY, plain[: 2 * CHUNK_BYTES], version=VERSION, first=0, last=False),
        seal(KEY, plain[2 * CHUNK_BYTES : 4 * CHUNK_BYTES], version=VERSION, first=2, last=False),
        seal(KEY, plain[4 * CHUNK_BYTES :], version=VERSION, first=4, last=True),
    ]
    assert reader(b"".join(parts)).read(0, len(plain)) == plain


def test_only_the_last_part_may_end_within_a_chunk() -> None:
    with pytest.raises(ValueError, match="last chunk"):
        seal(KEY, bytes(CHUNK_BYTES + 1), version=VERSION, last=False)


def test_equal_bytes_are_never_equal_when_stored() -> None:
    plain = bytes(4 * CHUNK_BYTES)
    sealed = seal(KEY, plain, version=VERSION)
    again = seal(KEY, plain, version=VERSION)
    found = {
        bytes(data[place : place + RECORD_BYTES])
        for data in (sealed, again)
        for place in range(0, len(data), RECORD_BYTES)
    }
    assert len(found) == 8


@pytest.mark.parametrize("place", [0, 8, 20, 30_000, RECORD_BYTES - 1, RECORD_BYTES + 40, -1])
def test_changed_bytes_are_detected(place: int) -> None:
    sealed = bytearray(seal(KEY, os.urandom(3 * CHUNK_BYTES), version=VERSION))
    sealed[place] ^= 1
    with pytest.raises(DamagedObjectError):
        reader(bytes(sealed)).read(0, 3 * CHUNK_BYTES)


@pytest.mark.parametrize("kept", [RECORD_BYTES, 2 * RECORD_BYTES, 2 * RECORD_BYTES + 100])
def test_an_object_that_was_cut_off_is_detected(kept: int) -> None:
    sealed = seal(KEY, os.urandom(3 * CHUNK_BYTES), version=VERSION)[:kept]
    with pytest.raises(DamagedObjectError):
        read_all(sealed)


@pytest.mark.parametrize("size", [0, 35, RECORD_BYTES + 1, RECORD_BYTES + OVERHEAD_BYTES])
def test_impossible_sizes_are_refused(size: int) -> None:
    with pytest.raises(DamagedObjectError):
        plain_size(size)


def test_exchanged_records_are_detected() -> None:
    sealed = seal(KEY, os.urandom(3 * CHUNK_BYTES), version=VERSION)
    first, second, third = (
        sealed[place : place + RECORD_BYTES] for place in range(0, len(sealed), RECORD_BYTES)
    )
    for swapped in (second + first + third, first + first + third, third + second + first):
        with pytest.raises(DamagedObjectError):
            reader(swapped).read(0, 3 * CHUNK_BYTES)


def test_records_of_two_writings_do_not_mix() -> None:
    old = seal(KEY, os.urandom(2 * CHUNK_BYTES), version=records.new_version())
    new = seal(KEY, os.urandom(2 * CHUNK_BYTES), version=records.new_version())
    opened = reader(old[:RECORD_BYTES] + new[RECORD_BYTES:])
    with pytest.raises(DamagedObjectError):
        opened.read(0, 2 * CHUNK_BYTES)
    opened = reader(old[:RECORD_BYTES] + new[RECORD_BYTES:])
    opened.read(0, CHUNK_BYTES)
    with pytest.raises(DamagedObjectError):
        opened.read(CHUNK_BYTES, CHUNK_BYTES)


def test_another_key_reads_nothing() -> None:
    sealed = seal(KEY, b"secret", version=VERSION)
    with pytest.raises(DamagedObjectError):
        reader(sealed, AESGCM(bytes(32))).read(0, 6)


def test_bytes_that_the_store_withholds_are_noticed() -> None:
    sealed = seal(KEY, os.urandom(2 * CHUNK_BYTES), version=VERSION)
    opened = RangeReader(
        KEY, lambda offset, length: sealed[offset : offset + length - 1], sealed=len(sealed)
    )
    with pytest.raises(DamagedObjectError):
        opened.read(0, 10)
