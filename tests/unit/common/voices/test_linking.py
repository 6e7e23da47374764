from dataclasses import replace

import numpy as np
import pytest

from common.voices.linking import LocalSpeaker, link
from common.voices.values import FloatArray

DIMENSION = 16


def voice(person: int, *, like: float = 0.95, seed: int = 0) -> FloatArray:
    """Return a unit vector with a cosine of about `like` to the person's own direction."""
    rng = np.random.default_rng((person, seed))
    own = np.eye(DIMENSION)[person]
    other = rng.standard_normal(DIMENSION)
    other[:8] = 0.0  # Persons are reports apart by the first dimensions.
    other /= np.linalg.norm(other)
    mixed: FloatArray = (like * own + np.sqrt(1 - like**2) * other).astype(np.float32)
    return mixed


def speaker(
    window: int, person: int | None, *, seconds: float = 30.0, like: float = 0.95
) -> LocalSpeaker:
    return LocalSpeaker(
        piece=window,
        label=f"{window}-{person}",
        vector=None if person is None else voice(person, like=like, seed=window),
        seconds=seconds,
    )


def test_speakers_of_one_window_stay_apart_however_similar() -> None:
    vector = voice(0)
    twins = [LocalSpeaker(piece=0, label=name, vector=vector, seconds=30.0) for name in "ab"]
    assert link(twins, threshold=0.65) == [0, 1]


def test_same_voices_are_linked_in_every_window() -> None:
    speakers = [speaker(w, p) for w in range(5) for p in ((0, 1, 2) if w % 2 else (2, 0, 1))]
    persons = link(speakers, threshold=0.65)
    truth = [int(s.label.split("-")[1]) for s in speakers]
    assert len(set(zip(truth, persons, strict=True))) == 3
    assert persons[:3] == [0, 1, 2]


def test_new_voices_become_new_persons() -> None:
    speakers = [speaker(0, 0), speaker(0, 1), speaker(1, 1), speaker(1, 3), speaker(2, 4)]
    assert link(speakers, threshold=0.65) == [0, 1, 1, 2, 3]


def test_different_voices_are_joined_only_above_the_maximum() -> None:
    speakers = [speaker(0, 0), speaker(1, 1), speaker(2, 2)]
    assert len(set(link(speakers, threshold=0.65))) == 3
    assert len(set(link(speakers, threshold=0.65, most=2))) == 2
    assert len(set(link(speakers, threshold=0.65, most=1))) == 1


def test_speakers_of_one_window_are_not_joined_even_above_the_maximum() -> None:
    speakers = [speaker(0, 0), speaker(0, 1), speaker(0, 2)]
    assert len(set(link(speakers, threshold=0.65, most=2))) == 3


def test_minimum_of_speakers_remains() -> None:
    speakers = [speaker(window, 0) for window in range(4)]
    assert len(set(link(speakers, threshold=0.65))) == 1
    assert len(set(link(speakers, threshold=0.65, fewest=2))) == 2


def test_voice_from_little_speech_is_joined_although_less_similar() -> None:
    solid = [speaker(0, 0), speaker(0, 1)]
    weak = speaker(1, 0, seconds=1.5, like=0.6)
    assert link([*solid, weak], threshold=0.65) == [0, 1, 0]
    strong = speaker(1, 0, seconds=30.0, like=0.6)
    assert link([*solid, strong], threshold=0.65) == [0, 1, 2]


def test_a_speaker_without_a_voice_stays_alone_unless_there_are_too_many() -> None:
    speakers = [speaker(0, 0), speaker(1, 0), speaker(1, None, seconds=0.0)]
    assert link(speakers, threshold=0.65) == [0, 0, 1]
    assert link([*speakers[:2], speaker(2, None, seconds=0.0)], threshold=0.65, most=1) == [0, 0, 0]


def test_no_speakers_give_no_persons() -> None:
    assert link([], threshold=0.65) == []


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_windows_changes_numbers_but_not_persons(seed: int) -> None:
    speakers = [speaker(w, p) for w in range(4) for p in range(4)]
    shuffled = [speakers[i] for i in np.random.default_rng(seed).permutation(len(speakers))]
    persons = link(shuffled, threshold=0.65)
    truth = [s.label.split("-")[1] for s in shuffled]
    assert len(set(zip(truth, persons, strict=True))) == 4


def test_weak_voices_of_the_same_speech_are_joined() -> None:
    speakers = [speaker(0, 0), speaker(0, 1), speaker(1, 2, seconds=2.0), speaker(1, 1)]
    assert link(speakers, threshold=0.65) == [0, 1, 2, 1]
    assert link(speakers, threshold=0.65, same=[(0, 2)]) == [0, 1, 0, 1]
    silent = [speaker(0, 0), speaker(1, None, seconds=0.0)]
    assert link(silent, threshold=0.65) == [0, 1]
    assert link(silent, threshold=0.65, same=[(0, 1)]) == [0, 0]
    assert link(silent, threshold=0.65, same=[(0, 1)], fewest=2) == [0, 1]


def test_voices_from_much_speech_decide_against_the_same_speech() -> None:
    speakers = [speaker(0, 0), speaker(0, 1), speaker(1, 1), speaker(1, 2)]
    assert link(speakers, threshold=0.65, same=[(0, 2), (0, 3)]) == [0, 1, 1, 2]


def test_the_same_speech_excludes_others_of_its_pieces() -> None:
    # By its voice, the last would be the first.
    speakers = [speaker(0, 0, seconds=3.0), speaker(1, 1), speaker(1, 0, seconds=3.0)]
    assert link(speakers, threshold=0.65) == [0, 1, 0]
    assert link(speakers, threshold=0.65, same=[(0, 1), (0, 2)]) == [0, 0, 1]


def test_weak_voices_of_the_same_speech_are_stronger_together() -> None:
    weak = [speaker(piece, 0, seconds=3.0, like=0.6) for piece in (0, 1)]
    last = speaker(2, 0, like=0.9)
    assert link([*weak, last], threshold=0.7) == [0, 1, 0]
    assert link([*weak, last], threshold=0.7, same=[(0, 1)]) == [0, 0, 0]


def test_twins_of_one_piece_are_joined_if_their_voices_are_surely_alike() -> None:
    split = [speaker(0, 0), replace(speaker(0, 0), vector=voice(0, seed=7))]
    assert link(split, threshold=0.65) == [0, 1]
    assert link(split, threshold=0.65, twins=0.75) == [0, 0]
    alike = replace(split[1], vector=voice(0, like=0.7, seed=7))
    assert link([split[0], alike], threshold=0.65, twins=0.75) == [0, 1]


def test_weak_voice_may_be_that_of_another_in_its_piece() -> None:
    weak = replace(speaker(0, 0, seconds=1.5), vector=voice(0, like=0.65, seed=7))
    other = speaker(0, 1)
    assert link([speaker(0, 0), other, weak], threshold=0.65) == [0, 1, 2]
    assert link([speaker(0, 0), other, weak], threshold=0.65, twins=0.75) == [0, 1, 0]
    stranger = replace(weak, vector=voice(2))
    assert link([speaker(0, 0), other, stranger], threshold=0.65, twins=0.75) == [0, 1, 2]


def test_different_voices_of_one_piece_stay_apart_above_the_maximum() -> None:
    speakers = [speaker(0, 0), speaker(0, 1), speaker(0, 2)]
    assert link(speakers, threshold=0.65, most=2, twins=0.75) == [0, 1, 2]
