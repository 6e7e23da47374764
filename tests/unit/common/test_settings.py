from pathlib import Path

import pytest
from pydantic import SecretStr

from common import settings
from common.settings import (
    Bytes,
    Length,
    NameList,
    ObjectSettings,
    PostgresSettings,
    Seconds,
    ServiceSettings,
)

SECRET = "k" * 32


class Everything(ServiceSettings, PostgresSettings, ObjectSettings):
    max_file_size: Bytes = 500
    allowed_hosts: NameList = ("*",)
    pause: Seconds = 1
    max_duration: Length = 60


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Everything.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("SECRET_KEY", SECRET)
    monkeypatch.setenv("GRPC_PORT", "50051")
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:p@localhost/db")
    monkeypatch.setenv("S3_ENDPOINT", "http://127.0.0.1:9000")
    monkeypatch.setenv("S3_ACCESS_KEY", "access")
    monkeypatch.setenv("S3_SECRET_KEY", "hush")


def test_settings_are_read_from_upper_case_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAX_FILE_SIZE", "2GB")
    monkeypatch.setenv("ALLOWED_HOSTS", "a.example, b.example,,")
    monkeypatch.setenv("MAX_DURATION", "1.5h")

    loaded = settings.load(Everything)

    assert loaded.grpc_port == 50051
    assert loaded.max_file_size == 2 * 1024**3
    assert loaded.max_duration == 5400
    assert loaded.allowed_hosts == ("a.example", "b.example")
    assert loaded.s3_bucket_audio == "audio"


def test_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    # With several bases, the last one must not undo it.
    monkeypatch.setenv("GRPC_TLS_CERT", "")
    monkeypatch.setenv("DATABASE_POOL_SIZE", "")
    monkeypatch.setenv("LOG_LEVEL", "")

    loaded = settings.load(Everything)

    assert loaded.grpc_tls_cert is None
    assert loaded.database_pool_size == 10
    assert loaded.log_level == "INFO"


def test_settings_are_immutable(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = settings.load(Everything)

    with pytest.raises(ValueError, match="frozen"):
        setattr(loaded, "grpc_port", 1)  # noqa: B010 - what type checkers refuse


def test_secrets_are_not_shown() -> None:
    shown = repr(settings.load(Everything))

    assert SECRET not in shown
    assert "hush" not in shown
    assert "u:p@" not in shown


def refused(capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as exit_:
        settings.load(Everything)
    assert exit_.value.code == 2
    return capsys.readouterr().err


def test_every_invalid_variable_has_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("GRPC_PORT")
    monkeypatch.setenv("SECRET_KEY", "short-and-secret")
    monkeypatch.setenv("MAX_FILE_SIZE", "large")
    monkeypatch.setenv("LOG_LEVEL", "LOUD")

    said = refused(capsys)

    assert "configuration: GRPC_PORT: is not set" in said
    assert "configuration: SECRET_KEY: " in said
    assert "configuration: MAX_FILE_SIZE: " in said
    assert "write a size as 500MB" in said
    assert "configuration: LOG_LEVEL: " in said
    assert len(said.splitlines()) == 4
    assert "short-and-secret" not in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GRPC_PORT", "70000"),
        ("GRPC_PORT", "x"),
        ("DATABASE_POOL_SIZE", "1"),
        ("S3_ENDPOINT", "127.0.0.1:9000"),
        ("S3_ENDPOINT", "http://host/bucket"),
        ("SHUTDOWN_GRACE_SECONDS", "0"),
        ("PAUSE", "inf"),
        ("PAUSE", "nan"),
        ("LOG_FORMAT", "xml"),
        ("MAX_FILE_SIZE", "0"),
        ("MAX_DURATION", "0h"),
        ("MAX_DURATION", "soon"),
    ],
)
def test_values_out_of_range_are_rejected(
    name: str,
    value: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(name, value)

    assert f"configuration: {name}: " in refused(capsys)


@pytest.mark.parametrize("name", ["GRPC_TLS_CERT", "GRPC_TLS_KEY"])
def test_certificate_without_key_is_rejected(
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "half.pem"
    file.write_text("x")
    monkeypatch.setenv(name, str(file))

    assert "GRPC_TLS_CERT and GRPC_TLS_KEY must be set together" in refused(capsys)


def test_missing_file_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / "none.pem"
    monkeypatch.setenv("GRPC_TLS_CA", str(missing))

    assert f"{missing} does not exist" in refused(capsys)


def test_list_is_accepted_as_a_list() -> None:
    given = Everything(secret_key=SecretStr(SECRET), grpc_port=1, allowed_hosts=("a", "b"))

    assert given.allowed_hosts == ("a", "b")


@pytest.mark.parametrize(
    ("debug", "expected"), [("false", ("WARNING", "json")), ("true", ("DEBUG", "console"))]
)
def test_debug_mode_logs_everything_to_the_console(
    monkeypatch: pytest.MonkeyPatch, debug: str, expected: tuple[str, str]
) -> None:
    monkeypatch.setenv("LOG_LEVEL", "WARNING")
    monkeypatch.setenv("DEBUG", debug)

    assert settings.load(Everything).log_level_and_format == expected
