"""Speakers joined until no more remain than were requested."""

import pytest

from diarizer.persons import at_most
from tests.unit.diarizer.results import diarization, voiceprint

ADA, ADA_TOO = voiceprint(1.0, 0.0, 0.0), voiceprint(1.0, 0.2, 0.0, seconds=1.0)
BOB, EVE = voiceprint(0.0, 1.0, 0.0), voiceprint(0.0, 0.3, 1.0)


def labels(found: object) -> dict[int, list[str]]:
    assert isinstance(found, dict)
    return {number: [speaker.label for speaker in one.speakers] for number, one in found.items()}


THREE = diarization(
    ("A", 0.0, 5.0),
    ("B", 5.0, 10.0),
    ("C", 10.0, 12.0),
    voices={"A": ADA, "B": BOB, "C": ADA_TOO},
)
ONE = diarization(("A", 0.0, 9.0), voices={"A": EVE})


def test_most_similar_speakers_are_joined() -> None:
    found = at_most({0: THREE, 1: ONE}, each=2, together=None)
    assert labels(found) == {0: ["A", "B"], 1: ["A"]}
    assert [(turn.speaker, turn.start, turn.end) for turn in found[0].turns] == [
        ("A", 0.0, 5.0),
        ("B", 5.0, 10.0),
        ("A", 10.0, 12.0),
    ]
    assert found[0].exclusive_turns == found[0].turns


def test_joined_speaker_has_the_speech_and_voice_of_both() -> None:
    person = at_most({0: THREE}, each=2, together=None)[0].speakers[0]
    assert person.speech_seconds == pytest.approx(7.0)
    assert person.voiceprint is not None
    assert person.voiceprint.speech_seconds == 6.0
    cosine = sum(
        one * other for one, other in zip(person.voiceprint.embedding, ADA.embedding, strict=True)
    )
    assert 0.99 < cosine < 1.0
    assert sum(value * value for value in person.voiceprint.embedding) == pytest.approx(1.0)


def test_speakers_of_all_signals_together_are_limited() -> None:
    four = {0: THREE, 1: ONE}
    assert labels(at_most(four, each=3, together=3)) == {0: ["A", "B"], 1: ["A"]}
    assert labels(at_most(four, each=3, together=4)) == labels(four)


def test_speakers_of_different_signals_are_never_joined() -> None:
    found = at_most({0: THREE, 1: ONE}, each=None, together=1)
    assert [len(speakers) for speakers in labels(found).values()] == [1, 1]


def test_speaker_without_a_voice_is_joined_last_and_the_shortest_first() -> None:
    silent = diarization(("A", 0.0, 5.0), ("B", 5.0, 9.0), ("C", 9.0, 10.0), voices={"A": ADA})
    assert labels(at_most({0: silent}, each=2, together=None)) == {0: ["A", "B"]}


def test_without_a_limit_nothing_changes() -> None:
    assert at_most({0: THREE}, each=None, together=None) == {0: THREE}


def test_touching_turns_of_a_joined_speaker_become_one() -> None:
    split = diarization(("A", 0.0, 5.0), ("B", 5.0, 9.0), voices={"A": ADA, "B": ADA_TOO})
    (turn,) = at_most({0: split}, each=1, together=None)[0].turns
    assert (turn.start, turn.end) == (0.0, 9.0)
