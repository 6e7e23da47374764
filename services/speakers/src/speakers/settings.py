"""What the speakers service needs to know."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from common.settings import PostgresSettings, Seconds, ServiceSettings


def _directory(value: Path | None) -> Path | None:
    if value is not None and not value.is_dir():
        raise ValueError("names no directory that can be read")
    return value


class SpeakersSettings(ServiceSettings, PostgresSettings):
    """Settings of `python -m speakers`. Variables are named like the fields, in capitals.

    `confidence_threshold` is the probability from which a voice is named; `voice_min_seconds` the
    clean speech without which a voice is neither named nor learnt; `enrollment_min_seconds` what a
    clip must have; `known_voice_prior` the share of voices in recordings that have a profile;
    `share_voice_clips` whether other sessions may hear the clip of a profile that comes from a
    recording; `voice_spaces_dir` a directory of further voice spaces.
    """

    diarizer_grpc: str = "127.0.0.1:50055"

    confidence_threshold: float = Field(0.8, gt=0, lt=1)
    voice_min_seconds: Seconds = 2.0
    enrollment_min_seconds: Seconds = 5.0
    known_voice_prior: float = Field(0.5, gt=0, lt=1)
    share_voice_clips: bool = True
    voice_spaces_dir: Annotated[Path | None, AfterValidator(_directory)] = None
    enrollment_timeout_seconds: Seconds = 300
