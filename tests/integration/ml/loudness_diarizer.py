"""Loudness as a diarization engine: one speaker, who speaks in every loud second."""

import time
from collections.abc import Callable

import numpy as np

from common.audio.conditioning import SignalConditioner
from common.audio.probe import probe
from common.audio.resampling import SAMPLE_RATE
from common.audio.signals import AudioSource
from common.audio.windows import AudioWindow, windows
from common.engines import EngineSettings, Progress
from common.tasks.task import TaskCancelledError
from common.voices.turns import join_turns
from diarizer.engines.protocol import Diarization, DiarizationOptions, Speaker, Turn

_STEP = "Finding who speaks when"


class LoudnessEngine:
    """The engine: recordings in, values of the protocol out."""

    model = "loudness"
    model_version = "1"

    def __init__(self, settings: EngineSettings) -> None:
        self._window_seconds = settings.window_seconds

    def diarize(
        self,
        source: AudioSource,
        options: DiarizationOptions,
        *,
        on_progress: Progress,
        cancelled: Callable[[], bool],
    ) -> Diarization:
        began = time.monotonic()
        expected = probe(source, allow_truncated=True).duration
        conditioner = SignalConditioner()
        turns: list[Turn] = []
        duration = 0.0
        for window in windows(
            source, duration=expected, longest=self._window_seconds, conditioner=conditioner
        ):
            if cancelled():
                raise TaskCancelledError
            turns += _loud_seconds(window)
            duration = window.end
            on_progress(min(1.0, duration / expected), _STEP)
        on_progress(1.0, _STEP)
        joined = tuple(join_turns(turns))
        speech = sum(turn.duration for turn in joined)
        speaker = Speaker(label="SPEAKER_00", speech_seconds=speech, voiceprint=None)
        return Diarization(
            turns=joined,
            exclusive_turns=joined,
            speakers=(speaker,) if joined else (),
            duration=duration,
            processing_seconds=time.monotonic() - began,
            model=self.model,
            model_version=self.model_version,
            warnings=conditioner.warnings,
        )


def _loud_seconds(window: AudioWindow) -> list[Turn]:
    turns = []
    for start in range(0, len(window.samples), SAMPLE_RATE):
        second = window.samples[start : start + SAMPLE_RATE]
        if np.square(second).mean() > 1e-5:
            begin = window.start + start / SAMPLE_RATE
            end = begin + len(second) / SAMPLE_RATE
            turns.append(Turn(start=begin, end=end, speaker="SPEAKER_00"))
    return turns


def load(settings: EngineSettings) -> LoudnessEngine:
    return LoudnessEngine(settings)
