"""Settings of the recognition worker."""

import os
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from common.models.manifest import FASTER_WHISPER, MOONSHINE
from common.tasks.service import WorkerSettings
from transcriber.worker.engines.registry import ENGINES

#: Types of numbers of CTranslate2. Empty is int8 on a CPU, and float16 on a GPU.
ComputeType = Literal["", "int8", "int8_float16", "int8_bfloat16", "float16", "bfloat16", "float32"]

#: Most live streams of a worker, whose server has 16 calls at a time.
_MOST_LIVE = 12


class SpeechWorkerSettings(WorkerSettings):
    """Settings of a recognition worker."""

    speech_engine: Annotated[str, AfterValidator(ENGINES.known)] = FASTER_WHISPER
    speech_engine_english: Annotated[str, AfterValidator(ENGINES.known)] | None = None
    whisper_model_size: str = "base"
    whisper_compute_type: ComputeType = ""
    whisper_beam_size: int = Field(5, ge=1, le=10)
    live_sessions: int | None = Field(None, ge=0, le=_MOST_LIVE)

    @property
    def english_engine(self) -> str:
        """Engine for English. By default the better one of two small models on a CPU."""
        if self.speech_engine_english is not None:
            return self.speech_engine_english
        small = self.speech_engine == FASTER_WHISPER and self.whisper_model_size == "base"
        return MOONSHINE if small and not self.use_gpu else self.speech_engine

    @property
    def live_streams(self) -> int:
        """Most live streams at a time. By default one per thread of the model."""
        wanted = self._threads if self.live_sessions is None else self.live_sessions
        return min(wanted, _MOST_LIVE)

    @property
    def live_calls(self) -> int:
        """Live streams that are recognized at the same moment. The others take turns."""
        places = len(os.sched_getaffinity(0)) // self._threads
        return max(1, min(self.live_streams, places))

    @property
    def _threads(self) -> int:
        return self.model_threads or int(os.environ.get("OMP_NUM_THREADS", "1"))
