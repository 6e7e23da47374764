"""Probability of speech in sound that arrives piece by piece, by the Silero detector."""

from typing import Any

import numpy as np
import numpy.typing as npt

from common.audio.resampling import NOTHING, Samples

#: Samples per frame, which gets one probability (32 ms at 16 kHz).
FRAME = 512
#: Samples before a frame that the model hears with it.
_CONTEXT = 64
_MEMORY = (1, 1, 128)


class SpeechDetector:
    """Detector of one channel, with the model's memory of the sound so far."""

    def __init__(self) -> None:
        from faster_whisper.vad import get_vad_model  # noqa: PLC0415 - takes seconds

        # The model is loaded once per process. It is small and its session has no state.
        self._session: Any = get_vad_model().session
        self._hidden: npt.NDArray[np.float32] = np.zeros(_MEMORY, np.float32)
        self._cell: npt.NDArray[np.float32] = np.zeros(_MEMORY, np.float32)
        self._before: Samples = np.zeros(_CONTEXT, np.float32)
        self._rest: Samples = NOTHING

    def push(self, samples: Samples) -> list[float]:
        """Return the probability of each frame that is complete now. The rest is kept."""
        sound = np.concatenate([self._rest, samples])
        count = len(sound) // FRAME
        self._rest = sound[count * FRAME :]
        if not count:
            return []
        frames = sound[: count * FRAME].reshape(count, FRAME)
        contexts = np.concatenate([self._before[None], frames[:-1, -_CONTEXT:]])
        self._before = frames[-1, -_CONTEXT:]
        found, self._hidden, self._cell = self._session.run(
            None,
            {
                "input": np.concatenate([contexts, frames], axis=1),
                "h": self._hidden,
                "c": self._cell,
            },
        )
        return [float(probability) for probability in found.reshape(-1)]
