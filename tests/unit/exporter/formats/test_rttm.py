from dataclasses import replace
from io import BytesIO
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyannote.core import Annotation
from pyannote.database.util import load_rttm

from exporter.document import Document, Segment, SpeakerTurn
from exporter.fields import token, unique_tokens
from exporter.formats.rttm import render
from exporter.options import ExportOptions
from tests.unit.exporter.documents import call, document, hostile, meeting, segment


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


#: Names that pandas takes for missing values, with which this reader works.
MISSING = (
    "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>",
    "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null",
)  # fmt: skip


def loaded(made: Document) -> dict[str, Annotation]:
    """Return the speakers of each recording as pyannote.database reads them."""
    file = BytesIO(b"".join(render(made, ExportOptions())))
    return dict(load_rttm(file))  # type: ignore[no-untyped-call]


def assert_reads_back(first: str, second: str, title: str) -> None:
    made = document(
        [segment(0, "x", "a", 0, 1), segment(1, "y", "b", 1, 2), segment(2, "x", "c", 2.5, 3)],
        names={"x": first, "y": second},
        filename=f"{title}.mp3",
    )
    fields = unique_tokens(made)
    assert len(set(fields.values())) == 2
    ((recording, found),) = loaded(made).items()
    assert recording == (token(made.title) or "recording")
    assert [
        (said.start, said.end, label) for said, _, label in found.itertracks(yield_label=True)
    ] == [(0.0, 1.0, fields["x"]), (1.0, 2.0, fields["y"]), (2.5, 3.0, fields["x"])]


@pytest.mark.parametrize("name", MISSING)
def test_words_for_missing_values_are_names(name: str) -> None:
    assert_reads_back(name, f"{name}_", name)


@pytest.mark.parametrize(
    "name",
    ['"Bob"', '"', "'Bob'", "Ann Lee", "Ann\u00a0Lee", "007", "1e5", "True", "#x", "\\", ";;"],
)
def test_other_names_are_read_back(name: str) -> None:
    assert_reads_back(name, "Eve", name)
    assert_reads_back("Eve", name, "talk")


@given(
    *[
        st.text(max_size=8)
        | st.sampled_from(MISSING)
        | st.text(st.sampled_from("\"' \t\n#NA<>_ab\\,;\u00a0\u200b\u3000"), max_size=6)
    ]
    * 3
)
def test_any_name_is_read_back(first: str, second: str, title: str) -> None:
    assert_reads_back(first, second, title)


@pytest.mark.parametrize(
    ("text", "field"),
    [("Ann Lee", "Ann_Lee"), ("NA", "NA_"), ("Na", "Na"), ('"Bob"', "'Bob'"), ("<NA>", "<NA>_")],
)
def test_fields_stay_legible(text: str, field: str) -> None:
    assert token(text) == field


def test_channels_have_their_numbers_and_may_overlap() -> None:
    lines = b"".join(render(call(), ExportOptions())).decode().splitlines()
    assert [line.split()[2] for line in lines] == ["1", "2", "1"]
    assert [line[1:] for line in read(call())] == [
        (0.0, 6.0, "Anna"),
        (2.0, 2.0, "Ben"),
        (6.5, 1.5, "Anna"),
    ]


def test_overlap_of_channels_is_not_counted_twice() -> None:
    """Words of one channel name the speakers of the other, who have their own segments."""
    made = call()
    both = tuple(
        replace(word, speakers=("Speaker_1", "Speaker_2")) for word in made.segments[0].words
    )
    overlapped = replace(made, segments=(replace(made.segments[0], words=both), *made.segments[1:]))
    assert read(overlapped) == read(made)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.floats(0, 50), st.floats(0, 9)), max_size=12))
def test_lines_are_in_order_and_those_of_a_speaker_apart(
    drawn: list[tuple[str, float, float]],
) -> None:
    said: list[Segment] = [
        segment(number, label, "x", start, start + length)
        for number, (label, start, length) in enumerate(sorted(drawn, key=lambda one: one[1]))
    ]
    lines = read(document(said))
    assert [start for _, start, _, _ in lines] == sorted(start for _, start, _, _ in lines)
    for label in "ab":
        own = [(start, length) for _, start, length, name in lines if name == label]
        for (start, length), (following, _) in pairwise(own):
            assert start + length <= following + 1e-6


def test_turns_of_the_diarizer_take_the_place_of_segments() -> None:
    labels = [speaker.label for speaker in meeting().speakers]
    turns = (
        SpeakerTurn(speaker_label=labels[0], start=0.0, end=3.0),
        SpeakerTurn(speaker_label=labels[1], start=2.5, end=4.0),
        SpeakerTurn(speaker_label="SPEAKER_07", start=3.5, end=3.75),
    )
    assert read(replace(meeting(), turns=turns)) == [
        ("Weekly_meeting", 0.0, 3.0, "Anna_Müller"),
        ("Weekly_meeting", 2.5, 1.5, "Ben_Ode"),
        ("Weekly_meeting", 3.5, 0.25, "SPEAKER_07"),
    ]
    assert read(replace(meeting(), turns=())) == []
