"""Settings of the recognition worker."""

from pydantic import Field

from common.tasks.service import WorkerSettings


class SpeechWorkerSettings(WorkerSettings):
    """What a recognition worker needs to know."""

    whisper_model_size: str = "base"
    whisper_beam_size: int = Field(5, ge=1, le=10)
