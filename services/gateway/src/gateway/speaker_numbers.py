"""Requested numbers of speakers in the JSON API."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from common.errors import ValidationError
from securetranscribe.v1 import diarization_pb2

MOST_SPEAKERS = 50
SpeakerNumber = Annotated[int, Field(ge=0, le=MOST_SPEAKERS)]

EXACT = "Exact number of speakers in the recording, if it is known. 0 finds it out."
LEAST = "Least number of speakers. 0 is no bound."
GREATEST = "Greatest number of speakers. 0 is the default of the deployment."


@dataclass(frozen=True, kw_only=True, slots=True)
class SpeakerNumbers:
    """Numbers of speakers named by a request. None is not named, and 0 is unknown."""

    exact: int | None = None
    least: int | None = None
    greatest: int | None = None

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises:
            ValidationError: one is out of range, or they contradict each other.
        """
        for field, value in (
            ("num_speakers", self.exact),
            ("min_speakers", self.least),
            ("max_speakers", self.greatest),
        ):
            if value is not None and not 0 <= value <= MOST_SPEAKERS:
                raise ValidationError.of(field, f"Use a whole number from 0 to {MOST_SPEAKERS}.")
        least, greatest = self.least or 0, self.greatest or MOST_SPEAKERS
        if least > greatest:
            raise ValidationError.of("min_speakers", "min_speakers must not exceed max_speakers.")
        if self.exact and not least <= self.exact <= greatest:
            raise ValidationError.of(
                "num_speakers",
                "num_speakers contradicts min_speakers or max_speakers. Send num_speakers alone "
                "if the number is known.",
            )

    def config(self) -> diarization_pb2.DiarizationConfig | None:
        """Return the options of diarization, None if the request names no number."""
        if self.exact is self.least is self.greatest is None:
            return None
        return diarization_pb2.DiarizationConfig(
            speaker_count=self.exact or 0,
            min_speaker_count=self.least or 0,
            max_speaker_count=self.greatest or 0,
        )
