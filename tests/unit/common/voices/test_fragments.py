import numpy as np

from common.voices.fragments import absorb
from common.voices.limits import SpeakerLimits
from common.voices.values import Turn, Voice


def turn(speaker: str, start: float, end: float) -> Turn:
    return Turn(start=start, end=end, speaker=speaker)


def voice(*direction: float) -> Voice:
    vector = np.array(direction, dtype=np.float32)
    return Voice(vector=vector / np.linalg.norm(vector), seconds=5.0)


_LIMITS = SpeakerLimits()
ANNA, BEN = voice(1, 0, 0), voice(0, 1, 0)
TALK = [turn("anna", 0, 60), turn("ben", 60, 120)]


def heirs(*turns: Turn, limits: SpeakerLimits = _LIMITS, **voices: Voice) -> dict[str, str]:
    known = {"anna": ANNA, "ben": BEN, **voices}
    return absorb([*TALK, *turns], known, limits, alike=0.75)


def test_fragment_is_merged_into_the_most_similar_voice() -> None:
    assert heirs(turn("x", 58, 59), x=voice(0.2, 0.9, 0.3)) == {"x": "ben"}


def test_fragment_without_a_voice_is_merged_into_the_nearest_speaker() -> None:
    assert heirs(turn("x", 119.5, 120.5)) == {"x": "ben"}
    assert heirs(turn("x", 1, 2)) == {"x": "anna"}


def test_little_speech_in_a_known_voice_is_not_another_person() -> None:
    assert heirs(turn("x", 130, 136), x=voice(0.9, 0.3, 0.3)) == {"x": "anna"}


def test_little_speech_in_another_voice_is_another_person() -> None:
    assert heirs(turn("x", 130, 136), x=voice(0.6, 0.2, 0.8)) == {}


def test_much_speech_is_another_person_however_similar() -> None:
    assert heirs(turn("x", 130, 170), x=voice(0.98, 0.1, 0.1)) == {}


def test_requested_number_of_speakers_remains() -> None:
    fragment = turn("x", 58, 59)
    assert heirs(fragment, limits=SpeakerLimits(fewest=3, most=3)) == {}
    assert heirs(fragment, limits=SpeakerLimits(fewest=3)) == {}
    two = heirs(fragment, turn("y", 70, 71.5), limits=SpeakerLimits(fewest=3))
    assert set(two) == {"x"}


def test_length_of_fragments_can_be_chosen() -> None:
    fragment = turn("x", 58, 59)
    assert heirs(fragment, limits=SpeakerLimits(least_speech=0.5)) == {}


def test_fragments_of_fragments_are_merged_into_a_speaker() -> None:
    found = heirs(
        turn("x", 130, 131), turn("y", 131, 132.5), x=voice(0, 0.5, 0.8), y=voice(0, 0.55, 0.8)
    )
    assert found == {"x": "ben", "y": "ben"}


def test_the_only_speaker_is_never_a_fragment() -> None:
    assert absorb([turn("x", 0, 1)], {}, SpeakerLimits(), alike=0.75) == {}
