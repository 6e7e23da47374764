"""Markers read back by OpenTimelineIO."""

from pathlib import Path

import opentimelineio
import pytest
from lxml import etree

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

DTD = etree.DTD(str(Path(__file__).with_name("schemas") / "fcpxml.dtd"))
READERS = {"fcpxml": "fcpx_xml", "edl": "cmx_3600"}
RATE = 25
#: Edit decision lists start at one hour.
FIRST = {"fcpxml": 0, "edl": 3600 * RATE}


def read(made: Document, name: str) -> list[tuple[int, str]]:
    """Return the frame from the start of the recording and the text of each marker."""
    data = rendered(made, name)
    options = {"rate": RATE} if name == "edl" else {}
    found = opentimelineio.adapters.read_from_string(data.decode(), READERS[name], **options)
    if name == "fcpxml":
        tree = etree.fromstring(data)
        assert DTD.validate(tree), DTD.error_log
    return [
        (int(marker.marked_range.start_time.value) - FIRST[name], marker.name)
        for clip in found.find_clips()
        for marker in clip.markers
    ]


@pytest.mark.parametrize("name", READERS)
def test_every_segment_has_a_marker(name: str) -> None:
    assert read(meeting(), name) == [
        (0, "Anna Müller: Good morning everybody."),
        (62, "Anna Müller: Shall we begin with the budget?"),
        (138, "Ben Ode: Yes, we decided to cut travel by ten percent."),
        (238, "Ben Ode: I'll send the new figures by Friday."),
        (312, "Anna Müller: Thank you, that helps a lot."),
    ]


@pytest.mark.parametrize("name", READERS)
def test_markers_of_speech_at_once_are_kept(name: str) -> None:
    assert [frame for frame, _ in read(call(), name)] == [0, 50, 162]
    same = document([segment(0, "a", "one", 1, 2), segment(1, "b", "two", 1, 2)])
    assert [frame for frame, _ in read(same, name)] == [25, 26]


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("language", SCRIPTS)
def test_every_script_is_read_back(name: str, language: str) -> None:
    speaker, sentence = SCRIPTS[language]
    assert [text for _, text in read(in_script(language), name)] == [f"{speaker}: {sentence}"] * 3


@pytest.mark.parametrize("name", READERS)
def test_hostile_text_is_only_text(name: str) -> None:
    (_, first), (_, second) = read(hostile(), name)
    assert '<script>alert("1")</script> & -->' in first
    assert "\u202e" not in first
    assert second.startswith("-2+3: 1. +1-800 ")


@pytest.mark.parametrize("name", READERS)
def test_long_recordings_are_read_back(name: str) -> None:
    made = document(
        [
            segment(number, "a", f"n{number}", number * 9.0, number * 9.0 + 1)
            for number in range(1200)
        ]
    )
    found = read(made, name)
    assert len(found) == 1200
    assert found[-1] == (1199 * 9 * RATE, "a: n1199")


def test_markers_for_resolve_have_a_color_per_speaker_and_a_duration() -> None:
    lines = [line for line in rendered(meeting(), "edl").decode().splitlines() if "|C:" in line]
    assert lines[1] == (
        " |C:ResolveColorBlue |M:Anna Müller: Shall we begin with the budget? |D:63"
    )
    assert lines[2].startswith(" |C:ResolveColorGreen ")
    hostile_lines = rendered(hostile(), "edl").decode().splitlines()
    assert all(line.count("|") == 3 for line in hostile_lines if line.startswith(" |"))
