"""Formats of uploaded files."""

import pytest

from common.audio.kinds import AudioKind
from transcriber.domain.file_formats import format_of


@pytest.mark.parametrize(
    ("name", "kind", "wanted"),
    [
        ("a.mp3", AudioKind.MP3, "mp3"),
        ("a.M4A", AudioKind.MP4, "m4a"),
        ("film.mov", AudioKind.MP4, "mov"),
        ("a.opus", AudioKind.OGG, "opus"),
        ("nameless", AudioKind.MP4, "m4a"),
        ("clip.bin", AudioKind.MATROSKA, "mkv"),
        ("nameless", AudioKind.WAV, "wav"),
        ("wrong.mp3", AudioKind.FLAC, "flac"),
        ("wrong.mp3", AudioKind.MP4, "m4a"),
        ("memo.aac", AudioKind.MP4, "aac"),
    ],
)
def test_format_is_extension_or_content(name: str, kind: AudioKind, wanted: str) -> None:
    assert format_of(name, kind) == wanted
