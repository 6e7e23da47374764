"""Diarization engine without models, for unit tests."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from os import PathLike

from common.audio.errors import UndecodableAudioError
from common.audio.signals import AudioSource, Signal, sound_of
from common.engines import Progress
from common.tasks.task import TaskCancelledError
from diarizer.engines.protocol import (
    Diarization,
    DiarizationOptions,
    Speaker,
    Turn,
    Voiceprint,
)


@dataclass
class FakeEngine:
    """Returns the given speakers: seconds of speech each, one after another.

    `channels` has those of channels with other speakers or without decodable sound (None).
    """

    speech: tuple[float, ...] = (6.0, 3.0)
    voiceless: frozenset[int] = frozenset()
    channels: Mapping[int, tuple[float, ...] | None] = field(default_factory=dict)
    seen: list[tuple[bytes, DiarizationOptions]] = field(default_factory=list)
    model: str = "fake"
    model_version: str = "1"

    def diarize(
        self,
        source: AudioSource,
        options: DiarizationOptions,
        *,
        on_progress: Progress,
        cancelled: Callable[[], bool],
    ) -> Diarization:
        """Read the whole source. Stop if cancelled."""
        sound = sound_of(source)
        assert not isinstance(sound.file, str | PathLike)
        sound.file.seek(0)
        self.seen.append((sound.file.read(), options))
        on_progress(0.5, "Finding who speaks when")
        if cancelled():
            raise TaskCancelledError
        speech = self.channels.get(_channel(sound.signal), self.speech)
        if speech is None:
            raise UndecodableAudioError("Nothing can be decoded.")
        turns, begin = [], 0.0
        for number, length in enumerate(speech):
            turns.append(Turn(start=begin, end=begin + length, speaker=f"SPEAKER_{number:02}"))
            begin += length
        return Diarization(
            turns=tuple(turns),
            exclusive_turns=tuple(turns),
            speakers=tuple(
                Speaker(
                    label=turn.speaker,
                    speech_seconds=turn.duration,
                    voiceprint=None if number in self.voiceless else _voice(number),
                )
                for number, turn in enumerate(turns)
            ),
            duration=begin,
            processing_seconds=0.1,
            model=self.model,
            model_version=self.model_version,
        )


def _voice(number: int) -> Voiceprint:
    embedding = tuple(1.0 if index == number else 0.0 for index in range(4))
    return Voiceprint(embedding=embedding, speech_seconds=2.0, model="fake", model_version="1")


def _channel(signal: Signal) -> int:
    """Return the first channel of a signal."""
    return next((n for part in signal.parts for n, gain in enumerate(part.gains) if gain), 0)
