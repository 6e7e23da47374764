"""Voices of live speech, next to the tasks of the worker."""

import numpy as np

from common.audio.resampling import SAMPLE_RATE, Samples
from common.errors import AudioProcessingError, UnimplementedError, ValidationError
from common.inference import Inference
from common.tasks.task import TaskControl
from diarizer.engines.protocol import DiarizationEngine, VoiceEngine, Voiceprint

#: Shortest and longest speech, in seconds.
SHORTEST, LONGEST = 0.5, 60.0
#: Calls at a time. More are refused, and their speech stays without a label.
_MOST_CALLS = 32


class LiveVoices:
    """Voiceprints of short speech, computed on a thread of their own."""

    def __init__(self, engine: DiarizationEngine, inference: Inference) -> None:
        self._engine = engine
        self._lane = inference.lane("live-voices", at_once=1, most=_MOST_CALLS)

    @property
    def link_threshold(self) -> float:
        """Least cosine of the voiceprints of one person, 0 if the engine computes none."""
        return self._engine.link_threshold if isinstance(self._engine, VoiceEngine) else 0.0

    async def embed(self, data: bytes) -> Voiceprint:
        """Return the voiceprint of 16-bit samples.

        Raises:
            ValidationError: there are too few samples or too many.
            AudioProcessingError: there is too little speech.
            UnimplementedError: the engine cannot do it.
            ResourceExhaustedError: too many calls wait.
        """
        engine = self._engine
        if not isinstance(engine, VoiceEngine):
            raise UnimplementedError(f"The engine of {engine.model} does not compare live voices.")
        seconds = len(data) / 2 / SAMPLE_RATE
        if len(data) % 2 or not SHORTEST <= seconds <= LONGEST:
            raise ValidationError.of(
                "samples", f"Send {SHORTEST} to {LONGEST:.0f} seconds of 16-bit samples."
            )
        samples: Samples = np.divide(np.frombuffer(data, "<i2"), 32768, dtype=np.float32)

        def work(_control: TaskControl) -> Voiceprint | None:
            return engine.embed_speech(samples)

        found = await self._lane.call(work)
        if found is None:
            raise AudioProcessingError("There is too little speech to tell the voice.")
        return found
