"""Request and response models of the ledger and voice endpoints."""

from typing import Annotated, Literal, Self

from pydantic import Field

from common import times
from gateway.api.parameters import MAX_ID, JsonBody, Name
from gateway.api.speaker_models import ConfidenceWord, SpeakerData, confidence_word
from gateway.web.envelope import ApiModel, Moment
from securetranscribe.v1 import speaker_pb2, transcription_pb2

SourceWord = Literal["person", "machine", "enrollment"]
NameSourceWord = Literal["none", "suggested", "confirmed"]
_SOURCES: dict[int, SourceWord] = {
    speaker_pb2.DECISION_SOURCE_PERSON: "person",
    speaker_pb2.DECISION_SOURCE_MACHINE: "machine",
    speaker_pb2.DECISION_SOURCE_ENROLLMENT: "enrollment",
}
_NAME_SOURCES: dict[int, NameSourceWord] = {
    transcription_pb2.SPEAKER_NAME_SOURCE_UNSPECIFIED: "none",
    transcription_pb2.SPEAKER_NAME_SOURCE_NONE: "none",
    transcription_pb2.SPEAKER_NAME_SOURCE_SUGGESTED: "suggested",
    transcription_pb2.SPEAKER_NAME_SOURCE_CONFIRMED: "confirmed",
}
Number = Annotated[int, Field(ge=1, le=MAX_ID)]


class MergeBody(JsonBody):
    """Profile to merge into the one in the path."""

    source_speaker_id: Number


class SplitBody(JsonBody):
    """Observations to move, and the name of their new profile, created if it does not exist."""

    observation_ids: Annotated[list[Number], Field(min_length=1, max_length=1000)]
    name: Name


class SplitData(ApiModel):
    """The original profile and the target profile."""

    speaker: SpeakerData
    target: SpeakerData


class ObservationData(ApiModel):
    """One observation of a voice. Only decisions by a person and enrollments teach the profile."""

    id: int
    speaker_id: int
    transcription_id: int | None = Field(description="Null for an enrolled clip.")
    speaker_label: str | None = Field(description="Null for an enrolled clip.")
    voice_seconds: float = Field(description="Seconds of clean speech in the voiceprint.")
    decided_by: SourceWord
    model: str
    confidence_score: float
    created_at: Moment

    @classmethod
    def of(cls, row: speaker_pb2.Observation) -> Self:
        """Convert an observation."""
        return cls(
            id=row.observation_id,
            speaker_id=row.speaker_id,
            transcription_id=row.transcription_id or None,
            speaker_label=row.speaker_label or None,
            voice_seconds=times.seconds(row.speech_duration),
            decided_by=_SOURCES[row.decided_by],
            model=row.model,
            confidence_score=row.confidence,
            created_at=times.moment(row.create_time),
        )


class EnrolledData(ApiModel):
    """A profile after enrollment, and the observation of the clip."""

    speaker: SpeakerData
    observation: ObservationData


class TranscriptVoice(ApiModel):
    """A voice in a transcription, and the person it belongs to."""

    speaker_label: str
    name: str = Field(description="Display name, or the label if the voice has no name.")
    name_source: NameSourceWord = Field(
        description="`suggested` by recognition, `confirmed` by a person, or `none`."
    )
    speaker_id: int | None = Field(description="Speaker profile, null if there is none.")
    confidence_score: float | None = Field(
        description="Probability that the profile is right, null if the voice was not recognized."
    )
    confidence_level: ConfidenceWord | None
    segment_count: int
    total_duration: float = Field(description="Seconds.")
    voice_seconds: float = Field(
        description="Seconds of clean speech in the voiceprint, 0 without one."
    )
    channel: int | None = Field(description="Number of the channel, null in a mix.")

    @classmethod
    def of(cls, voice: transcription_pb2.TranscriptSpeaker) -> Self:
        """Convert a speaker of a transcription."""
        source = _NAME_SOURCES[voice.name_source]
        # A name taken from the title of a track was not recognized by its voice.
        matched = source == "confirmed" or (source == "suggested" and voice.speaker_id)
        confidence = voice.match_confidence if matched else None
        return cls(
            speaker_label=voice.speaker_label,
            name=voice.name,
            name_source=source,
            speaker_id=voice.speaker_id or None,
            confidence_score=confidence,
            confidence_level=None if confidence is None else confidence_word(confidence),
            segment_count=voice.segment_count,
            total_duration=times.seconds(voice.total_duration),
            voice_seconds=times.seconds(voice.voiceprint_speech_duration),
            channel=voice.channel or None,
        )
