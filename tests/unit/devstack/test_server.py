from pathlib import Path

import pytest

from devstack import server
from devstack.errors import StartError


def test_a_missing_program_names_its_package(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StartError, match="weed is not installed: install the package seaweedfs"):
        server.program("weed")


def test_programs_next_to_the_interpreter_take_precedence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    for directory in (ours, theirs):
        directory.mkdir()
        (directory / "weed").touch(mode=0o755)
    monkeypatch.setattr("sys.executable", str(ours / "python"))
    monkeypatch.setenv("PATH", str(theirs))
    assert server.program("weed") == str(ours / "weed")


def test_servers_inherit_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hunter2")
    environment = server.server_environment(EXTRA="1")
    assert "HF_TOKEN" not in environment
    assert environment["EXTRA"] == "1"
    assert "PATH" in environment
