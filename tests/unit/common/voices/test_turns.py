import numpy as np
import pytest

from common.voices.turns import (
    clean_stretches,
    join_turns,
    labels,
    longest,
    renamed,
    speech_seconds,
)
from common.voices.values import Turn


def turn(speaker: str, start: float, end: float) -> Turn:
    return Turn(start=start, end=end, speaker=speaker)


def plain(turns: tuple[Turn, ...]) -> list[tuple[str, float, float]]:
    return [(turn.speaker, turn.start, turn.end) for turn in turns]


def test_joined_turns_are_merged_and_ordered() -> None:
    joined = join_turns(
        [turn("b", 3, 4), turn("a", 0, 2), turn("a", 1, 3), turn("a", 3.04, 5), turn("a", 7, 7)]
    )
    assert plain(tuple(joined)) == [("a", 0, 5), ("b", 3, 4)]


def test_speakers_are_renamed_and_ordered_by_first_appearance() -> None:
    turns = [turn("b", 5, 6), turn("a", 1, 2), turn("b", 0, 1)]
    assert labels(turns) == ["b", "a"]
    assert plain(renamed(turns, {"b": "c"})) == [("c", 5, 6), ("a", 1, 2), ("c", 0, 1)]


def test_longest_stretches_come_first() -> None:
    stretches = [(float(n), n + length) for n, length in enumerate((0.3, 0.9, 0.5, 0.7, 0.4, 0.6))]
    assert [start for start, _ in longest(stretches)] == [1, 3, 5, 2, 4]


def test_speech_is_clean_where_one_person_speaks() -> None:
    turns = [turn("a", 0, 5), turn("b", 4, 8), turn("a", 7, 7.5), turn("a", 10, 12)]
    clean = clean_stretches(turns)
    assert np.array(clean["a"]) == pytest.approx(np.array([(0.05, 3.95), (10.05, 11.95)]))
    assert np.array(clean["b"]) == pytest.approx(np.array([(5.05, 6.95), (7.55, 7.95)]))


def test_speaker_who_is_never_alone_has_no_clean_speech() -> None:
    assert set(clean_stretches([turn("a", 0, 9), turn("b", 2, 4)])) == {"a"}
    assert clean_stretches([]) == {}


def test_adjacent_turns_of_one_speaker_are_one_stretch() -> None:
    (stretch,) = clean_stretches([turn("a", 0, 2), turn("a", 2, 4)])["a"]
    assert stretch == pytest.approx((0.05, 3.95))


def test_speech_is_summed_by_speaker() -> None:
    turns = [turn("b", 0, 1), turn("a", 1, 3), turn("b", 5, 6)]
    assert speech_seconds(turns) == pytest.approx({"b": 2, "a": 2})
    assert list(speech_seconds(turns)) == ["b", "a"]
