import io
import re
from html import unescape

import webvtt

from exporter.document import Document
from exporter.formats.vtt import render
from exporter.options import ExportOptions
from tests.unit.exporter.documents import hostile, meeting


def made(document: Document, **options: bool) -> str:
    return b"".join(render(document, ExportOptions(**options))).decode()


def read(text: str) -> list[webvtt.Caption]:
    return list(webvtt.from_buffer(io.StringIO(text)).captions)


def test_the_transcript_can_be_read_back() -> None:
    captions = read(made(meeting()))
    assert [caption.text.replace("\n", " ") for caption in captions] == [
        one.text for one in meeting().segments
    ]
    assert [caption.voice for caption in captions] == ["Anna Müller"] * 2 + ["Ben Ode"] * 2 + [
        "Anna Müller"
    ]
    assert (captions[3].start, captions[3].end) == ("00:00:09.500", "00:00:12.000")


def test_words_have_increasing_times_within_their_cue() -> None:
    text = made(meeting(), words=True)
    cue = next(block for block in text.split("\n\n") if "figures" in block)
    times = re.findall(r"<(\d\d:\d\d:\d\d\.\d{3})>", cue)
    assert len(times) == 6  # of seven words; the first begins with the cue
    assert times == sorted(set(times))
    assert all("00:00:09.500" < time < "00:00:12.000" for time in times)
    spoken = re.sub(r"<[^>]*>", "", cue.split("\n", 2)[2])
    assert spoken == "I'll send the new figures by Friday."


def test_hostile_text_is_not_interpreted() -> None:
    text = made(hostile())
    captions = read(text)
    tags = set(re.findall(r"<(?!/?v\b)[^>]*>", text))
    assert tags == set()
    assert text.count("-->") == len(captions)
    assert "<script>" in unescape("".join(caption.raw_text for caption in captions))
