"""Settings of the recognition worker."""

from typing import Annotated

from pydantic import AfterValidator, Field

from common.models.manifest import FASTER_WHISPER
from common.tasks.service import WorkerSettings
from transcriber.worker.engines.registry import ENGINES


class SpeechWorkerSettings(WorkerSettings):
    """Settings of a recognition worker."""

    speech_engine: Annotated[str, AfterValidator(ENGINES.known)] = FASTER_WHISPER
    speech_engine_english: Annotated[str, AfterValidator(ENGINES.known)] = FASTER_WHISPER
    whisper_model_size: str = "base"
    whisper_beam_size: int = Field(5, ge=1, le=10)
