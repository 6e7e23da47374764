"""Speakers who are echoes of another signal."""

import numpy as np
import numpy.typing as npt
import pytest

from common.audio.envelope import Envelope
from diarizer.echoes import EchoSpeakers, without_speakers
from diarizer.engines.protocol import Diarization
from tests.unit.diarizer.results import diarization

Levels = npt.NDArray[np.float64]
_NOISE = -70.0


def speech(start: float, end: float, *, seed: int, seconds: float = 40.0) -> Levels:
    """Return levels that rise and fall like syllables from one moment to another."""
    random = np.random.default_rng(seed)
    levels = np.full(round(seconds * 100), _NOISE)
    size = round((end - start) * 100)
    syllables = np.repeat(random.uniform(-50, -15, size // 15 + 1), 15)[:size]
    levels[round(start * 100) : round(start * 100) + size] = syllables
    return levels


def echo(levels: Levels, *, delay: float = 0.1, loss: float = 20.0) -> Levels:
    return np.roll(levels, round(delay * 100)) - loss


def echoes(found: dict[int, Diarization], *signals: Levels) -> dict[int, set[str]]:
    speakers = EchoSpeakers(
        found, lambda number: Envelope(levels=np.round(signals[number]).astype(np.int8))
    )
    return {number: speakers.labels_in(number) for number in found}


ADA = speech(1.0, 12.0, seed=1)
BOB = speech(15.0, 25.0, seed=2)


@pytest.mark.parametrize("delay", [0.0, 0.1, 0.4])
@pytest.mark.parametrize("loss", [6.0, 20.0, 35.0])
def test_echo_of_another_signal_is_no_speaker(delay: float, loss: float) -> None:
    second = np.maximum(BOB, echo(ADA, delay=delay, loss=loss))
    found = {
        0: diarization(("A", 1.0, 12.0)),
        1: diarization(("A", 1.0 + delay, 12.0 + delay), ("B", 15.0, 25.0)),
    }
    assert echoes(found, ADA, second) == {0: set(), 1: {"A"}}


def test_listener_has_no_speaker() -> None:
    found = {0: diarization(("A", 1.0, 12.0)), 1: diarization(("A", 1.1, 12.1))}
    assert echoes(found, ADA, echo(ADA)) == {0: set(), 1: {"A"}}


def test_people_who_speak_at_once_are_no_echoes() -> None:
    other = speech(1.0, 12.0, seed=3) - 12
    found = {0: diarization(("A", 1.0, 12.0)), 1: diarization(("A", 1.0, 12.0))}
    assert echoes(found, ADA, other) == {0: set(), 1: set()}


def test_speaker_with_an_echo_beneath_is_kept() -> None:
    loud = speech(1.0, 12.0, seed=3)
    second = np.maximum(loud, echo(ADA))
    found = {0: diarization(("A", 1.0, 12.0)), 1: diarization(("A", 1.0, 12.0))}
    assert echoes(found, ADA, second) == {0: set(), 1: set()}


def test_signals_without_speech_at_once_are_not_read() -> None:
    def unread(number: int) -> Envelope:
        raise AssertionError(number)

    found = {
        0: diarization(("A", 1.0, 12.0)),
        1: diarization(("A", 15.0, 25.0)),
        2: diarization(),
    }
    speakers = EchoSpeakers(found, unread)
    assert [speakers.labels_in(number) for number in found] == [set(), set(), set()]


def test_echo_is_found_late_in_a_long_recording() -> None:
    ada = speech(600.0, 640.0, seed=1, seconds=700.0)
    bob = speech(100.0, 130.0, seed=2, seconds=700.0)
    found = {
        0: diarization(("A", 600.0, 640.0)),
        1: diarization(("B", 100.0, 130.0), ("A", 600.1, 640.1)),
    }
    assert echoes(found, ada, np.maximum(bob, echo(ada))) == {0: set(), 1: {"A"}}


def test_turns_leave_with_their_speaker() -> None:
    found = without_speakers(diarization(("A", 0.0, 5.0), ("B", 2.0, 9.0)), {"A"})
    assert [speaker.label for speaker in found.speakers] == ["B"]
    assert [turn.speaker for turn in (*found.turns, *found.exclusive_turns)] == ["B", "B"]
