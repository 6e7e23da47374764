"""Limits that are set in .env reach the services that read them."""

import re
from typing import Any

import pytest
from pydantic_settings import BaseSettings

from diarizer.settings import DiarizerSettings
from gateway.settings import GatewaySettings
from tests.unit.deploy.compose_files import BASE, ROOT, read
from transcriber.settings import ApiSettings
from transcriber.worker.settings import SpeechWorkerSettings

SERVICES: dict[str, type[BaseSettings]] = {
    "gateway": GatewaySettings,
    "transcriber-api": ApiSettings,
    "transcriber-worker": SpeechWorkerSettings,
    "transcriber-worker-gpu": SpeechWorkerSettings,
    "diarizer": DiarizerSettings,
    "diarizer-gpu": DiarizerSettings,
}
SECTION = "Recordings and the queue"
OTHERS = {"ADMIN_TOKEN", "DIRECT_CALL_SECONDS", "SESSION_GRACE", "SESSION_TTL"}


def limits() -> set[str]:
    """Return the variables of the section about the queue in the documentation, and others."""
    text = (ROOT / "docs/configuration.md").read_text()
    section = text.partition(f"\n## {SECTION}\n")[2].partition("\n## ")[0]
    found = {*re.findall(r"^\| `([A-Z0-9_]+)` \|", section, re.MULTILINE)}
    assert "MAX_STORED_BYTES_PER_ADDRESS" in found
    return found | OTHERS


@pytest.mark.parametrize("name", SERVICES)
def test_limits_are_passed_on(name: str) -> None:
    services: dict[str, dict[str, Any]] = read(BASE)["services"]
    environment = services[name]["environment"]
    own = {field.upper() for field in SERVICES[name].model_fields}
    missing = (limits() & own) - environment.keys()
    assert not missing
