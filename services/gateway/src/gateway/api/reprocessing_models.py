"""Request and response models of the endpoints for reprocessing and its conflicts."""

from typing import Annotated, Literal

from pydantic import Field

from gateway.api.option_models import OptionsBody
from gateway.api.parameters import JsonBody, Language, Text
from gateway.api.stages import StageName
from gateway.api.transcription_models import JobWord
from gateway.channel_modes import ChannelWord
from gateway.speaker_numbers import SpeakerNumber, SpeakerNumbers
from gateway.web.envelope import ApiModel, Moment

ConflictWord = Literal["words", "review", "star", "edges", "note", "name", "speakers"]
SideWord = Literal["mine", "machine"]
SourceWord = Literal["original", "playback"]
_ItemId = Annotated[str, Field(max_length=40, examples=["5.100003"])]


class ReprocessBody(OptionsBody):
    """Options other than those of the last job."""

    language: Language | None = Field(None, description="Language code, or `auto`.")
    channels: ChannelWord | None = Field(
        None, description="How channels and tracks are recognized."
    )
    speakers: SpeakerNumber | None = Field(
        None,
        description="Former name of `num_speakers`.",
        json_schema_extra={"deprecated": True},
    )
    stages: list[StageName] = Field(
        default_factory=list,
        max_length=3,
        description="Stages to run again, besides those whose options change. Without stages and "
        "options, all run.",
    )
    request_id: Annotated[Text, Field(max_length=128)] = Field(
        "", description="Idempotency key. The same key queues one job."
    )

    def speaker_numbers(self) -> SpeakerNumbers:
        """Return the numbers of speakers, also by their former name.

        Raises:
            ValidationError: they contradict each other.
        """
        return SpeakerNumbers(
            exact=self.speakers if self.num_speakers is None else self.num_speakers,
            least=self.min_speakers,
            greatest=self.max_speakers,
        )


class ReprocessData(ApiModel):
    """A queued job."""

    job_id: str
    transcription_id: int
    status: JobWord
    source: SourceWord = Field(
        description="What the job reads: the recording, or its playback copy if it is not kept."
    )


class ConflictData(ApiModel):
    """An edit without a place in the new machine version, or against it."""

    id: int
    kind: ConflictWord
    was: str = Field(description="Text of the earlier machine version.")
    mine: str = Field(description="Text of the person: words, a note, a name, or edges.")
    machine: str = Field(description="Text of the new machine version.")
    start: float = Field(description="Seconds.")
    end: float = Field(description="Seconds.")
    placed: bool = Field(description="Whether the person's text is in the transcript.")
    words: list[str] = Field(description="Words of the person in the transcript.")
    source_revision: int = Field(description="Revision of the edit.")
    machine_revision: int = Field(description="Revision of the new machine version.")
    own: bool = Field(description="Whether this session made the edit.")
    resolved: SideWord | None
    resolved_at: Moment | None


class ConflictListData(ApiModel):
    """A page of conflicts in order of time."""

    transcription_id: int
    conflicts: list[ConflictData]
    total: int
    open: int = Field(description="Number of open conflicts.")
    limit: int
    offset: int


class ResolveBody(JsonBody):
    """The side that counts."""

    use: SideWord
    after: _ItemId | None = Field(
        None, description="Word behind which to insert text of the person that has no place."
    )
    segment: _ItemId | None = Field(
        None, description="Segment at whose beginning to insert it, instead of a word."
    )


class ResolveData(ApiModel):
    """A resolved conflict, and the newest revision."""

    transcription_id: int
    revision: int
    conflict: ConflictData
