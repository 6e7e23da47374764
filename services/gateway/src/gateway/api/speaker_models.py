"""Request and response models of the speaker endpoints."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field

from common import times
from gateway.api.parameters import JsonBody, Name, SpokenLanguage, Text
from gateway.web.envelope import ApiModel, Moment
from securetranscribe.v1 import speaker_pb2

ConfidenceWord = Literal["very_low", "low", "medium", "high"]
_LEVELS: dict[int, ConfidenceWord] = {
    speaker_pb2.CONFIDENCE_LEVEL_UNSPECIFIED: "very_low",
    speaker_pb2.CONFIDENCE_LEVEL_VERY_LOW: "very_low",
    speaker_pb2.CONFIDENCE_LEVEL_LOW: "low",
    speaker_pb2.CONFIDENCE_LEVEL_MEDIUM: "medium",
    speaker_pb2.CONFIDENCE_LEVEL_HIGH: "high",
}
# Lower bound of each level, as documented in the contract.
_BOUNDS: tuple[tuple[float, ConfidenceWord], ...] = ((0.8, "high"), (0.6, "medium"), (0.4, "low"))
ShortLabel = Annotated[Text, Field(max_length=32)]
Accent = Annotated[Text, Field(max_length=64)]
Description = Annotated[Text, Field(max_length=2000)]
Query = Annotated[Text, Field(min_length=1, max_length=255), AfterValidator(str.strip)]


def confidence_word(confidence: float) -> ConfidenceWord:
    """Return the confidence level of a probability (0 to 1)."""
    return next((word for bound, word in _BOUNDS if confidence >= bound), "very_low")


class SpeakerData(ApiModel):
    """A speaker profile."""

    id: int
    name: str
    display_name: str
    gender: str | None
    age_range: str | None
    language: str | None
    accent: str | None
    confidence_score: float
    confidence_level: ConfidenceWord
    is_verified: bool
    is_active: bool
    sample_count: int
    has_voice_data: bool
    created_at: Moment
    updated_at: Moment
    description: str | None

    @classmethod
    def of(cls, speaker: speaker_pb2.Speaker) -> Self:
        """Convert a profile."""
        return cls(
            id=speaker.speaker_id,
            name=speaker.name,
            display_name=speaker.display_name or speaker.name,
            gender=speaker.gender or None,
            age_range=speaker.age_range or None,
            language=speaker.language or None,
            accent=speaker.accent or None,
            confidence_score=speaker.confidence,
            confidence_level=_LEVELS[speaker.confidence_level],
            is_verified=speaker.verified,
            is_active=speaker.active,
            sample_count=speaker.sample_count,
            has_voice_data=speaker.has_voice_data,
            created_at=times.moment(speaker.create_time),
            updated_at=times.moment(speaker.update_time),
            description=speaker.description or None,
        )


class SpeakerBody(JsonBody):
    """A new speaker profile."""

    name: Name
    gender: ShortLabel | None = None
    age_range: ShortLabel | None = None
    language: SpokenLanguage | None = None
    accent: Accent | None = None
    description: Description | None = None

    def request(self) -> speaker_pb2.CreateSpeakerRequest:
        """Return the request message."""
        return speaker_pb2.CreateSpeakerRequest(
            name=self.name,
            gender=self.gender or "",
            age_range=self.age_range or "",
            language=self.language or "",
            accent=self.accent or "",
            description=self.description or "",
        )


class SpeakerChange(JsonBody):
    """Changes to a profile. Absent fields stay unchanged, and null clears a field."""

    name: Name | None = None
    gender: ShortLabel | None = None
    age_range: ShortLabel | None = None
    language: SpokenLanguage | None = None
    accent: Accent | None = None
    description: Description | None = None
    is_verified: bool | None = None
    is_active: bool | None = None

    def request(self, speaker_id: int) -> speaker_pb2.UpdateSpeakerRequest:
        """Return the request message."""
        return speaker_pb2.UpdateSpeakerRequest(
            speaker_id=speaker_id,
            name=self.name,
            gender=self._label("gender"),
            age_range=self._label("age_range"),
            language=self._label("language"),
            accent=self._label("accent"),
            description=self._label("description"),
            verified=self.is_verified,
            active=self.is_active,
        )

    def _label(self, field: str) -> str | None:
        if field not in self.model_fields_set:
            return None
        value: str | None = getattr(self, field)
        return value or ""


class SpeakerReference(ApiModel):
    """Identity of a profile."""

    id: int
    name: str
    display_name: str


class ConfidenceDistribution(ApiModel):
    """Number of decisions per confidence level."""

    high: int
    medium: int
    low: int
    very_low: int


class VoiceDataQuality(ApiModel):
    """Quality of the profile's voice data."""

    has_voice_embedding: bool
    has_mfcc_features: bool = Field(
        description="Always false. Voices are described by embeddings alone."
    )
    sample_count: int
    is_reliable: bool


class SpeakerStatisticsData(ApiModel):
    """Statistics of a speaker over all recordings."""

    speaker_info: SpeakerReference
    total_transcriptions: int
    total_audio_duration: float = Field(description="Seconds.")
    average_confidence: float
    confidence_distribution: ConfidenceDistribution
    voice_data_quality: VoiceDataQuality

    @classmethod
    def of(cls, figures: speaker_pb2.SpeakerStatistics) -> Self:
        """Convert the statistics of the speakers service."""
        speaker = figures.speaker
        return cls(
            speaker_info=SpeakerReference(
                id=speaker.speaker_id,
                name=speaker.name,
                display_name=speaker.display_name or speaker.name,
            ),
            total_transcriptions=figures.total_transcriptions,
            total_audio_duration=times.seconds(figures.total_audio_duration),
            average_confidence=figures.average_confidence,
            confidence_distribution=ConfidenceDistribution(
                high=figures.high_count,
                medium=figures.medium_count,
                low=figures.low_count,
                very_low=figures.very_low_count,
            ),
            voice_data_quality=VoiceDataQuality(
                has_voice_embedding=speaker.has_voice_data,
                has_mfcc_features=False,
                sample_count=speaker.sample_count,
                is_reliable=figures.reliable,
            ),
        )


class SearchBody(JsonBody):
    """Search terms."""

    query: Query
    active_only: bool = True


class DeletedSpeaker(ApiModel):
    """A deactivated or deleted profile."""

    message: str
    speaker_id: int
    permanent: bool
