import numpy as np
import pytest

from common.voices.assembly import WindowDiarization, assemble
from common.voices.limits import SpeakerLimits
from common.voices.turns import speech_seconds
from common.voices.values import Timeline, Turn, Voice

_LIMITS = SpeakerLimits()


def turn(speaker: str, start: float, end: float) -> Turn:
    return Turn(start=start, end=end, speaker=speaker)


def voice(person: int, seconds: float = 20.0) -> Voice:
    return Voice(vector=np.eye(8, dtype=np.float32)[person], seconds=seconds)


def window(start: float, duration: float, *turns: Turn, **persons: int) -> WindowDiarization:
    return WindowDiarization(
        start=start,
        duration=duration,
        turns=turns,
        exclusive_turns=turns,
        voices={label: voice(person) for label, person in persons.items()},
    )


def put_together(*windows: WindowDiarization, limits: SpeakerLimits = _LIMITS) -> Timeline:
    return assemble(windows, limits, threshold=0.65)


def plain(turns: tuple[Turn, ...]) -> list[tuple[str, float, float]]:
    return [(turn.speaker, turn.start, turn.end) for turn in turns]


def test_turns_of_windows_are_shifted_and_speakers_linked() -> None:
    found = put_together(
        window(0.0, 100.0, turn("x", 1, 9), turn("y", 10, 20), x=0, y=1),
        window(100.0, 100.0, turn("x", 0, 5), turn("y", 6, 16), x=1, y=0),
    )
    assert plain(found.turns) == [
        ("SPEAKER_00", 1, 9),
        ("SPEAKER_01", 10, 20),
        ("SPEAKER_01", 100, 105),
        ("SPEAKER_00", 106, 116),
    ]
    assert found.exclusive_turns == found.turns
    assert found.voices["SPEAKER_00"].vector == pytest.approx(voice(0).vector)
    assert found.voices["SPEAKER_00"].seconds == pytest.approx(40.0)


def test_a_turn_over_the_seam_of_windows_is_one_turn() -> None:
    found = put_together(
        window(0.0, 50.0, turn("a", 40, 50), a=0), window(50.0, 50.0, turn("b", 0, 5), b=0)
    )
    assert plain(found.turns) == [("SPEAKER_00", 40, 55)]


def test_turns_stay_within_their_window() -> None:
    found = put_together(window(0.0, 50.0, turn("a", -0.02, 50.4), a=0))
    assert plain(found.turns) == [("SPEAKER_00", 0, 50)]


def test_speakers_are_labeled_by_first_appearance() -> None:
    found = put_together(window(0.0, 60.0, turn("z", 5, 15), turn("a", 20, 30), z=0, a=1))
    assert [speaker for speaker, _, _ in plain(found.turns)] == ["SPEAKER_00", "SPEAKER_01"]
    assert found.voices["SPEAKER_00"].vector == pytest.approx(voice(0).vector)


def test_speech_of_fragments_is_assigned_to_others() -> None:
    turns = (turn("a", 0, 10), turn("b", 30, 40), turn("c", 28, 29), turn("b", 29.2, 30))
    found = put_together(window(0.0, 60.0, *turns, a=0, b=1))
    assert plain(found.turns) == [
        ("SPEAKER_00", 0, 10),
        ("SPEAKER_01", 28, 29),
        ("SPEAKER_01", 29.2, 40),
    ]
    assert found.exclusive_turns == found.turns
    assert set(found.voices) == {"SPEAKER_00", "SPEAKER_01"}


def test_only_speaker_remains_with_little_speech() -> None:
    found = put_together(window(0.0, 5.0, turn("a", 0, 1)))
    assert plain(found.turns) == [("SPEAKER_00", 0, 1)]
    assert found.voices == {}


def test_silence_has_no_speakers() -> None:
    found = put_together(window(0.0, 100.0))
    assert (found.turns, found.exclusive_turns, found.voices) == ((), (), {})
    assert put_together().turns == ()


def test_no_more_speakers_than_allowed() -> None:
    windows = [
        window(60.0 * n, 60.0, turn("a", 0, 10), turn("b", 20, 30), a=2 * n, b=2 * n + 1)
        for n in range(3)
    ]
    assert len(speech_seconds(put_together(*windows).turns)) == 6
    limits = SpeakerLimits(most=3)
    assert len(speech_seconds(put_together(*windows, limits=limits).turns)) == 3


def test_exclusive_turns_are_not_joined_across_another_turn() -> None:
    turns = (turn("a", 0, 10), turn("b", 10, 10.03), turn("a", 10.03, 20), turn("b", 30, 40))
    found = put_together(window(0.0, 60.0, *turns, a=0, b=1))
    ends = [(turn.start, turn.end) for turn in found.exclusive_turns]
    assert ends == [(0, 10), (10, 10.03), (10.03, 20), (30, 40)]
    assert plain(found.turns)[0] == ("SPEAKER_00", 0, 20)
