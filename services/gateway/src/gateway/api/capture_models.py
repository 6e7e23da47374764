"""Request and response models of captures."""

from typing import Annotated, Literal

from pydantic import Field

from gateway.api.option_models import OptionsBody
from gateway.api.parameters import JsonBody, Language, Text
from gateway.api.resumable_models import UploadFailureData
from gateway.channel_modes import ChannelWord
from gateway.web.envelope import ApiModel, Moment

CaptureWord = Literal["receiving", "finishing", "completed", "rejected", "discarded"]
MOST_CHUNKS = 100_000


class CaptureBody(OptionsBody):
    """Description of a recording that is about to be made."""

    media_type: Annotated[Text, Field(min_length=1, max_length=200)] = Field(
        description="Media type of the chunks.", examples=["audio/webm;codecs=opus"]
    )
    title: Annotated[Text, Field(max_length=255)] | None = Field(
        None, description="Title of the transcription. It also names the file."
    )
    language: Language | None = Field(
        None,
        description="Spoken language. Defaults to the session's preference, else it is detected.",
    )
    channels: ChannelWord = Field(
        "auto", description="How channels are recognized, as in an upload."
    )
    voice_memory: bool | None = Field(
        None,
        description="Whether voices are compared with known ones and remembered. By default, the "
        "setting of the workspace holds, and true without one.",
    )
    auto_start: bool = Field(True, description="Whether recognition starts at the end.")
    request_id: Annotated[Text, Field(max_length=100)] | None = Field(
        None,
        description="Key of your choice. Repeating it returns the first capture instead of another "
        "one.",
    )


class FinishBody(JsonBody):
    """The end of a capture."""

    chunk_count: Annotated[int, Field(ge=1, le=MOST_CHUNKS)] = Field(
        description="Number of chunks that were made."
    )
    allow_gaps: bool = Field(
        False,
        description="Whether to finish although chunks are missing. Sound behind a gap may be "
        "unreadable.",
    )


class CaptureData(ApiModel):
    """A recording that arrives while it is made."""

    capture_id: str
    title: str
    media_type: str
    state: CaptureWord
    next_chunk: int = Field(description="The first number whose chunk is not stored.")
    missing: list[int] = Field(
        description="Numbers of missing chunks below the highest one, at most 1000."
    )
    stored_bytes: int = Field(description="Bytes of all stored chunks.")
    created_at: Moment
    idle_until: Moment = Field(
        description="When the server finishes it by itself unless another chunk arrives."
    )
    transcription_id: int | None = Field(description="The transcription, once it is complete.")
    job_id: str | None = Field(description="Job ID, null if recognition was not started.")
    error: UploadFailureData | None = Field(description="Why it was rejected.")


class CaptureListData(ApiModel):
    """Captures, latest first."""

    captures: list[CaptureData]
