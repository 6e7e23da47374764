from datetime import timedelta

import pytest
import srt  # type: ignore[import-untyped]

from exporter.document import Document
from exporter.formats.srt import plain, render
from exporter.options import ExportOptions
from tests.unit.exporter.documents import SCRIPTS, document, hostile, in_script, meeting, segment


def read(made: Document) -> list[srt.Subtitle]:
    data = b"".join(render(made, ExportOptions())).decode()
    return list(srt.parse(data, ignore_errors=False))


def test_read_back_it_is_the_transcript() -> None:
    subtitles = read(meeting())
    assert [one.index for one in subtitles] == [1, 2, 3, 4, 5]
    assert " ".join(one.content.replace("\n", " ") for one in subtitles) == (
        "Anna Müller: Good morning everybody. Shall we begin with the budget? "
        "Ben Ode: Yes, we decided to cut travel by ten percent. "
        "I'll send the new figures by Friday. Anna Müller: Thank you, that helps a lot."
    )
    assert subtitles[1].start == timedelta(seconds=2.5)
    assert subtitles[1].end == timedelta(seconds=5)


@pytest.mark.parametrize("language", SCRIPTS)
def test_every_script(language: str) -> None:
    shown = "".join(one.content for one in read(in_script(language)))
    compact = "".join(shown.split())
    assert compact.count("".join(SCRIPTS[language][1].split())) == 3


def test_hostile_text_makes_neither_markup_nor_cues() -> None:
    subtitles = read(hostile())
    shown = "".join(one.content for one in subtitles)
    assert not any(mark in shown for mark in ("<", ">", "{", "}", "-->", "\x00"))
    assert len({one.index for one in subtitles}) == len(subtitles)


def test_arrow_becomes_an_arrow() -> None:
    assert plain("a --> b") == "a → b"


def test_ten_hours_have_two_digits_of_hours() -> None:
    late = document([segment(0, "a", "Late.", 36_000.5, 36_001)])
    assert b"10:00:00,500 --> 10:00:01,000" in b"".join(render(late, ExportOptions()))
