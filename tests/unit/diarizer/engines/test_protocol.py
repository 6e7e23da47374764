from dataclasses import replace
from typing import Any

import pytest

from common.voices.limits import SpeakerLimits
from diarizer.engines.protocol import Diarization, DiarizationOptions, Turn


@pytest.mark.parametrize(
    "wrong",
    [
        {"num_speakers": 0},
        {"min_speakers": 0},
        {"min_speakers": 5, "max_speakers": 4},
        {"min_speaker_duration": -1.0},
    ],
)
def test_contradicting_options_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="speaker"):
        DiarizationOptions(**wrong)


def test_a_known_number_of_speakers_is_both_bounds() -> None:
    known = DiarizationOptions(num_speakers=3)
    assert (known.fewest, known.most) == (3, 3)
    unknown = DiarizationOptions(min_speakers=2, max_speakers=6)
    assert (unknown.fewest, unknown.most) == (2, 6)


def test_numbers_are_not_enforced_in_a_part() -> None:
    options = DiarizationOptions(num_speakers=3, min_speaker_duration=1.5)
    assert options.limits == SpeakerLimits(fewest=3, most=3, least_speech=1.5)
    part = replace(options, part=True)
    assert part.limits == SpeakerLimits(fewest=1, most=None, least_speech=0.0)


def test_the_real_time_factor_is_processing_by_length() -> None:
    def diarization(duration: float) -> Diarization:
        return Diarization(
            turns=(),
            exclusive_turns=(),
            speakers=(),
            duration=duration,
            processing_seconds=5.0,
            model="m",
            model_version="1",
        )

    assert diarization(20.0).real_time_factor == pytest.approx(0.25)
    assert diarization(0.0).real_time_factor == 0.0
    assert Turn(start=1.0, end=2.5, speaker="a").duration == pytest.approx(1.5)
