"""Sanitized file names."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.audio.kinds import AudioKind
from transcriber.domain.filenames import LONGEST, NAMELESS, clean, format_of


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [
        ("meeting.mp3", "meeting.mp3"),
        ("/etc/passwd", "passwd"),
        ("..\\..\\windows\\talk.wav", "talk.wav"),
        ("../../x/../talk.wav", "talk.wav"),
        ("a\x00b\r\nc.mp3", "abc.mp3"),
        ("  two   blanks .ogg ", "two blanks .ogg"),
        ("Grüße – Übung.m4a", "Grüße – Übung.m4a"),
        ("", NAMELESS),
        ("..", NAMELESS),
        ("dir/", NAMELESS),
        ("\u202egpj.exe", "gpj.exe"),
    ],
)
def test_names_are_sanitized(given_name: str, kept: str) -> None:
    assert clean(given_name) == kept


def test_long_name_keeps_extension() -> None:
    kept = clean("x" * 400 + ".flac")
    assert len(kept) == LONGEST
    assert kept.endswith(".flac")


@given(st.text(max_size=600))
def test_cleaning_is_safe_and_idempotent(name: str) -> None:
    kept = clean(name)
    assert 0 < len(kept) <= LONGEST
    assert not set(kept) & {"/", "\\"}
    assert kept not in {".", ".."}
    assert not any(unicodedata.category(char).startswith("C") for char in kept)
    assert clean(kept) == kept


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
    ],
)
def test_format_is_extension_or_content(name: str, kind: AudioKind, wanted: str) -> None:
    assert format_of(name, kind) == wanted
