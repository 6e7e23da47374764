"""Sizes of parts."""

import pytest

from common.object_parts import PART_BYTES
from transcriber.resumable.pieces import part_bytes


@pytest.mark.parametrize("size", [1, PART_BYTES, 500 * 1024**2, 40 * 1024**3, 5 * 1024**4])
def test_every_file_fits_into_the_parts_that_stores_take(size: int) -> None:
    part = part_bytes(size)
    assert part >= PART_BYTES
    assert -(-size // part) <= 10_000
