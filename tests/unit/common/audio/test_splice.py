"""Files put together from pieces."""

import io
import random

import pytest

from common.audio.splice import SplicedFile, patched


def test_pieces_follow_one_another() -> None:
    file = SplicedFile(io.BytesIO(b"0123456789"), [b"ab", (2, 5), b"", (5, 5), (0, 2), b"z"])
    assert file.read() == b"ab23401z"
    assert file.read() == b""
    assert (file.seekable(), file.readable(), file.tell()) == (True, True, 8)


@pytest.mark.parametrize("seed", range(20))
def test_reading_anywhere_is_like_reading_the_whole(seed: int) -> None:
    dice = random.Random(seed)
    source = dice.randbytes(100)
    pieces: list[bytes | tuple[int, int]] = []
    for _ in range(dice.randrange(1, 6)):
        begin = dice.randrange(100)
        pieces.append(dice.randbytes(3) if dice.random() < 0.3 else (begin, begin + 7))
    pieces = [p if isinstance(p, bytes) else (p[0], min(p[1], 100)) for p in pieces]
    whole = b"".join(p if isinstance(p, bytes) else source[slice(*p)] for p in pieces)
    file = SplicedFile(io.BytesIO(source), pieces)
    for _ in range(50):
        at, size = dice.randrange(len(whole) + 3), dice.randrange(12)
        assert file.seek(at) == at
        assert file.read(size) == whole[at : at + size]
        assert file.tell() == at + len(whole[at : at + size])
    assert file.seek(-1, io.SEEK_END) == len(whole) - 1
    assert file.seek(1, io.SEEK_CUR) == len(whole)


def test_patches_replace_bytes() -> None:
    file = patched(io.BytesIO(b"0123456789"), {8: b"x", 0: b"ab", 4: b""})
    assert file.read() == b"ab234567x9"
