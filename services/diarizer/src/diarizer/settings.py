"""Settings of the diarizer."""

from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from common.models.manifest import PYANNOTE
from common.tasks.service import WorkerSettings
from diarizer.engines.registry import ENGINES


class DiarizerSettings(WorkerSettings):
    """Settings of a diarization worker."""

    diarization_engine: Annotated[str, AfterValidator(ENGINES.known)] = PYANNOTE
    pyannote_model: str = "embedded"
    hf_token: SecretStr = SecretStr("")
    max_speakers: int = Field(10, ge=1, le=50)
    min_speaker_duration: float = Field(2.0, ge=0, le=60)
    diarization_window_seconds: float = Field(1200, ge=60)
