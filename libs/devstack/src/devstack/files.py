"""Data directory of a stack: private, with a fixed layout."""

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
    """Paths below the data directory, none of them readable by other users."""

    root: Path

    @property
    def lock(self) -> Path:
        """Pid of the stack using the directory, locked by it."""
        return self.root / "runner.pid"

    @property
    def credentials(self) -> Path:
        """Generated passwords and keys (JSON)."""
        return self.root / "credentials.json"

    @property
    def encryption_key(self) -> Path:
        """Encryption key of recordings, made once. Back it up apart from the rest."""
        return self.root / "encryption.key"

    @property
    def ports(self) -> Path:
        """Ports of the last start (JSON), reused if free."""
        return self.root / "ports.json"

    @property
    def state(self) -> Path:
        """Phase of the runner and addresses of all processes (JSON)."""
        return self.root / "state.json"

    @property
    def tls(self) -> Path:
        """Certificate authority of this machine, and the gateway's certificate."""
        return self.root / "tls"

    @property
    def run(self) -> Path:
        """Pid files and generated configuration."""
        return self.root / "run"

    @property
    def logs(self) -> Path:
        """One log per process."""
        return self.root / "logs"

    def log(self, name: str) -> Path:
        """Return the path of a process's log."""
        return self.logs / f"{name}.log"

    def pid_file(self, name: str) -> Path:
        """Return the path of a process's pid file."""
        return self.run / f"{name}.pid"

    def server(self, name: str) -> Path:
        """Return the path of a server's data."""
        return self.root / name

    def create(self) -> None:
        """Create the directory, `run` and `logs` unless they exist."""
        for path in (self.root, self.run, self.logs):
            path.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)


def write_private(path: Path, text: str) -> None:
    """Replace a file atomically. Its mode is 0600 at any time."""
    # mkstemp creates the file with mode 0600. Readers see either the old text or the new one.
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def read_object(path: Path) -> dict[str, object]:
    """Read a JSON object, empty if the file is missing or invalid."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return value if isinstance(value, dict) else {}


def write_object(path: Path, value: Mapping[str, object]) -> None:
    """Write a JSON object with `write_private`."""
    write_private(path, json.dumps(value, indent=1) + "\n")


def tail(path: Path, lines: int = 20) -> str:
    """Return the last lines of a log, at most 64 KiB, or an empty text without a log."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 65536))
            text = file.read().decode("utf-8", errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-lines:])


def lines_after(path: Path, place: int) -> tuple[list[str], int]:
    """Return the lines of a log after a byte position, and the position of its end.

    A log shorter than the position has been rotated, and is read from its start.
    """
    try:
        with path.open("rb") as file:
            file.seek(place if place <= path.stat().st_size else 0)
            text = file.read().decode("utf-8", errors="replace")
            return text.splitlines(), file.tell()
    except FileNotFoundError:
        return [], 0
