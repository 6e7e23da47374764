"""Options of processing in the JSON API: their limits, descriptions, and form in messages."""

from dataclasses import dataclass, field

from gateway.channel_modes import MODES, ChannelWord
from gateway.openai import catalog
from gateway.speaker_numbers import SpeakerNumbers
from securetranscribe.v1 import transcription_pb2

MOST_PHRASES, LONGEST_PHRASE = 200, 100
LONGEST_MODEL = 100
#: A higher one needs the token of an administrator, which this API does not pass on.
MOST_PRIORITY = 5

DIARIZE = (
    "Whether speakers are told apart. Without it, all words belong to one speaker, or to one of "
    "each channel that is recognized by itself, and the job has no stage `diarize`."
)
PHRASES = "Names and terms that are likely to be spoken, at most 200 of 100 characters."
MODEL = (
    "Model for speech recognition, one of `speech_models` in the status of the queue. Empty is the "
    "default of the deployment, as are the names of the OpenAI-compatible API."
)
PRIORITY = "1 (last) to 5 (first). 0 means 5."


@dataclass(frozen=True, kw_only=True)
class UploadOptions:
    """Options of an upload. An empty language is detected, and an empty model is the default."""

    language: str
    auto_start: bool
    channels: ChannelWord = "auto"
    allow_truncated: bool = False
    voice_memory: bool | None = None
    speakers: SpeakerNumbers = field(default_factory=SpeakerNumbers)
    diarize: bool = True
    phrases: tuple[str, ...] = ()
    model: str = ""
    priority: int = 0

    def config(
        self, filename: str, *, size_bytes: int = 0, request_id: str = ""
    ) -> transcription_pb2.UploadConfig:
        """Return the description of an upload."""
        return transcription_pb2.UploadConfig(
            filename=filename,
            language=self.language,
            auto_start=self.auto_start,
            request_id=request_id,
            size_bytes=size_bytes,
            priority=self.priority,
            diarization=self.speakers.config(),
            phrases=self.phrases,
            channels=MODES[self.channels],
            allow_truncated=self.allow_truncated,
            voice_memory=self.voice_memory,
            diarize=self.diarize,
            model=self.model,
        )

    def late(self) -> transcription_pb2.UploadOptions:
        """Return the options as they are sent after the file."""
        return transcription_pb2.UploadOptions(
            language=self.language,
            auto_start=self.auto_start,
            channels=MODES[self.channels],
            allow_truncated=self.allow_truncated,
            voice_memory=self.voice_memory,
            diarization=self.speakers.config(),
            phrases=self.phrases,
            diarize=self.diarize,
            priority=self.priority,
            model=self.model,
        )


def requested_model(name: str) -> str:
    """Return the name of a model for the transcriber, empty for the default."""
    name = name.strip()
    return "" if any(name == offered.name for offered in catalog.offered()) else name
