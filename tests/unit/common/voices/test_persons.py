"""Speakers joined until no more remain than were requested."""

import numpy as np
import pytest

from common.voices.persons import at_most
from common.voices.turns import labels
from common.voices.values import Timeline, Turn, Voice


def voice(*values: float, seconds: float = 5.0) -> Voice:
    vector = np.array(values, dtype=np.float32)
    return Voice(vector=vector / np.linalg.norm(vector), seconds=seconds)


def timeline(*turns: tuple[str, float, float], **voices: Voice) -> Timeline:
    said = tuple(Turn(start=start, end=end, speaker=label) for label, start, end in turns)
    return Timeline(turns=said, exclusive_turns=said, voices=voices)


THREE = timeline(
    ("a", 0, 5),
    ("b", 5, 10),
    ("c", 10, 12),
    a=voice(1, 0, 0),
    b=voice(0, 1, 0),
    c=voice(1, 0.2, 0, seconds=1.0),
)
ONE = timeline(("a", 0, 9), a=voice(0, 0.3, 1))


def test_most_similar_speakers_are_joined() -> None:
    found = at_most({0: THREE, 1: ONE}, each=2, together=None)
    assert [(turn.speaker, turn.start) for turn in found[0].turns] == [
        ("a", 0),
        ("b", 5),
        ("a", 10),
    ]
    assert found[0].voices["a"].seconds == 6.0
    assert found[0].voices["a"].vector @ THREE.voices["a"].vector == pytest.approx(0.999, abs=1e-2)
    assert set(found[0].voices) == {"a", "b"}
    assert found[1] is ONE


def test_speakers_of_all_signals_together_are_limited() -> None:
    found = at_most({0: THREE, 1: ONE}, each=3, together=3)
    assert [labels(one.turns) for one in found.values()] == [["a", "b"], ["a"]]
    found = at_most({0: THREE, 1: ONE}, each=None, together=1)
    assert [labels(one.turns) for one in found.values()] == [["a"], ["a"]]


def test_speaker_without_a_voice_is_joined_last() -> None:
    silent = timeline(("a", 0, 5), ("b", 5, 9), ("c", 9, 10), a=voice(1, 0), b=voice(1, 0.1))
    assert labels(at_most({0: silent}, each=2, together=None)[0].turns) == ["a", "c"]
    assert labels(at_most({0: silent}, each=1, together=None)[0].turns) == ["a"]
