import numpy as np
import pytest

from diarizer.engines.fragments import absorb, speech_seconds
from diarizer.engines.protocol import DiarizationOptions, Turn
from diarizer.engines.voiceprints import VoiceEmbedding


def turn(speaker: str, start: float, end: float) -> Turn:
    return Turn(start=start, end=end, speaker=speaker)


def voice(*direction: float) -> VoiceEmbedding:
    vector = np.array(direction, dtype=np.float32)
    return VoiceEmbedding(vector=vector / np.linalg.norm(vector), seconds=5.0)


ANNA, BEN = voice(1, 0, 0), voice(0, 1, 0)
TALK = [turn("anna", 0, 60), turn("ben", 60, 120)]


def heirs(
    *turns: Turn, options: DiarizationOptions | None = None, **voices: VoiceEmbedding
) -> dict[str, str]:
    known = {"anna": ANNA, "ben": BEN, **voices}
    return absorb([*TALK, *turns], known, options or DiarizationOptions(), alike=0.75)


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
    assert heirs(fragment, options=DiarizationOptions(num_speakers=3)) == {}
    assert heirs(fragment, options=DiarizationOptions(min_speakers=3)) == {}
    two = heirs(fragment, turn("y", 70, 71.5), options=DiarizationOptions(min_speakers=3))
    assert set(two) == {"x"}


def test_length_of_fragments_is_an_option() -> None:
    fragment = turn("x", 58, 59)
    assert heirs(fragment, options=DiarizationOptions(min_speaker_duration=0.5)) == {}


def test_fragments_of_fragments_are_merged_into_a_speaker() -> None:
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
