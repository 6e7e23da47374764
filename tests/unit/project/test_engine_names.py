"""Variables that name an engine, in the settings of each kind of worker."""

from typing import Any

import pytest

from common import settings
from common.engines import EngineRegistry
from common.tasks.service import WorkerSettings
from diarizer.engines.registry import ENGINES as DIARIZATION
from diarizer.settings import DiarizerSettings
from transcriber.worker.engines.registry import ENGINES as RECOGNITION
from transcriber.worker.settings import SpeechWorkerSettings

REQUIRED = {
    "SECRET_KEY": "x" * 32,
    "GRPC_PORT": "0",
    "S3_ENDPOINT": "http://127.0.0.1:1",
    "S3_ACCESS_KEY": "a",
    "S3_SECRET_KEY": "b",
}

pytestmark = pytest.mark.parametrize(
    ("worker", "variable", "engines"),
    [
        (SpeechWorkerSettings, "SPEECH_ENGINE", RECOGNITION),
        (DiarizerSettings, "DIARIZATION_ENGINE", DIARIZATION),
    ],
)


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    for name, value in REQUIRED.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv(variable, raising=False)


def test_default_engine_exists(
    worker: type[WorkerSettings], variable: str, engines: EngineRegistry[Any]
) -> None:
    assert getattr(settings.load(worker), variable.lower()) in engines.modules


def test_unknown_engine_ends_the_process_with_the_names_that_exist(
    worker: type[WorkerSettings],
    variable: str,
    engines: EngineRegistry[Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(variable, "parrot")
    with pytest.raises(SystemExit) as ended:
        settings.load(worker)
    assert ended.value.code == 2
    message = capsys.readouterr().err
    assert variable in message
    assert f"no engine 'parrot', only {', '.join(sorted(engines.modules))}" in message
