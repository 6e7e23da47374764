"""`.env.example` lists exactly the settings of the services."""

import re
from pathlib import Path

import pytest
from pydantic_settings import BaseSettings

from common import lengths, sizes
from diarizer.settings import DiarizerSettings
from exporter.settings import ExporterSettings
from gateway.settings import GatewaySettings
from speakers.settings import SpeakersSettings
from transcriber.settings import ApiSettings
from transcriber.worker.settings import SpeechWorkerSettings

ROOT = Path(__file__).parents[3]
SERVICES = (
    GatewaySettings,
    ApiSettings,
    SpeechWorkerSettings,
    DiarizerSettings,
    SpeakersSettings,
    ExporterSettings,
)
# Read by the stack on one machine instead of a service.
STACK = {"TRANSCRIBER_WORKERS", "DIARIZER_WORKERS", "TLS", "HTTPS_PORT"}


@pytest.fixture(scope="module")
def listed() -> dict[str, str]:
    lines = (ROOT / ".env.example").read_text().splitlines()
    return dict(re.findall(r"^#([A-Z0-9_]+)=(.*)$", "\n".join(lines), re.MULTILINE))


def _fields(settings: type[BaseSettings]) -> dict[str, object]:
    return {name.upper(): field.default for name, field in settings.model_fields.items()}


@pytest.mark.parametrize("settings", SERVICES)
def test_every_setting_is_listed(settings: type[BaseSettings], listed: dict[str, str]) -> None:
    assert set(_fields(settings)) <= set(listed)


def test_every_listed_variable_is_read(listed: dict[str, str]) -> None:
    read = {name for settings in SERVICES for name in _fields(settings)}
    assert {name for name in listed if not name.startswith("DEVSTACK_")} <= read | STACK


def _number(name: str, shown: str) -> float:
    if name == "MAX_FILE_SIZE":
        return sizes.parse(shown)
    return lengths.parse(shown) if name == "MAX_DURATION" else float(shown)


@pytest.mark.parametrize("settings", SERVICES)
def test_listed_defaults_are_correct(settings: type[BaseSettings], listed: dict[str, str]) -> None:
    for name, default in _fields(settings).items():
        shown = listed[name]
        if isinstance(default, bool):
            assert shown == str(default).lower(), name
        elif isinstance(default, int | float):
            assert _number(name, shown) == float(default), name
        elif isinstance(default, tuple):
            assert shown == ",".join(default), name
        elif isinstance(default, str):
            assert shown == default, name
