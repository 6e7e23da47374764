"""Ciphers of single objects, and files that are encrypted as they are read."""

import io
import os

import pytest

from common.encryption.object_cipher import ObjectCipher, SealedFile
from common.encryption.records import CHUNK_BYTES, DamagedObjectError, sealed_size

DATA_KEY = bytes(range(32))


def test_an_object_in_place_of_another_is_refused() -> None:
    sealed = ObjectCipher.derive(DATA_KEY, "1/source").seal(b"words")
    assert ObjectCipher.derive(DATA_KEY, "1/source").unseal(sealed) == b"words"
    for cipher in (
        ObjectCipher.derive(DATA_KEY, "1/other"),
        ObjectCipher.derive(bytes(32), "1/source"),
    ):
        with pytest.raises(DamagedObjectError):
            cipher.unseal(sealed)


def test_ciphers_travel_as_text() -> None:
    cipher = ObjectCipher.derive(DATA_KEY, "1/source")
    assert ObjectCipher.parse(cipher.text()).unseal(cipher.seal(b"words")) == b"words"
    for text in ("", "short", "?" * 44):
        with pytest.raises(ValueError, match="key of an object"):
            ObjectCipher.parse(text)


def test_parts_begin_with_a_chunk() -> None:
    cipher = ObjectCipher.derive(DATA_KEY, "1/source")
    with pytest.raises(ValueError, match="begins with a chunk"):
        cipher.seal_part(b"x", version=b"version1", offset=7, last=True)


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES, 16 * CHUNK_BYTES, 40 * CHUNK_BYTES + 3])
def test_file_is_encrypted_as_it_is_read(size: int) -> None:
    plain = os.urandom(size)
    cipher = ObjectCipher.derive(DATA_KEY, "1/copy")
    file = SealedFile(io.BytesIO(plain), size, cipher)
    sealed = b"".join(iter(lambda: file.read(16_384), b""))
    assert len(sealed) == file.size == file.tell() == sealed_size(size)
    assert cipher.unseal(sealed) == plain


def test_file_can_be_sent_again() -> None:
    plain = os.urandom(3 * CHUNK_BYTES)
    cipher = ObjectCipher.derive(DATA_KEY, "1/copy")
    file = SealedFile(io.BytesIO(plain), len(plain), cipher)
    file.read(100_000)
    file.seek(0)
    assert cipher.unseal(b"".join(iter(lambda: file.read(100_000), b""))) == plain
    with pytest.raises(io.UnsupportedOperation):
        file.seek(5)


def test_file_that_becomes_shorter_is_an_error() -> None:
    file = SealedFile(io.BytesIO(b"abc"), 4, ObjectCipher.derive(DATA_KEY, "1/copy"))
    with pytest.raises(EOFError):
        file.read(1)
