"""Settings of the service."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from common.errors import ApplicationError
from speakers.app import load_spaces
from speakers.settings import SpeakersSettings

NEEDED = {"secret_key": "x" * 32, "grpc_port": 0, "database_url": "postgresql://h/d"}


def settings(**values: Any) -> SpeakersSettings:
    return SpeakersSettings(**{**NEEDED, **values})


def test_defaults() -> None:
    usual = settings()
    assert usual.confidence_threshold == 0.8
    assert usual.voice_min_seconds == 2.0
    assert usual.enrollment_min_seconds == 5.0
    assert usual.known_voice_prior == 0.5
    assert not usual.share_voice_clips
    assert not usual.protect_profiles
    assert usual.voice_spaces_dir is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"confidence_threshold": 0},
        {"confidence_threshold": 1},
        {"voice_min_seconds": 0},
        {"known_voice_prior": 1.5},
        {"voice_spaces_dir": "/there/is/no/such/directory"},
    ],
)
def test_invalid_values_are_rejected(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        settings(**wrong)


def test_invalid_voice_space_stops_the_start_with_a_reason(tmp_path: Path) -> None:
    (tmp_path / "own.json").write_text("{")
    with pytest.raises(ApplicationError, match=r"VOICE_SPACES_DIR: own\.json"):
        load_spaces(settings(voice_spaces_dir=tmp_path))
