"""Settings of the diarizer."""

from pydantic import Field, SecretStr

from common.tasks.service import WorkerSettings


class DiarizerSettings(WorkerSettings):
    """What a diarization worker needs to know."""

    pyannote_model: str = "embedded"
    hf_token: SecretStr = SecretStr("")
    max_speakers: int = Field(10, ge=1, le=50)
    min_speaker_duration: float = Field(2.0, ge=0, le=60)
    diarization_window_seconds: float = Field(1200, ge=60)
