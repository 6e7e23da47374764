"""Our own exports, imported again."""

from collections.abc import Sequence

import pytest

from exporter.document import Document
from tests.unit.exporter.documents import SCRIPTS, call, in_script, meeting
from tests.unit.exporter.rendering import rendered
from transcriber.imports.content import ImportedSegment, ImportFormat
from transcriber.imports.reading import read

#: Formats with text, and whether an option adds words with their times.
_WITH_WORDS = {"vtt": True, "textgrid": True, "eaf": True, "srt": False}


def said(segments: Sequence[ImportedSegment]) -> str:
    return " ".join(segment.text for segment in segments)


def letters(text: str) -> str:
    return "".join(text.split())


def by_speaker(segments: Sequence[ImportedSegment]) -> dict[str, str]:
    found: dict[str, str] = {}
    for segment in segments:
        found[segment.speaker] = found.get(segment.speaker, "") + letters(segment.text)
    return found


def spoken(document: Document) -> dict[str, str]:
    found: dict[str, str] = {}
    for segment in document.segments:
        name = document.name_of(segment.speaker_label)
        found[name] = found.get(name, "") + letters(segment.text)
    return found


@pytest.mark.parametrize("name", _WITH_WORDS)
def test_text_and_speakers_come_back(name: str) -> None:
    document = meeting()
    found = read(rendered(document, name))
    assert found.format == name
    assert by_speaker(found.segments) == spoken(document)
    assert not found.notes


@pytest.mark.parametrize("name", ["vtt", "textgrid", "eaf"])
def test_times_of_words_come_back(name: str) -> None:
    document = meeting()
    found = read(rendered(document, name, words=True))
    assert by_speaker(found.segments) == spoken(document)
    words = [word for segment in found.segments for word in segment.words]
    original = [word for segment in document.segments for word in segment.words]
    assert [word.text for word in words] == [word.text for word in original]
    for word, other in zip(words, original, strict=True):
        assert word.start == pytest.approx(other.start, abs=0.002)


@pytest.mark.parametrize("name", ["textgrid", "eaf"])
def test_times_of_passages_come_back(name: str) -> None:
    document = meeting()
    found = read(rendered(document, name)).segments
    times = [(segment.start, segment.end) for segment in found]
    assert times == [(segment.start, segment.end) for segment in document.segments]


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("name", _WITH_WORDS)
def test_every_script_comes_back(name: str, script: str) -> None:
    document = in_script(script)
    found = read(rendered(document, name, words=_WITH_WORDS[name]))
    assert by_speaker(found.segments) == spoken(document)


def test_turns_come_back() -> None:
    found = read(rendered(meeting(), "rttm"))
    assert found.format is ImportFormat.RTTM
    assert not found.segments
    assert {turn.speaker for turn in found.turns} == {"Anna_Müller", "Ben_Ode"}
    times = [(turn.start, turn.end) for turn in found.turns]
    assert times == [(segment.start, segment.end) for segment in meeting().segments]


def test_words_come_back_with_their_confidence() -> None:
    document = meeting()
    found = read(rendered(document, "ctm"))
    assert letters(said(found.segments)) == "".join(
        letters(segment.text) for segment in document.segments
    )
    assert {word.probability for segment in found.segments for word in segment.words} == {0.9}


def test_channels_of_a_call_come_back() -> None:
    found = read(rendered(call(), "ctm"))
    assert {segment.channel for segment in found.segments} == {1, 2}
    assert {turn.channel for turn in read(rendered(call(), "rttm")).turns} == {1, 2}
