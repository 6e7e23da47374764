import re
from dataclasses import dataclass

import pytest
from pysubs2 import SSAFile

from exporter.document import Document
from exporter.formats.srt import render, without_markup
from exporter.options import ExportOptions
from tests.unit.exporter.documents import SCRIPTS, document, hostile, in_script, meeting, segment


@dataclass(frozen=True, kw_only=True)
class Cue:
    """A subtitle as an independent reader understands it. Times are in milliseconds."""

    number: int
    start: int
    end: int
    text: str


def read(made: Document) -> list[Cue]:
    data = b"".join(render(made, ExportOptions())).decode()
    found = SSAFile.from_string(data, format_="srt", keep_unknown_html_tags=True)
    numbers = [int(line) for line in re.findall(r"^(\d+)\n\d\d:", data, re.MULTILINE)]
    return [
        Cue(number=number, start=cue.start, end=cue.end, text=cue.text.replace("\\N", "\n"))
        for number, cue in zip(numbers, found, strict=True)
    ]


def test_the_transcript_can_be_read_back() -> None:
    subtitles = read(meeting())
    assert [one.number for one in subtitles] == [1, 2, 3, 4, 5]
    assert " ".join(one.text.replace("\n", " ") for one in subtitles) == (
        "Anna Müller: Good morning everybody. Shall we begin with the budget? "
        "Ben Ode: Yes, we decided to cut travel by ten percent. "
        "I'll send the new figures by Friday. Anna Müller: Thank you, that helps a lot."
    )
    assert subtitles[1].start == 2500
    assert subtitles[1].end == 5000


@pytest.mark.parametrize("language", SCRIPTS)
def test_every_script(language: str) -> None:
    shown = "".join(one.text for one in read(in_script(language)))
    compact = "".join(shown.split())
    assert compact.count("".join(SCRIPTS[language][1].split())) == 3


def test_hostile_text_creates_neither_markup_nor_cues() -> None:
    subtitles = read(hostile())
    shown = "".join(one.text for one in subtitles)
    assert not any(mark in shown for mark in ("<", ">", "{", "}", "-->", "\x00"))
    assert len({one.number for one in subtitles}) == len(subtitles)


def test_ascii_arrows_are_replaced() -> None:
    assert without_markup("a --> b") == "a → b"


def test_ten_hours_have_two_digits() -> None:
    late = document([segment(0, "a", "Late.", 36_000.5, 36_001)])
    assert b"10:00:00,500 --> 10:00:01,000" in b"".join(render(late, ExportOptions()))
