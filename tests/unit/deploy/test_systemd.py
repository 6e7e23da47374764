"""The units and the settings of their processes."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
UNIT = (ROOT / "deploy/systemd/securetranscribe@.service").read_text()
PROCESSES = sorted(path.stem for path in (ROOT / "deploy/systemd/env").glob("*.env"))
WORKERS = {"transcriber-worker-1", "transcriber-embedder", "diarizer-1"}


def variables(process: str) -> dict[str, str]:
    """Return the variables of a process. Its file takes precedence over the unit, as in systemd."""
    found: dict[str, str] = {}
    for line in UNIT.splitlines():
        if line.startswith("Environment="):
            items = line.removeprefix("Environment=").split()
            found |= dict(item.split("=", 1) for item in items)
    for line in (ROOT / f"deploy/systemd/env/{process}.env").read_text().splitlines():
        if line and not line.startswith("#"):
            name, _, value = line.partition("=")
            found[name] = value
    return found


@pytest.mark.parametrize("process", [name for name in PROCESSES if name != "common"])
def test_only_workers_have_no_secret_key(process: str) -> None:
    given = variables(process)
    assert (given["SECRET_KEY_FILE"] == "") == (process in WORKERS)
    assert given["SERVICE_KEY_FILE"] == "%d/own_service_key"
