import pytest

from common import settings
from diarizer.engines.registry import ENGINES
from diarizer.settings import DiarizerSettings

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
    monkeypatch.delenv("DIARIZATION_ENGINE", raising=False)


def test_default_engine_exists() -> None:
    assert settings.load(DiarizerSettings).diarization_engine in ENGINES.modules


def test_unknown_engine_ends_the_process_with_the_names_that_exist(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DIARIZATION_ENGINE", "parrot")
    with pytest.raises(SystemExit) as ended:
        settings.load(DiarizerSettings)
    assert ended.value.code == 2
    message = capsys.readouterr().err
    assert "DIARIZATION_ENGINE" in message
    assert f"no engine 'parrot', only {', '.join(sorted(ENGINES.modules))}" in message
