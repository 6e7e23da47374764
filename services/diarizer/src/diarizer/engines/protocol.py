"""Interface of diarization engines, and the values they take and return."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from common.audio.resampling import Samples
from common.audio.signals import AudioSource
from common.engines import Progress
from common.voices.limits import SpeakerLimits
from common.voices.values import Turn

__all__ = [
    "Diarization",
    "DiarizationEngine",
    "DiarizationOptions",
    "Speaker",
    "Turn",
    "VoiceEngine",
    "Voiceprint",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Voiceprint:
    """A unit-length embedding of one voice.

    Only voiceprints of the same `model` and `model_version` can be compared (by cosine). It is
    computed from `speech_seconds` of speech of this speaker alone, and unreliable below a few
    seconds.
    """

    embedding: tuple[float, ...]
    speech_seconds: float
    model: str
    model_version: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Speaker:
    """One voice of the recording.

    `voiceprint` is None if the speaker never speaks alone for long enough. `speech_seconds` counts
    all speech of this speaker, overlapped or not.
    """

    label: str
    speech_seconds: float
    voiceprint: Voiceprint | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Diarization:
    """Result for one recording. Times are in seconds.

    `turns` overlap where people speak at once. `exclusive_turns` never overlap, and words are
    matched against them. Both are ordered by start. `speakers` are ordered by first appearance,
    labeled SPEAKER_00, SPEAKER_01, and so on. `warnings` are sentences for the owner about the
    recording itself. Voices of two parts of a recording are one person's from a cosine of
    `link_threshold` on, 0.0 if it is not known.
    """

    turns: tuple[Turn, ...]
    exclusive_turns: tuple[Turn, ...]
    speakers: tuple[Speaker, ...]
    duration: float
    processing_seconds: float
    model: str
    model_version: str
    warnings: tuple[str, ...] = ()
    link_threshold: float = 0.0

    @property
    def real_time_factor(self) -> float:
        """Seconds of processing per second of audio, 0.0 for an empty recording."""
        return self.processing_seconds / self.duration if self.duration > 0 else 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class DiarizationOptions:
    """Options of one diarization.

    `num_speakers` fixes the count. Otherwise it is found between `min_speakers` and `max_speakers`.
    A speaker with less than `min_speaker_duration` seconds in total is merged into the most similar
    other one.

    A `part` of a recording may lack speakers, and those found are linked with those of other parts.
    Then the numbers and the duration are not enforced, and rather too many speakers are found, so
    that none has the speech of two people.
    """

    num_speakers: int | None = None
    min_speakers: int = 1
    max_speakers: int = 10
    min_speaker_duration: float = 2.0
    part: bool = False

    def __post_init__(self) -> None:
        if self.num_speakers is not None and self.num_speakers < 1:
            raise ValueError(f"num_speakers must be at least 1, not {self.num_speakers}")
        if not 1 <= self.min_speakers <= self.max_speakers:
            raise ValueError(
                "min_speakers and max_speakers must satisfy 1 <= min <= max, "
                f"not {self.min_speakers} and {self.max_speakers}"
            )
        if self.min_speaker_duration < 0:
            raise ValueError("min_speaker_duration must not be negative")

    @property
    def fewest(self) -> int:
        """The smallest acceptable number of speakers."""
        return self.num_speakers or self.min_speakers

    @property
    def most(self) -> int:
        """The largest acceptable number of speakers."""
        return self.num_speakers or self.max_speakers

    @property
    def limits(self) -> SpeakerLimits:
        """The same limits for the helpers of `common.voices`."""
        if self.part:
            return SpeakerLimits(fewest=1, most=None, least_speech=0.0)
        return SpeakerLimits(
            fewest=self.fewest, most=self.most, least_speech=self.min_speaker_duration
        )


class DiarizationEngine(Protocol):
    """Diarization with loaded models. See docs/engines.md.

    Calls block, and only one runs at a time, on a thread of their own.
    """

    @property
    def model(self) -> str:
        """Name of the models."""
        ...

    @property
    def model_version(self) -> str:
        """Version of the models."""
        ...

    def diarize(
        self,
        source: AudioSource,
        options: DiarizationOptions,
        *,
        on_progress: Progress,
        cancelled: Callable[[], bool],
    ) -> Diarization:
        """Diarize one recording of any length.

        Raises:
            TaskCancelledError: `cancelled` returned True.
            AudioError: the recording cannot be decoded.
        """
        ...


@runtime_checkable
class VoiceEngine(Protocol):
    """Engine that also compares the voices of live speech. Optional.

    `embed_speech` is called on a thread of its own, also while others work on recordings.
    """

    @property
    def link_threshold(self) -> float:
        """Least cosine of the voiceprints of one person from much speech."""
        ...

    def embed_speech(self, samples: Samples) -> Voiceprint | None:
        """Return the voice of one person in up to a minute of mono 16 kHz sound in ±1.

        Return None if there is too little speech.
        """
        ...
