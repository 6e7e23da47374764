"""Checks of uploads before decoding."""

import asyncio
import io
from collections.abc import AsyncIterator
from typing import Any

import pytest

from common.errors import FileUploadError, TimedOutError
from transcriber.recordings.checks import Hurried, judge, without_long_waits

WAV = b"RIFF\x00\x00\x00\x00WAVEfmt " + bytes(64)


def test_audio_with_matching_name_passes() -> None:
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
def test_other_files_are_rejected_with_reason(name: str, head: bytes, said: str) -> None:
    with pytest.raises(FileUploadError) as caught:
        judge(name, head)
    assert said in caught.value.message
    assert caught.value.details == {"file_name": name}


async def test_chunks_pass_until_one_is_late() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"one"
        yield b"two"
        await asyncio.sleep(5)
        yield b"late"

    passed = without_long_waits(chunks(), 0.05)
    assert [await anext(passed), await anext(passed)] == [b"one", b"two"]
    with pytest.raises(TimedOutError):
        await anext(passed)


def test_reading_ends_at_deadline() -> None:
    source: Any = io.BytesIO(b"0123456789")
    patient, hurried = Hurried(source, 60.0), Hurried(source, -1.0)
    assert (patient.seek(4), patient.tell(), patient.read(3)) == (4, 4, b"456")
    assert (hurried.readable(), hurried.seekable()) == (True, True)
    with pytest.raises(TimeoutError):
        hurried.read(1)
