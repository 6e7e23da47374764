"""What is checked of an upload before anything decodes it."""

import asyncio
import io
from collections.abc import AsyncIterator
from typing import Any

import pytest

from common.errors import FileUploadError, TimedOutError
from transcriber.recordings.checks import Hurried, formatted_size, judge, without_long_waits

WAV = b"RIFF\x00\x00\x00\x00WAVEfmt " + bytes(64)


def test_audio_that_is_named_as_what_it_is_passes() -> None:
    judge("a.wav", WAV)
    judge("nameless", WAV)


@pytest.mark.parametrize(
    ("name", "head", "said"),
    [
        ("a.wav", b"", "empty"),
        ("a.mp3", b"just some words", "not a kind of audio"),
        ("a.mp3", WAV, "named .mp3, but its content is wav"),
        ("a.exe", WAV, "named .exe"),
    ],
)
def test_what_is_refused_and_why(name: str, head: bytes, said: str) -> None:
    with pytest.raises(FileUploadError) as caught:
        judge(name, head)
    assert said in caught.value.message
    assert caught.value.details == {"file_name": name}


async def test_chunks_pass_until_one_is_waited_for_too_long() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"one"
        yield b"two"
        await asyncio.sleep(5)
        yield b"late"

    passed = without_long_waits(chunks(), 0.05)
    assert [await anext(passed), await anext(passed)] == [b"one", b"two"]
    with pytest.raises(TimedOutError):
        await anext(passed)


def test_reading_ends_with_the_time() -> None:
    source: Any = io.BytesIO(b"0123456789")
    patient, hurried = Hurried(source, 60.0), Hurried(source, -1.0)
    assert (patient.seek(4), patient.tell(), patient.read(3)) == (4, 4, b"456")
    assert (hurried.readable(), hurried.seekable()) == (True, True)
    with pytest.raises(TimeoutError):
        hurried.read(1)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0B"),
        (1023, "1023B"),
        (500 * 1024**2, "500MB"),
        (750 * 1024**2, "750MB"),
        (3 * 1024**3 // 2, "1.5GB"),
        (2 * 1024**3, "2GB"),
    ],
)
def test_sizes_are_written_as_people_write_them(size: int, text: str) -> None:
    assert formatted_size(size) == text
