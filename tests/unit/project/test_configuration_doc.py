"""`docs/configuration.md` explains exactly the settings of the services."""

import re
from pathlib import Path

import pytest
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from common import lengths
from diarizer.settings import DiarizerSettings
from exporter.settings import ExporterSettings
from gateway.settings import GatewaySettings
from speakers.settings import SpeakersSettings
from transcriber.settings import ApiSettings
from transcriber.worker.settings import SpeechWorkerSettings

ROOT = Path(__file__).parents[3]
READERS: dict[str, type[BaseSettings]] = {
    "gateway": GatewaySettings,
    "api": ApiSettings,
    "worker": SpeechWorkerSettings,
    "diarizer": DiarizerSettings,
    "speakers": SpeakersSettings,
    "exporter": ExporterSettings,
}
GROUPS = {"all": set(READERS), "workers": {"worker", "diarizer"}}
# Read by the stack on one machine instead of a service.
STACK = {"TRANSCRIBER_WORKERS", "DIARIZER_WORKERS", "TLS", "HTTPS_PORT"}
REPLACED = "## Variables that earlier descriptions name"
_ROW = re.compile(r"^\| `([A-Z0-9_]+)` \| (.+?) \| (.+?) \| (.+) \|$", re.MULTILINE)


@pytest.fixture(scope="module")
def page() -> tuple[str, str]:
    """Return the parts about settings and about replaced variables."""
    text = (ROOT / "docs/configuration.md").read_text()
    explained, heading, replaced = text.partition(REPLACED)
    assert heading
    return explained, replaced


@pytest.fixture(scope="module")
def rows(page: tuple[str, str]) -> dict[str, tuple[str, str, str]]:
    """Return default, readers and meaning by variable."""
    found = _ROW.findall(page[0])
    names = [name for name, *_ in found]
    assert len(names) == len(set(names)), "a variable is explained twice"
    return {name: (default, readers, meaning) for name, default, readers, meaning in found}


def readers_of(text: str) -> set[str]:
    words = {word.strip() for word in text.split(",")}
    named = set().union(*(GROUPS.get(word, {word}) for word in words))
    return named & set(READERS)


def fields(settings: type[BaseSettings]) -> dict[str, FieldInfo]:
    return {name.upper(): field for name, field in settings.model_fields.items()}


@pytest.mark.parametrize("reader", READERS)
def test_readers_of_each_setting_are_correct(
    rows: dict[str, tuple[str, str, str]], reader: str
) -> None:
    said = {name for name, (_, readers, _) in rows.items() if reader in readers_of(readers)}
    assert said == set(fields(READERS[reader]))


@pytest.mark.parametrize("reader", READERS)
def test_defaults_are_correct(rows: dict[str, tuple[str, str, str]], reader: str) -> None:
    for name, field in fields(READERS[reader]).items():
        shown = rows[name][0].strip("`")
        assert shown == _written(name, field), name


def _written(name: str, field: FieldInfo) -> str:
    # A worker may have SERVICE_KEY instead of SECRET_KEY.
    if field.is_required() or name == "SECRET_KEY":
        return "required"
    default = field.default
    if name == "WORKER_ID":
        return "generated"
    if name == "MAX_FILE_SIZE":
        return f"{default // 1024**2}MB"
    if name == "MAX_DURATION":
        return lengths.compact(default)
    if hasattr(default, "get_secret_value"):
        default = default.get_secret_value()
    if default is None or default in ("", ()):
        return "none"
    if isinstance(default, bool):
        return str(default).lower()
    return ",".join(default) if isinstance(default, tuple) else str(default)


def test_page_and_example_file_have_the_same_variables(
    rows: dict[str, tuple[str, str, str]],
) -> None:
    example = (ROOT / ".env.example").read_text()
    assert set(rows) == set(re.findall(r"^#([A-Z0-9_]+)=", example, re.MULTILINE))


def test_replaced_variables_are_not_read(page: tuple[str, str]) -> None:
    read = {name for settings in READERS.values() for name in fields(settings)} | STACK
    first_columns = re.findall(r"^\| (`.+?) \|", page[1], re.MULTILINE)
    named = {name for column in first_columns for name in re.findall(r"`([A-Z_0-9]+)`", column)}
    assert {"MAX_WORKERS", "UPLOAD_DIR", "DATABASE_MAX_OVERFLOW"} <= named
    assert not named & read
