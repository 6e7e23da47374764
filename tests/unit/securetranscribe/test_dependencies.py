"""The client alone stays small: its dependencies, and the modules that it loads."""

import importlib.metadata
import re
import subprocess
import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[3]
_MEBIBYTE = 2**20
#: Everything that `pipx install ./libs/sdk-python` installs on Linux with Python 3.11.
EXPECTED = {
    "anyio",
    "googleapis-common-protos",
    "grpcio",
    "h11",
    "httpcore2",
    "httpx2",
    "idna",
    "markdown-it-py",
    "mdurl",
    "platformdirs",
    "protobuf",
    "pygments",
    "rich",
    "truststore",
    "typing-extensions",
    "websockets",
}


def _name(text: str) -> str:
    return re.sub(r"[-_.]+", "-", text).lower()


def _closure(requirements: list[str]) -> set[str]:
    found: set[str] = set()
    waiting = [Requirement(text) for text in requirements]
    while waiting:
        requirement = waiting.pop()
        marker = requirement.marker
        if marker is not None and not marker.evaluate({"extra": ""}):
            continue
        if (name := _name(requirement.name)) not in found:
            found.add(name)
            waiting += map(Requirement, importlib.metadata.requires(name) or ())
    return found


def _dependencies() -> list[str]:
    text = (ROOT / "libs/sdk-python/pyproject.toml").read_text(encoding="utf-8")
    found: list[str] = tomllib.loads(text)["project"]["dependencies"]
    return found


def test_nothing_large_is_installed_with_the_client() -> None:
    names = _closure(_dependencies())
    assert names - EXPECTED == set()
    paths = (Path(path.locate()) for name in names for path in importlib.metadata.files(name) or ())
    size = sum(path.stat().st_size for path in paths if path.is_file())
    assert size < 60 * _MEBIBYTE


def test_stubs_load_no_client() -> None:
    code = "import securetranscribe.v1, sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = set(done.stdout.split())
    assert not loaded & {"httpx2", "websockets", "rich", "securetranscribe.client"}


def test_commands_load_nothing_of_the_services() -> None:
    code = "import securetranscribe.cli.main, sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert not loaded & {"common", "gateway", "torch", "numpy", "pydantic", "minio", "mcp"}
