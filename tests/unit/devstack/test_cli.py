from collections.abc import Callable
from pathlib import Path

import pytest

from devstack import cli
from devstack.files import DataDirectory

Run = Callable[..., tuple[object, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.chdir(tmp_path)
    for name in ("DEVSTACK_DATA_DIR", "PORT", "HOST"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str) -> tuple[object, str, str]:
        with pytest.raises(SystemExit) as caught:
            cli.main(arguments)
        captured = capsys.readouterr()
        return caught.value.code, captured.out, captured.err

    return run


def test_a_command_is_needed(run: Run) -> None:
    code, _, errors = run()
    assert code == 2
    assert "command" in errors


def test_an_invalid_variable_is_invalid_usage(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "many")
    code, _, errors = run("status")
    assert code == 2
    assert "error: PORT=many is not a whole number" in errors


def test_the_env_file_is_read(run: Run, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PORT=several\n")
    assert "PORT=several" in run("status")[2]


@pytest.mark.parametrize("command", ["status", "env"])
def test_commands_without_a_stack(run: Run, command: str, tmp_path: Path) -> None:
    code, _, errors = run(command)
    assert code == 3
    assert f"nothing is running in {tmp_path / '.data'}" in errors
    assert not (tmp_path / ".data").exists()


def test_down_without_a_stack_succeeds(run: Run, tmp_path: Path) -> None:
    code, said, _ = run("down")
    assert code == 0
    assert "nothing is running" in said


def test_logs_of_one_process_and_of_all(run: Run, tmp_path: Path) -> None:
    files = DataDirectory(root=tmp_path / "d")
    files.create()
    files.log("nats").write_text("1\n2\n[red]3\n")
    files.log("s3").write_text("x\n")
    assert run("--data-dir", "d", "logs", "nats", "-n", "2") == (0, "2\n[red]3\n", "")
    assert run("--data-dir", "d", "logs")[1] == "==> nats <==\n1\n2\n[red]3\n==> s3 <==\nx\n"


def test_following_all_logs_is_invalid_usage(run: Run) -> None:
    code, _, errors = run("logs", "--follow")
    assert code == 2
    assert "--follow needs a name" in errors


def test_an_unusable_data_directory_is_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    code, said, errors = run("--data-dir", "file", "up", "--servers-only", "--detach")
    assert (code, said) == (1, "")
    assert errors == f"error: {tmp_path / 'file/runner.pid'} cannot be used: Not a directory\n"


def test_an_unknown_log_lists_the_available_ones(run: Run, tmp_path: Path) -> None:
    files = DataDirectory(root=tmp_path / "d")
    files.create()
    files.log("nats").write_text("1\n")
    code, _, errors = run("--data-dir", "d", "logs", "gateway")
    assert code == 2
    assert "Available: nats" in errors
