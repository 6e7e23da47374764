from dataclasses import replace

from exporter.document import Document
from exporter.formats.rttm import render, unique_tokens
from exporter.options import ExportOptions
from tests.unit.exporter.documents import document, hostile, meeting, segment


def read(made: Document) -> list[tuple[str, float, float, str]]:
    """Return the recording, start, duration and speaker of each line."""
    lines = b"".join(render(made, ExportOptions())).decode().splitlines()
    fields = [line.split(" ") for line in lines]
    assert all(len(one) == 10 and one[0] == "SPEAKER" for one in fields)
    return [(one[1], float(one[3]), float(one[4]), one[7]) for one in fields]


def test_speaker_turns_can_be_read_back() -> None:
    assert read(meeting()) == [
        ("Weekly_meeting", 0.0, 2.0, "Anna_Müller"),
        ("Weekly_meeting", 2.5, 2.5, "Anna_Müller"),
        ("Weekly_meeting", 5.5, 3.5, "Ben_Ode"),
        ("Weekly_meeting", 9.5, 2.5, "Ben_Ode"),
        ("Weekly_meeting", 12.5, 2.5, "Anna_Müller"),
    ]


def test_overlapping_speech_has_lines_of_its_own() -> None:
    first = segment(0, "a", "one two three four", 0, 4)
    words = [
        replace(word, speakers=("a", "b") if place in {1, 2} else ("a",))
        for place, word in enumerate(first.words)
    ]
    made = document([replace(first, words=tuple(words)), segment(1, "b", "x", 5, 6)])
    assert [line[1:] for line in read(made)] == [
        (0.0, 4.0, "a"),
        (1.0, 2.0, "b"),
        (5.0, 1.0, "b"),
    ]


def test_names_are_distinct_single_fields() -> None:
    made = document(
        [segment(0, "x", "a", 0, 1), segment(1, "y", "b", 1, 2)],
        names={"x": "Ann Lee", "y": "Ann_Lee"},
    )
    assert unique_tokens(made) == {"x": "Ann_Lee", "y": "Ann_Lee_2"}
    assert len(read(hostile())) == 2


def test_segments_without_duration_are_left_out() -> None:
    assert read(document([segment(0, "a", "x", 1, 1)])) == []
