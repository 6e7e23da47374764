"""Settings of the speakers service."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from common.rate_settings import RateSettings
from common.settings import AuthModeSettings, PostgresSettings, Seconds, ServiceSettings


def _directory(value: Path | None) -> Path | None:
    if value is not None and not value.is_dir():
        raise ValueError("is not an existing directory")
    return value


class SpeakersSettings(ServiceSettings, PostgresSettings, RateSettings, AuthModeSettings):
    """Settings of `python -m speakers`. Environment variables have the field names in capitals.

    With accounts, every workspace has profiles of its own. Open sessions share all profiles.

    Attributes:
        confidence_threshold: Lowest probability for naming a voice.
        voice_min_seconds: Clean speech needed to recognize a voice or to learn from it.
        known_voice_prior: Expected share of recorded voices with a profile.
        enrollment_min_seconds: Clean speech needed in an enrolled clip.
        enrollment_timeout_seconds: Time limit for the diarizer to process an enrolled clip.
        share_voice_clips: Whether every session may play clips taken from recordings.
        protect_profiles: Whether callers without an account may delete, merge and split only
            profiles taught by their workspace.
        voice_memory: Whether voiceprints are kept at all. Without it, stored ones are erased.
        voice_spaces_dir: Directory of additional voice spaces.
    """

    diarizer_grpc: str = "127.0.0.1:50055"

    confidence_threshold: float = Field(0.8, gt=0, lt=1)
    voice_min_seconds: Seconds = 2.0
    enrollment_min_seconds: Seconds = 5.0
    known_voice_prior: float = Field(0.5, gt=0, lt=1)
    share_voice_clips: bool = False
    protect_profiles: bool = False
    voice_memory: bool = True
    voice_spaces_dir: Annotated[Path | None, AfterValidator(_directory)] = None
    enrollment_timeout_seconds: Seconds = 300
