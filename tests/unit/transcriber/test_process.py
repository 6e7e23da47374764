"""Command line, settings and imports of the api process."""

import subprocess
import sys

import pytest

from common import settings
from transcriber.settings import ApiSettings

_LEARNING = ("torch", "ctranslate2", "faster_whisper", "pyannote", "onnxruntime")


def test_api_does_not_load_model_libraries() -> None:
    code = (
        "import sys, transcriber.app; "
        f"print([name for name in {_LEARNING!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "transcriber", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_command_is_required_and_help_lists_them() -> None:
    without = run()
    assert without.returncode == 2
    assert "required: COMMAND" in without.stderr
    listed = run("--help").stdout
    assert all(name in listed for name in ("api", "worker", "migrate", "set-aside"))


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in {
        "SECRET_KEY": "x" * 40,
        "DATABASE_URL": "postgresql://localhost/x",
        "S3_ENDPOINT": "http://localhost:9000",
        "S3_ACCESS_KEY": "key",
        "S3_SECRET_KEY": "secret",
        "ENCRYPTION_KEY": "0" * 64,
        "GRPC_PORT": "0",
    }.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_documented_variables_are_read(environment: pytest.MonkeyPatch) -> None:
    for name, value in {
        "MAX_FILE_SIZE": "2GB",
        "MAX_DURATION": "90m",
        "QUEUE_SIZE": "20",
        "PROCESSING_TIMEOUT": "7200",
        "CLEANUP_DELAY": "0",
    }.items():
        environment.setenv(name, value)
    read = settings.load(ApiSettings)
    assert (read.max_file_size, read.queue_size) == (2 * 1024**3, 20)
    assert read.max_duration == 90 * 60
    assert (read.processing_timeout, read.cleanup_delay) == (7200, 0)


def test_documented_defaults(environment: pytest.MonkeyPatch) -> None:
    read = settings.load(ApiSettings)
    assert read.max_file_size == 500 * 1024**2
    assert read.max_duration == 12 * 3600
    assert (read.processing_timeout, read.cleanup_delay) == (3600, 3600)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("QUEUE_SIZE", "0"),
        ("MAX_FILE_SIZE", "lots"),
        ("MAX_DURATION", "long"),
        ("MAX_DURATION", "0"),
        ("CLEANUP_DELAY", "-1"),
    ],
)
def test_invalid_variable_ends_process_and_is_named(
    environment: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    value: str,
) -> None:
    environment.setenv(name, value)
    with pytest.raises(SystemExit):
        settings.load(ApiSettings)
    assert name in capsys.readouterr().err
