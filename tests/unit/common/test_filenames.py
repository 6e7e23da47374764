"""File names of uploads and downloads."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common import characters
from common.filenames import LONGEST, LONGEST_PORTABLE, NAMELESS, clean, portable


@pytest.mark.parametrize(
    ("name", "kept"),
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
        ("\u2067a\u2069.wav", "a.wav"),
        ("گفت\u200cوگو.mp3", "گفت\u200cوگو.mp3"),
        ("👨\u200d👩\u200d👧.mp4", "👨\u200d👩\u200d👧.mp4"),
        ("two\u00a0words\u200b.mp3", "two words.mp3"),
        ("loose\u200d.mp3\u200c", "loose.mp3"),
    ],
)
def test_clean(name: str, kept: str) -> None:
    assert clean(name) == kept


def test_long_name_keeps_its_extension() -> None:
    kept = clean("x" * 400 + ".flac")
    assert len(kept) == LONGEST
    assert kept.endswith(".flac")


@given(st.text(max_size=600))
def test_cleaning_is_safe_and_idempotent(name: str) -> None:
    kept = clean(name)
    assert 0 < len(kept) <= LONGEST
    assert not set(kept) & {"/", "\\"}
    assert kept not in {".", ".."}
    assert not characters.has_forbidden(kept)
    assert clean(kept) == kept


@pytest.mark.parametrize(
    ("title", "stem"),
    [
        ("Weekly meeting", "Weekly meeting"),
        ("Q1/Q2: plan?", "Q1 Q2 plan"),
        ("../../etc/passwd", "etc passwd"),
        ("a\r\nX-Evil: 1", "a X-Evil 1"),
        ("CON", NAMELESS),
        ("lpt1.txt", NAMELESS),
        ("..", NAMELESS),
        ("", NAMELESS),
        ("\u202efdp.exe", "fdp.exe"),
        ("\ud800lone", "lone"),
        ("会议 记录", "会议 记录"),
        ("گفت\u200cوگو", "گفت\u200cوگو"),
        ("é" * 200, "é" * (LONGEST_PORTABLE // 2)),
    ],
)
def test_portable(title: str, stem: str) -> None:
    assert portable(title) == stem


@given(st.text(max_size=400))
def test_portable_name_is_accepted_by_file_systems_and_headers(title: str) -> None:
    stem = portable(title)
    assert 0 < len(stem.encode()) <= LONGEST_PORTABLE
    assert not re.search(r'[\x00-\x1f/\\:*?"<>|;%]', stem)
    assert not stem.startswith((" ", "."))
    assert not stem.endswith((" ", "."))
    assert portable(stem) == stem
