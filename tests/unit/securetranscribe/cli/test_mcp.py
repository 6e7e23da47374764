"""The command `mcp` before a client is there."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from securetranscribe import cli


@pytest.fixture(autouse=True)
def new_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("SECURETRANSCRIBE_TOKEN", raising=False)


def test_a_token_is_needed(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["mcp"]) == 2
    assert "securetranscribe login" in capsys.readouterr().err


def test_missing_directories_are_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    assert cli.main(["--token", "t", "mcp", "--directory", str(missing)]) == 2
    assert str(missing) in capsys.readouterr().err


def test_the_extra_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "mcp", None)
    assert cli.main(["--token", "t", "mcp"]) == 2
    assert "securetranscribe[mcp]" in capsys.readouterr().err


def test_ctrl_c_ends_it_while_it_waits_for_input() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "securetranscribe.cli", "--token", "t", "mcp"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    ping = b'{"jsonrpc": "2.0", "id": 1, "method": "ping"}\n'
    process.stdin.write(ping)
    process.stdin.flush()
    # The answer tells that it serves.
    assert process.stdout.readline()
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == -signal.SIGINT
    process.stdin.close()
    process.stdout.close()
