"""Where a stack keeps its things: one private directory with a fixed layout."""

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PRIVATE_DIRECTORY = 0o700
PRIVATE_FILE = 0o600


@dataclass(frozen=True, kw_only=True)
class DataDirectory:
    """Paths below the data directory. Nothing here is readable by other users."""

    root: Path

    @property
    def lock(self) -> Path:
        """Locked, and naming the pid, for as long as a stack uses the directory."""
        return self.root / "runner.pid"

    @property
    def credentials(self) -> Path:
        """Generated passwords and keys (JSON)."""
        return self.root / "credentials.json"

    @property
    def ports(self) -> Path:
        """Ports of the last start (JSON), taken again when they are still free."""
        return self.root / "ports.json"

    @property
    def state(self) -> Path:
        """What the runner is doing and where everything listens (JSON)."""
        return self.root / "state.json"

    @property
    def run(self) -> Path:
        """Pid files, generated configuration."""
        return self.root / "run"

    @property
    def logs(self) -> Path:
        """One log a process."""
        return self.root / "logs"

    def log(self, name: str) -> Path:
        """Path of the log of a process."""
        return self.logs / f"{name}.log"

    def pid_file(self, name: str) -> Path:
        """Path of the pid file of a process."""
        return self.run / f"{name}.pid"

    def server(self, name: str) -> Path:
        """Path of a server's own data."""
        return self.root / name

    def create(self) -> None:
        """Make the directory, `run` and `logs` where missing."""
        for path in (self.root, self.run, self.logs):
            path.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)


def write_private(path: Path, text: str) -> None:
    """Replace a file in one step, with mode 0600 from its first byte on."""
    # mkstemp makes the file 0600; a reader sees the old text or the new, never a half.
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def read_object(path: Path) -> dict[str, object]:
    """Read a JSON object; an empty one when the file is missing or not one."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return value if isinstance(value, dict) else {}


def write_object(path: Path, value: Mapping[str, object]) -> None:
    """Write a JSON object with `write_private`."""
    write_private(path, json.dumps(value, indent=1) + "\n")


def tail(path: Path, lines: int = 20) -> str:
    """Last lines of a log; empty when there is none. Reads at most the last 64 KiB."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 65536))
            text = file.read().decode("utf-8", errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-lines:])


def lines_after(path: Path, place: int) -> tuple[list[str], int]:
    """Return the lines of a log after a byte position, and the position of its end.

    A log that is shorter than the position has been rotated, and is read from its start.
    """
    try:
        with path.open("rb") as file:
            file.seek(place if place <= path.stat().st_size else 0)
            text = file.read().decode("utf-8", errors="replace")
            return text.splitlines(), file.tell()
    except FileNotFoundError:
        return [], 0
