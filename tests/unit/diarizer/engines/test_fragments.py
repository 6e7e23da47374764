import numpy as np
import pytest

from diarizer.engines.fragments import absorb, speech_seconds
from diarizer.engines.protocol import DiarizationOptions, Turn
from diarizer.engines.voiceprints import Voice


def turn(speaker: str, start: float, end: float) -> Turn:
    return Turn(start=start, end=end, speaker=speaker)


def voice(*direction: float) -> Voice:
    vector = np.array(direction, dtype=np.float32)
    return Voice(vector=vector / np.linalg.norm(vector), seconds=5.0)


ANNA, BEN = voice(1, 0, 0), voice(0, 1, 0)
TALK = [turn("anna", 0, 60), turn("ben", 60, 120)]


def heirs(
    *turns: Turn, options: DiarizationOptions | None = None, **voices: Voice
) -> dict[str, str]:
    known = {"anna": ANNA, "ben": BEN, **voices}
    return absorb([*TALK, *turns], known, options or DiarizationOptions(), alike=0.75)


def test_who_hardly_speaks_goes_to_the_most_similar_voice() -> None:
    assert heirs(turn("x", 58, 59), x=voice(0.2, 0.9, 0.3)) == {"x": "ben"}


def test_without_a_voice_it_goes_to_who_speaks_nearest() -> None:
    assert heirs(turn("x", 119.5, 120.5)) == {"x": "ben"}
    assert heirs(turn("x", 1, 2)) == {"x": "anna"}


def test_a_little_speech_in_a_voice_that_is_there_already_is_no_other_person() -> None:
    assert heirs(turn("x", 130, 136), x=voice(0.9, 0.3, 0.3)) == {"x": "anna"}


def test_a_little_speech_in_a_voice_of_its_own_is_another_person() -> None:
    assert heirs(turn("x", 130, 136), x=voice(0.6, 0.2, 0.8)) == {}


def test_who_speaks_long_is_another_person_however_alike() -> None:
    assert heirs(turn("x", 130, 170), x=voice(0.98, 0.1, 0.1)) == {}


def test_as_many_speakers_stay_as_are_wanted() -> None:
    fragment = turn("x", 58, 59)
    assert heirs(fragment, options=DiarizationOptions(num_speakers=3)) == {}
    assert heirs(fragment, options=DiarizationOptions(min_speakers=3)) == {}
    two = heirs(fragment, turn("y", 70, 71.5), options=DiarizationOptions(min_speakers=3))
    assert set(two) == {"x"}


def test_how_little_is_a_fragment_can_be_set() -> None:
    fragment = turn("x", 58, 59)
    assert heirs(fragment, options=DiarizationOptions(min_speaker_duration=0.5)) == {}


def test_fragments_of_fragments_go_to_a_real_speaker() -> None:
    found = heirs(
        turn("x", 130, 131), turn("y", 131, 132.5), x=voice(0, 0.5, 0.8), y=voice(0, 0.55, 0.8)
    )
    assert found == {"x": "ben", "y": "ben"}


def test_the_only_speaker_is_never_a_fragment() -> None:
    assert absorb([turn("x", 0, 1)], {}, DiarizationOptions(), alike=0.75) == {}


def test_speech_is_summed_by_speaker() -> None:
    turns = [turn("b", 0, 1), turn("a", 1, 3), turn("b", 5, 6)]
    assert speech_seconds(turns) == pytest.approx({"b": 2, "a": 2})
    assert list(speech_seconds(turns)) == ["b", "a"]
