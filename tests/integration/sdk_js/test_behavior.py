"""Behavior of the packed JavaScript client, against servers whose answers a test decides."""

import re
import shutil
from pathlib import Path

import pytest

from tests import sdk_js

_HERE = Path(__file__).parent
_SCRIPTS = sorted(path.name for path in _HERE.glob("*.test.mjs"))


@pytest.fixture(scope="module")
def scripts(project: Path) -> Path:
    """Put the scripts into the project."""
    for path in _HERE.glob("*.mjs"):
        shutil.copy(path, project)
    return project


def _run(scripts: Path, name: str, *options: str) -> None:
    """Run all tests of a script. Fail if one of them did not pass."""
    expected = len(re.findall(r"^test\(", (_HERE / name).read_text(), re.MULTILINE))
    output = sdk_js.node(*options, "--test", "--test-reporter=tap", name, cwd=scripts)
    assert re.findall(r"^# pass (\d+)$", output, re.MULTILINE) == [str(expected)]


@pytest.mark.parametrize("name", _SCRIPTS)
def test_behavior(scripts: Path, name: str) -> None:
    _run(scripts, name)


@pytest.mark.parametrize("name", ["live.test.mjs", "live_session.test.mjs"])
def test_own_websocket(scripts: Path, name: str) -> None:
    """Node.js 20 has no WebSocket, so that the client's own is used."""
    option = "--no-experimental-websocket"
    probe = "process.exitCode = typeof WebSocket === 'undefined' ? 0 : 1"
    sdk_js.node(option, "-e", probe, cwd=scripts)
    _run(scripts, name, option)
