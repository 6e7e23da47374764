"""What diarization answers: who speaks when, and one voiceprint a speaker."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from common.audio.container import AudioSource

#: Called with the fraction done (0.0 to 1.0, never falling) and the name of the step under way.
Progress = Callable[[float, str], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """One stretch of speech of one speaker, in seconds from the start of the recording."""

    start: float
    end: float
    speaker: str

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.end - self.start


@dataclass(frozen=True, kw_only=True, slots=True)
class Voiceprint:
    """A unit-length embedding of one voice.

    Only voiceprints of the same `model` and `model_version` may be compared (by cosine).
    `speech_seconds` is how much speech of this speaker alone it was computed from; below a few
    seconds it is a weak witness.
    """

    embedding: tuple[float, ...]
    speech_seconds: float
    model: str
    model_version: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Speaker:
    """One voice of the recording.

    `voiceprint` is None when the speaker never speaks alone for long enough to take one.
    `speech_seconds` counts all of the speaker's speech, overlapped or not.
    """

    label: str
    speech_seconds: float
    voiceprint: Voiceprint | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Diarization:
    """The outcome for one recording.

    `turns` may overlap where people speak at once; `exclusive_turns` never do (the louder claim
    wins), which is what words are matched against. Both are ordered by start. `speakers` are
    ordered by first appearance, labelled SPEAKER_00, SPEAKER_01, ... `warnings` are sentences for
    the owner about the recording itself.
    """

    turns: tuple[Turn, ...]
    exclusive_turns: tuple[Turn, ...]
    speakers: tuple[Speaker, ...]
    duration: float
    processing_seconds: float
    model: str
    model_version: str
    warnings: tuple[str, ...] = ()

    @property
    def real_time_factor(self) -> float:
        """Seconds of processing for each second of audio (0.0 for an empty recording)."""
        return self.processing_seconds / self.duration if self.duration > 0 else 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class DiarizationOptions:
    """What the caller knows of the recording.

    `num_speakers` fixes the count; otherwise it is found between `min_speakers` and
    `max_speakers`. A speaker with less than `min_speaker_duration` seconds in total is taken for
    a fragment of the most similar other one.
    """

    num_speakers: int | None = None
    min_speakers: int = 1
    max_speakers: int = 10
    min_speaker_duration: float = 2.0

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


class DiarizationEngine(Protocol):
    """Finds who speaks when. Blocking: to be run in a worker thread or process."""

    @property
    def model(self) -> str:
        """Name of the models behind it."""
        ...

    @property
    def model_version(self) -> str:
        """Version of the models behind it; voiceprints of two versions do not compare."""
        ...

    def diarize(
        self,
        source: AudioSource,
        options: DiarizationOptions,
        *,
        on_progress: Progress,
        cancelled: Callable[[], bool],
    ) -> Diarization:
        """Diarize one recording.

        Raises:
            TaskCancelledError: `cancelled` returned true.
            AudioError: the source cannot be decoded.
        """
        ...
