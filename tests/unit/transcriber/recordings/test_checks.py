"""Checks of uploads before decoding."""

import io
from typing import Any

import pytest

from common.errors import FileUploadError
from transcriber.recordings.checks import Hurried, judge

WAV = b"RIFF\x00\x00\x00\x00WAVEfmt " + bytes(64)


def test_audio_with_matching_name_passes() -> None:
    judge("a.wav", WAV)
    judge("nameless", WAV)


@pytest.mark.parametrize("name", ["a.mp3", "a.docx", "a.unknown"])
def test_content_decides_and_not_the_name(name: str) -> None:
    judge(name, WAV)


@pytest.mark.parametrize(
    ("name", "head", "said"),
    [
        ("a.wav", b"", "empty"),
        ("a.mp3", b"just some words", "not a kind of audio"),
        ("a.exe", WAV, "named .exe"),
        ("a.wav.ZIP", WAV, "named .zip"),
    ],
)
def test_other_files_are_rejected_with_reason(name: str, head: bytes, said: str) -> None:
    with pytest.raises(FileUploadError) as caught:
        judge(name, head)
    assert said in caught.value.message
    assert caught.value.details == {"file_name": name}


def tagged(comment: bytes) -> bytes:
    """Return the start of an MP3 file with a comment in its ID3 tag."""
    body = b"\0eng\0" + comment
    frame = b"COMM" + len(body).to_bytes(4, "big") + b"\0\0" + body
    size = len(frame)
    header = b"ID3\x03\0\0" + bytes((0, 0, size >> 7, size & 127))
    silence = (b"\xff\xfb\x90\xc0" + bytes(413)) * 4
    return header + frame + silence


@pytest.mark.parametrize(
    "comment",
    [
        bytes((60, 63)) + b"php echo 1;",
        bytes((60, 63)) + b"PHP",
        b"<" + b"script>1</" + b"script>",
        b"<ScRiPt src=x>",
    ],
)
def test_code_in_tags_is_rejected(comment: bytes) -> None:
    with pytest.raises(FileUploadError) as caught:
        judge("a.mp3", tagged(comment))
    assert "script or PHP" in caught.value.message
    assert caught.value.details == {"file_name": "a.mp3"}


@pytest.mark.parametrize("comment", [b"Script: A. Writer", b"a <b> & c ? php", b"<?xml", b"<s"])
def test_ordinary_tags_pass(comment: bytes) -> None:
    judge("a.mp3", tagged(comment))


def test_sound_may_contain_any_bytes() -> None:
    judge("a.wav", WAV + bytes(1024 - len(WAV)) + b"<" + b"script>")


def test_reading_ends_at_deadline() -> None:
    source: Any = io.BytesIO(b"0123456789")
    patient, hurried = Hurried(source, 60.0), Hurried(source, -1.0)
    assert (patient.seek(4), patient.tell(), patient.read(3)) == (4, 4, b"456")
    assert (hurried.readable(), hurried.seekable()) == (True, True)
    with pytest.raises(TimeoutError):
        hurried.read(1)
