"""Streams of a capture."""

import io
import time

import pytest

from transcriber.captures.streams import StreamFile, split
from transcriber.store.captures import Chunk

DATA = [b"abc", b"d", b"efghi", b"jk"]
WHOLE = b"".join(DATA)


def chunk(number: int, *, starts_stream: bool = False, data: bytes = b"x") -> Chunk:
    return Chunk(
        number=number, starts_stream=starts_stream, size=len(data), sha256=b"", key=str(number)
    )


def stream_file(*, seconds: float = 60.0) -> tuple[StreamFile, list[int]]:
    """Return the file of DATA, and the numbers of the chunks as they are read."""
    read: list[int] = []

    def reading(wanted: Chunk) -> bytes:
        read.append(wanted.number)
        return DATA[wanted.number]

    chunks = [chunk(number, data=data) for number, data in enumerate(DATA)]
    return StreamFile(chunks, reading, until=time.monotonic() + seconds), read


@pytest.mark.parametrize(
    ("starts", "expected"),
    [
        ([True, False, False], [[0, 1, 2]]),
        ([True, False, True], [[0, 1], [2]]),
        ([True, True, True], [[0], [1], [2]]),
        # The chunk that began the first stream is missing.
        ([False, False, True], [[0, 1], [2]]),
        ([], []),
    ],
)
def test_split(starts: list[bool], expected: list[list[int]]) -> None:
    chunks = [chunk(number, starts_stream=starts) for number, starts in enumerate(starts)]

    assert [[one.number for one in stream] for stream in split(chunks)] == expected


def test_the_whole_file() -> None:
    file, read = stream_file()

    assert io.BufferedReader(file).read() == WHOLE
    assert read == [0, 1, 2, 3]


@pytest.mark.parametrize("start", range(len(WHOLE) + 2))
@pytest.mark.parametrize("size", [1, 4, 100])
def test_any_part(start: int, size: int) -> None:
    file, _ = stream_file()

    assert file.seek(start) == start
    assert io.BufferedReader(file).read(size) == WHOLE[start : start + size]


def test_seeking() -> None:
    file, read = stream_file()

    assert file.seek(-2, io.SEEK_END) == 9
    assert file.read(5) == b"jk"
    assert file.seek(-1, io.SEEK_CUR) == 10
    assert (file.read(5), file.read(5)) == (b"k", b"")
    assert read == [3]


def test_deadline() -> None:
    file, read = stream_file(seconds=-1.0)

    with pytest.raises(TimeoutError):
        file.read(1)
    assert read == []
