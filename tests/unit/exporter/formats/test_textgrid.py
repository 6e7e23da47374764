"""TextGrid read back by praatio."""

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from praatio import textgrid
from praatio.data_classes.textgrid import Textgrid

from exporter.document import Document
from exporter.tiers import tiers
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


@pytest.fixture(name="read")
def fixture_read(tmp_path: Path) -> "Reader":
    return Reader(tmp_path)


class Reader:
    """Reader of documents as files."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / "made.TextGrid"

    def __call__(self, made: Document, **options: bool) -> Textgrid:
        self._path.write_bytes(rendered(made, "textgrid", **options))
        return textgrid.openTextgrid(
            str(self._path), includeEmptyIntervals=False, reportingMode="error"
        )


def test_every_speaker_has_a_tier(read: Reader) -> None:
    found = read(meeting())
    assert found.tierNames == ("Anna Müller", "Ben Ode")
    assert found.maxTimestamp == 15.0
    assert [tuple(entry) for entry in found.getTier("Ben Ode").entries] == [
        (5.5, 9.0, "Yes, we decided to cut travel by ten percent."),
        (9.5, 12.0, "I'll send the new figures by Friday."),
    ]


def test_intervals_cover_the_recording() -> None:
    text = rendered(meeting(), "textgrid").decode()
    first = text.split("item [1]:")[1].split("item [2]:")[0]
    times = re.findall(r"intervals \[\d+\]:\s+xmin = ([\d.]+) \s+xmax = ([\d.]+) ", first)
    assert times[0][0] == "0.000"
    assert times[-1][1] == "15.000"
    assert all(end == start for (_, end), (start, _) in pairwise(times))


def test_words_have_tiers_of_their_own(read: Reader) -> None:
    found = read(meeting(), words=True)
    assert found.tierNames == (
        "Anna Müller", "Anna Müller - words", "Ben Ode", "Ben Ode - words",
    )  # fmt: skip
    said = [entry.label for entry in found.getTier("Ben Ode - words").entries]
    assert said == " ".join(one.text for one in meeting().segments[2:4]).split()


def test_speakers_who_talk_at_once_overlap(read: Reader) -> None:
    found = read(call())
    assert [tuple(entry)[:2] for entry in found.getTier("Ben").entries] == [(2.0, 4.0)]
    assert [tuple(entry)[:2] for entry in found.getTier("Anna").entries] == [(0, 6), (6.5, 8)]


def test_hostile_text_is_only_text(read: Reader) -> None:
    found = read(hostile())
    assert len(found.tierNames) == 2
    (entry,) = found.tiers[0].entries
    assert '<script>alert("1")</script>' in entry.label
    assert not re.search(r"[\x00-\x1f\u202e\ufffe]", entry.label + found.tierNames[0])


@pytest.mark.parametrize("language", SCRIPTS)
def test_every_script_is_read_back(read: Reader, language: str) -> None:
    name, sentence = SCRIPTS[language]
    found = read(in_script(language), words=True)
    assert [entry.label for entry in found.getTier(name).entries] == [sentence] * 3
    words = [entry.label for entry in found.getTier(f"{name} - words").entries]
    assert "".join(words) == "".join(sentence.split()) * 3


def test_equal_names_have_tiers_apart(read: Reader) -> None:
    made = document(
        [segment(0, "x", "one", 0, 1), segment(1, "y", "two", 0, 1)],
        names={"x": "Ann", "y": "Ann"},
    )
    assert read(made).tierNames == ("Ann", "Ann (2)")


def test_an_empty_transcript_has_an_empty_tier(read: Reader) -> None:
    assert read(document([])).tierNames == ("Transcript",)


@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.floats(0, 9), st.floats(0, 4), st.floats(-1, 1)),
        max_size=9,
    )
)
def test_intervals_of_a_tier_never_overlap(drawn: list[tuple[str, float, float, float]]) -> None:
    said = []
    for number, (label, start, duration, shift) in enumerate(drawn):
        one = segment(number, label, f"n{number} m{number}", start, start + duration)
        moved = tuple(replace(word, start=word.start + shift) for word in one.words)
        said.append(replace(one, words=moved))
    for tier in tiers(document(said)):
        words = [word for passage in tier.passages for word in passage.words]
        for intervals in (tier.passages, words):
            assert all(one.start < one.end for one in intervals)
            assert all(one.end <= other.start for one, other in pairwise(intervals))
        for passage in tier.passages:
            assert " ".join(word.text for word in passage.words) == passage.text
            assert passage.words[0].start >= passage.start
            assert passage.words[-1].end <= passage.end
        own = [f"n{one.index}" for one in said if one.speaker_label == tier.label]
        assert sorted(" ".join(one.text for one in tier.passages).split()[::2]) == sorted(own)
