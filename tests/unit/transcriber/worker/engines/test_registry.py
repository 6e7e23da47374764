import pytest

from common import settings
from transcriber.worker.engines.registry import ENGINES
from transcriber.worker.settings import SpeechWorkerSettings

REQUIRED = {
    "SECRET_KEY": "x" * 32,
    "GRPC_PORT": "0",
    "S3_ENDPOINT": "http://127.0.0.1:1",
    "S3_ACCESS_KEY": "a",
    "S3_SECRET_KEY": "b",
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in REQUIRED.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("SPEECH_ENGINE", raising=False)


def test_default_engine_exists() -> None:
    assert settings.load(SpeechWorkerSettings).speech_engine in ENGINES.modules


def test_unknown_engine_ends_the_process_with_the_names_that_exist(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SPEECH_ENGINE", "parrot")
    with pytest.raises(SystemExit) as ended:
        settings.load(SpeechWorkerSettings)
    assert ended.value.code == 2
    message = capsys.readouterr().err
    assert "SPEECH_ENGINE" in message
    assert f"no engine 'parrot', only {', '.join(sorted(ENGINES.modules))}" in message
