"""Requested numbers of speakers."""

from typing import Any

import pytest

from common.errors import ValidationError
from gateway.speaker_numbers import MOST_SPEAKERS, SpeakerNumbers
from securetranscribe.v1 import diarization_pb2


@pytest.mark.parametrize(
    ("numbers", "field"),
    [
        ({"exact": -1}, "num_speakers"),
        ({"least": MOST_SPEAKERS + 1}, "min_speakers"),
        ({"greatest": MOST_SPEAKERS + 1}, "max_speakers"),
        ({"least": 3, "greatest": 2}, "min_speakers"),
        ({"exact": 4, "greatest": 3}, "num_speakers"),
        ({"exact": 1, "least": 2}, "num_speakers"),
    ],
)
def test_impossible_numbers_name_their_field(numbers: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        SpeakerNumbers(**numbers)
    assert caught.value.details == {"field": field}


def test_zero_is_unknown_and_no_bound() -> None:
    numbers = SpeakerNumbers(exact=0, least=2, greatest=0)
    assert numbers.config() == diarization_pb2.DiarizationConfig(min_speaker_count=2)
    assert SpeakerNumbers(exact=0).config() == diarization_pb2.DiarizationConfig()
    assert SpeakerNumbers().config() is None


def test_bounds_that_agree_with_the_exact_number_are_accepted() -> None:
    config = SpeakerNumbers(exact=2, least=1, greatest=2).config()
    assert config is not None
    assert (config.speaker_count, config.min_speaker_count, config.max_speaker_count) == (2, 1, 2)
