"""Live sessions: their sound, and the text recognized while it is recorded."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self


class LiveEncoding(StrEnum):
    """Encoding of the sound of a live session."""

    LINEAR16 = "linear16"
    FLOAT32 = "float32"
    OGG_OPUS = "ogg_opus"
    WEBM_OPUS = "webm_opus"
    MP4 = "mp4"

    @property
    def sample_bytes(self) -> int:
        """Bytes of one sample, 0 for encodings with a container."""
        return {LiveEncoding.LINEAR16: 2, LiveEncoding.FLOAT32: 4}.get(self, 0)

    @property
    def media_type(self) -> str:
        """Media type of the stored recording."""
        return {
            LiveEncoding.OGG_OPUS: "audio/ogg;codecs=opus",
            LiveEncoding.WEBM_OPUS: "audio/webm;codecs=opus",
            LiveEncoding.MP4: "audio/mp4",
        }.get(self, "audio/wav")


@dataclass(frozen=True, kw_only=True, slots=True)
class LiveSound:
    """Sound of a live session. The sample rate is 0 for encodings with a container."""

    encoding: LiveEncoding
    sample_rate: int
    channels: int

    @property
    def frame_bytes(self) -> int:
        """Bytes of one sample of all channels, 0 for encodings with a container."""
        return self.encoding.sample_bytes * self.channels

    def to_json(self) -> dict[str, Any]:
        """Return the sound, fit for JSON."""
        return {
            "encoding": self.encoding.value,
            "sample_rate": self.sample_rate,
            "channels": self.channels,
        }

    @classmethod
    def of_json(cls, value: Mapping[str, Any]) -> Self:
        """Invert `to_json`."""
        return cls(
            encoding=LiveEncoding(value["encoding"]),
            sample_rate=value["sample_rate"],
            channels=value["channels"],
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class LiveWord:
    """A recognized word. Times are in seconds from the beginning of the recording."""

    text: str
    start: float
    end: float
    probability: float


@dataclass(frozen=True, kw_only=True, slots=True)
class LiveSegment:
    """Text of an utterance, or of a piece of a long one.

    `sequence` is 0 for a draft. `label_sequence` is that of the last change of the label, 0 without
    one. `channel` counts from 1, 0 for a mix.
    """

    segment: int
    words: tuple[LiveWord, ...]
    language: str = ""
    channel: int = 0
    continues: bool = False
    label: str = ""
    sequence: int = 0
    label_sequence: int = 0

    @property
    def start(self) -> float:
        """Beginning of the first word."""
        return self.words[0].start

    @property
    def end(self) -> float:
        """End of the last word."""
        return max(word.end for word in self.words)
