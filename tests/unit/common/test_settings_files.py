from pathlib import Path

import pytest
from pydantic import SecretStr
from pydantic_settings import SettingsError

from common.settings import Bytes, NameList, Settings, load


class Example(Settings):
    secret_key: SecretStr
    hosts: NameList = ()
    limit: Bytes = 1024
    port: int = 5


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_text("  correct horse\n")
    return path


def test_value_comes_from_the_named_file(monkeypatch: pytest.MonkeyPatch, secret: Path) -> None:
    monkeypatch.setenv("SECRET_KEY_FILE", str(secret))
    assert Example().secret_key.get_secret_value() == "correct horse"


def test_file_values_are_validated_like_variables(
    monkeypatch: pytest.MonkeyPatch, secret: Path, tmp_path: Path
) -> None:
    monkeypatch.setenv("SECRET_KEY_FILE", str(secret))
    for name, text in {"hosts": "a, b\n", "limit": "2KB\n", "port": "77"}.items():
        path = tmp_path / name
        path.write_text(text)
        monkeypatch.setenv(f"{name.upper()}_FILE", str(path))
    settings = Example()
    assert settings.hosts == ("a", "b")
    assert settings.limit == 2048
    assert settings.port == 77


def test_arguments_take_precedence_over_files(
    monkeypatch: pytest.MonkeyPatch, secret: Path
) -> None:
    monkeypatch.setenv("SECRET_KEY_FILE", str(secret))
    assert Example(secret_key=SecretStr("given")).secret_key.get_secret_value() == "given"


def test_empty_file_counts_as_not_set(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, secret: Path
) -> None:
    empty = tmp_path / "empty"
    empty.write_text("\n")
    monkeypatch.setenv("SECRET_KEY_FILE", str(secret))
    monkeypatch.setenv("PORT_FILE", str(empty))
    assert Example().port == 5


def test_variable_and_file_together_are_rejected(
    monkeypatch: pytest.MonkeyPatch, secret: Path
) -> None:
    monkeypatch.setenv("SECRET_KEY", "other")
    monkeypatch.setenv("SECRET_KEY_FILE", str(secret))
    with pytest.raises(SettingsError, match="SECRET_KEY: is set twice"):
        Example()


def test_process_ends_with_the_name_of_the_unreadable_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SECRET_KEY_FILE", str(tmp_path / "missing"))
    with pytest.raises(SystemExit) as ended:
        load(Example)
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert "SECRET_KEY_FILE: cannot read" in said
    assert "No such file" in said


def test_binary_file_is_rejected_without_quoting_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe hidden")
    monkeypatch.setenv("SECRET_KEY_FILE", str(binary))
    with pytest.raises(SystemExit):
        load(Example)
    said = capsys.readouterr().err
    assert "not UTF-8" in said
    assert "hidden" not in said
