"""CTM read back by the rules of the format: file, channel, start, duration, word, confidence."""

from dataclasses import dataclass, replace

import pytest

from exporter.document import Document
from tests.unit.exporter.documents import (
    SCRIPTS,
    call,
    document,
    hostile,
    in_script,
    meeting,
    segment,
)
from tests.unit.exporter.rendering import rendered


@dataclass(frozen=True)
class Line:
    """Line of the file."""

    recording: str
    channel: str
    start: float
    duration: float
    word: str
    confidence: float | None


def read(made: Document) -> list[Line]:
    """Return the lines that are not comments."""
    lines = rendered(made, "ctm").decode().splitlines()
    found = []
    for line in lines:
        assert not line.startswith(";;")
        recording, channel, start, duration, word, *confidence = line.split(" ")
        assert len(confidence) <= 1
        score = float(confidence[0]) if confidence else None
        found.append(Line(recording, channel, float(start), float(duration), word, score))
    return found


def test_every_word_has_a_line() -> None:
    lines = read(meeting())
    assert [one.word for one in lines] == " ".join(one.text for one in meeting().segments).split()
    assert {one.recording for one in lines} == {"Weekly_meeting"}
    assert {one.confidence for one in lines} == {0.9}
    assert lines[3].start == 2.5
    assert lines[3].duration == pytest.approx(2.5 / 6, abs=1e-3)


def test_lines_are_in_order_of_channel_and_time() -> None:
    order = [(one.channel, one.start) for one in read(call())]
    assert order == sorted(order)
    assert {channel for channel, _ in order} == {"1", "2"}


def test_edited_words_have_no_confidence() -> None:
    edited = replace(segment(0, "a", "one two", 0, 2), text="three four words")
    assert [(one.word, one.confidence) for one in read(document([edited]))] == [
        ("three", None),
        ("four", None),
        ("words", None),
    ]


@pytest.mark.parametrize("language", SCRIPTS)
def test_every_script_is_read_back(language: str) -> None:
    said = "".join(one.word for one in read(in_script(language)))
    assert said == "".join(SCRIPTS[language][1].split()) * 3


def test_hostile_text_keeps_its_lines() -> None:
    assert all(one.duration > 0 for one in read(hostile()))
    named = document([segment(0, "a", "x", 0, 1)], filename=";;note.mp3")
    assert [one.recording for one in read(named)] == ["_;;note"]
