"""Checksums of appended bytes."""

import hashlib

import pytest

from common.errors import ChecksumError, ValidationError
from transcriber.resumable.checksums import Checksum


def test_no_algorithm_means_no_checksum() -> None:
    assert Checksum.of("", b"") is None


@pytest.mark.parametrize(("algorithm", "digest"), [("md5", b"x" * 16), ("sha256", b"x" * 20)])
def test_impossible_checksums_are_refused(algorithm: str, digest: bytes) -> None:
    with pytest.raises(ValidationError):
        Checksum.of(algorithm, digest)


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_bytes_are_compared_at_the_end(algorithm: str) -> None:
    checksum = Checksum.of(algorithm, hashlib.new(algorithm, b"abcd").digest())
    assert checksum is not None
    checksum.update(b"ab")
    with pytest.raises(ChecksumError):
        checksum.verify()
    checksum.update(b"cd")
    checksum.verify()
