"""Models of the messages of live sessions. They are documented in docs/live.md."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from gateway.api.capture_models import MOST_CHUNKS, CaptureWord
from gateway.api.option_models import OptionsBody
from gateway.api.parameters import MAX_ID, JsonBody, Language, Text
from gateway.channel_modes import ChannelWord
from gateway.web.envelope import ApiModel, Moment

EncodingWord = Literal["linear16", "float32", "ogg_opus", "webm_opus", "mp4"]
NoticeWord = Literal[
    "recognizing", "recognizers_busy", "no_recognizer", "not_recognizable", "chunks_missing"
]


class BeginMessage(OptionsBody):
    """Begins a session. The first message of a connection, if none is resumed."""

    type: Literal["begin"]
    encoding: EncodingWord = Field(description="Encoding of the sound.")
    sample_rate: Annotated[int, Field(ge=8_000, le=48_000)] | None = Field(
        None, description="Samples per second. Required for `linear16` and `float32`."
    )
    channel_count: Annotated[int, Field(ge=1, le=2)] = Field(
        1, description="Channels of the sound. Two are two parties, unless `channels` is `mix`."
    )
    title: Annotated[Text, Field(max_length=255)] | None = Field(
        None, description="Title of the transcription. It also names the file."
    )
    language: Language | None = Field(
        None,
        description="Spoken language. Defaults to the session's preference, else it is detected.",
    )
    channels: ChannelWord = Field("auto", description="How channels are recognized.")
    voice_memory: bool | None = Field(
        None, description="Whether voices are compared with known ones and remembered."
    )
    auto_start: bool = Field(True, description="Whether the recording is processed at the end.")
    request_id: Annotated[Text, Field(max_length=100)] | None = Field(
        None, description="Key of your choice. Repeating it resumes the first session."
    )


class ResumeMessage(JsonBody):
    """Resumes a session. The first message of a connection, if none is begun."""

    type: Literal["resume"]
    capture_id: Annotated[Text, Field(max_length=100)]
    after_sequence: Annotated[int, Field(ge=0)] = Field(
        0, description="Last sequence that the client has. 0 returns all results again."
    )


class ChunkMessage(JsonBody):
    """A piece of the sound, for clients that cannot send binary messages."""

    type: Literal["chunk"]
    number: Annotated[int, Field(ge=0, lt=MOST_CHUNKS)]
    data: str = Field(description="The bytes in Base64.")
    starts_stream: bool = False


class FinishMessage(JsonBody):
    """Ends the recording."""

    type: Literal["finish"]
    chunk_count: Annotated[int, Field(ge=1, le=MOST_CHUNKS)]
    allow_gaps: bool = False


class PingMessage(JsonBody):
    """Asks for a `pong`."""

    type: Literal["ping"]


class FollowParameters(JsonBody):
    """Parameters of the address of a follower."""

    model_config = ConfigDict(strict=False)

    transcription_id: Annotated[int, Field(ge=1, le=MAX_ID)]
    after_sequence: Annotated[int, Field(ge=0, le=MAX_ID)] = Field(
        0, description="Last sequence that the follower has. 0 returns all results."
    )


class LiveCapture(ApiModel):
    """The capture of a session."""

    capture_id: str
    title: str
    state: CaptureWord
    next_chunk: int = Field(description="The first number whose chunk is not stored.")
    idle_until: Moment
    job_id: str | None
    error: str | None = Field(description="Why no recording could be made, for users.")


class BegunData(ApiModel):
    """The session of a connection."""

    capture: LiveCapture
    transcription_id: int
    last_sequence: int


class FollowedData(ApiModel):
    """The session that a follower sees."""

    transcription_id: int
    last_sequence: int


class AcknowledgedData(ApiModel):
    """Chunks that are stored durably."""

    next_chunk: int
    missing: list[int]


class WordData(ApiModel):
    """A word. Times are in seconds from the beginning of the recording."""

    text: str
    start_time: float
    end_time: float
    confidence: float


class TextData(ApiModel):
    """Text of an utterance, or of a piece of a long one."""

    segment: int
    sequence: int | None = Field(description="Null for drafts.")
    text: str
    words: list[WordData]
    start_time: float | None
    end_time: float | None
    language: str | None
    channel: int | None
    speaker: str | None
    continues: bool


class SpeakerData(ApiModel):
    """The speaker of a segment."""

    segment: int
    sequence: int
    speaker: str


class LagData(ApiModel):
    """How far results are behind, in seconds."""

    text: float
    speakers: float | None


class NoticeData(ApiModel):
    """News about the session."""

    code: NoticeWord
    message: str


class EndedData(ApiModel):
    """The end of a session."""

    capture: LiveCapture
    transcription_id: int | None


class FollowedEndData(ApiModel):
    """The end of a followed session. Without a transcription, it was discarded."""

    transcription_id: int | None


class ErrorData(ApiModel):
    """Why the connection ends."""

    code: str
    message: str
    details: dict[str, Any]
