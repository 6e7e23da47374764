"""Small files, written whole or not at all."""

import json
import os
import tempfile
from pathlib import Path
from typing import Any

#: Size and time of change of a file. Another one stands for other content.
Fingerprint = tuple[int, int]


def fingerprint(path: Path) -> Fingerprint:
    """Return the fingerprint of a file."""
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns


def has_changed(path: Path, known: Fingerprint) -> bool:
    """Whether a file has changed. One that is gone has not."""
    try:
        return fingerprint(path) != known
    except FileNotFoundError:
        return False


def set_time(path: Path, seconds: float) -> None:
    """Set the time of the last change, in seconds since 1970."""
    os.utime(path, (seconds, seconds))


def write(path: Path, data: bytes, *, private: bool = False) -> None:
    """Replace a file. A private one is readable for its owner only.

    An interruption leaves the former file.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700 if private else 0o777)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".securetranscribe-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        if not private:
            os.chmod(name, 0o666 & ~_umask())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def write_json(path: Path, data: Any) -> None:
    """Replace a private file."""
    write(path, json.dumps(data, ensure_ascii=False, indent=1).encode(), private=True)


def read_json(path: Path) -> dict[str, Any]:
    """Return the object in a file, empty if there is none or it is damaged."""
    try:
        data = json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
