"""Channels that speak at once: nothing is lost in any format, and subtitles show both."""

import io
import json
import zipfile
from dataclasses import replace
from html import unescape

import pytest
import webvtt
from pypdf import PdfReader
from pysubs2 import SSAFile

from exporter.document import Document
from exporter.formats.catalog import FORMATS
from exporter.options import ExportOptions
from tests.unit.exporter.documents import call, document, segment

SAID = [one.text for one in call().segments]
READABLE = (
    "txt", "md", "csv", "srt", "vtt", "docx", "pdf", "json", "textgrid", "eaf", "stm", "ttml",
    "fcpxml", "edl", "maxqda", "nvivo",
)  # fmt: skip


def rendered(made: Document, name: str, options: ExportOptions | None = None) -> bytes:
    return b"".join(FORMATS[name].render(made, options or ExportOptions()))


def text(made: Document, name: str, options: ExportOptions | None = None) -> str:
    """Return the text of a document on one line."""
    data = rendered(made, name, options)
    if name == "pdf":
        shown = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages)
    elif name == "docx":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            shown = archive.read("word/document.xml").decode()
    else:
        shown = data.decode().replace("<br/>", " ")
    return " ".join(unescape(shown).split())


@pytest.mark.parametrize("timestamps", [False, True])
@pytest.mark.parametrize("name", READABLE)
def test_no_words_are_lost(name: str, *, timestamps: bool) -> None:
    shown = text(call(), name, ExportOptions(timestamps=timestamps, speaker_stats=True))
    assert all(words in shown for words in SAID)


def test_srt_shows_both_at_the_same_time() -> None:
    found = SSAFile.from_string(rendered(call(), "srt").decode(), format_="srt")
    assert [cue.start for cue in found] == sorted(cue.start for cue in found)
    assert all(cue.end > cue.start for cue in found)
    at_once = [cue.text for cue in found if cue.start <= 2500 < cue.end]
    assert any(shown.startswith("Anna: The offer") for shown in at_once)
    assert any(shown.startswith("Ben: Friday is") for shown in at_once)


def test_vtt_shows_both_at_the_same_time() -> None:
    data = rendered(call(), "vtt").decode()
    found = list(webvtt.from_buffer(io.StringIO(data)).captions)
    assert [cue.start for cue in found] == sorted(cue.start for cue in found)
    at_once = {cue.voice for cue in found if cue.start <= "00:00:02.500" < cue.end}
    assert at_once == {"Anna", "Ben"}


def test_statistics_of_a_speaker_are_those_of_the_channel() -> None:
    value = json.loads(rendered(call(), "json", ExportOptions(speaker_stats=True)))
    figures = {one["name"]: one for one in value["speaker_stats"]}
    assert figures["Anna"]["total_duration"] == 7.5
    assert figures["Ben"]["total_duration"] == 2.0
    assert sum(one["share"] for one in figures.values()) == pytest.approx(1, abs=1e-3)
    assert "8 s of speech" in text(call(), "txt", ExportOptions(speaker_stats=True))


@pytest.mark.parametrize("name", sorted({*READABLE, "rttm"} - {"pdf"}))
def test_joiners_within_words_are_kept(name: str) -> None:
    persian, family = "علی\u200cرضا", "👨\u200d👩\u200d👧"
    made = document([segment(0, "a", f"گفت\u200cوگو {family}", 0, 2)], names={"a": persian})
    shown = text(made, name)
    assert persian in shown
    assert name == "rttm" or family in shown


def test_lines_of_wide_text_break_after_sentences() -> None:
    said = "我们需要在周五之前完成报告。" * 3
    made = document([segment(0, "a", said, 0, 6, with_words=False)], names={"a": "王芳"})
    cues = SSAFile.from_string(rendered(made, "srt").decode(), format_="srt")
    lines = [line for cue in cues for line in cue.text.split("\\N")]
    assert lines == ["王芳: " + said[:14], said[:14], said[:14]]


def test_channels_are_stated_in_documents() -> None:
    for name in ("txt", "md", "docx", "pdf"):
        assert "2 recognized separately (left channel, right channel)" in text(call(), name)
    unmeasured = replace(call(), channel_plan=document([]).channel_plan)
    assert "recognized separately" not in text(unmeasured, "txt")
