"""Clocks of single processes, turned with libfaketime where it is installed.

Only the time of day is turned. Monotonic clocks go on, as when an administrator or NTP sets the
time of a machine.
"""

import os
from collections.abc import Mapping
from pathlib import Path

_PLACES = (
    "/usr/lib/*/faketime/libfaketimeMT.so.1",
    "/usr/lib64/faketime/libfaketimeMT.so.1",
    "/usr/local/lib/faketime/libfaketimeMT.so.1",
)
_RIGHT = "+0"


def library() -> Path | None:
    """Return the library, None if the package `libfaketime` is not installed."""
    found = (path for place in _PLACES for path in Path("/").glob(place.lstrip("/")))
    return next(found, None)


def turned(directory: Path, process: str, variables: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of a process whose clock a file of the directory turns."""
    path = library()
    if path is None:
        return dict(variables)
    turn(directory, process, 0.0)
    paths = (str(Path(__file__).parent / "clock_fixes"), variables.get("PYTHONPATH"))
    return {
        **variables,
        "LD_PRELOAD": str(path),
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "FAKETIME_TIMESTAMP_FILE": str(_file(directory, process)),
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_DONT_RESET": "1",
        "FAKETIME_CACHE_DURATION": "1",
    }


def turn(directory: Path, process: str, seconds: float) -> None:
    """Set a clock ahead by some seconds (behind if negative). 0 sets it right."""
    path = _file(directory, process)
    fresh = path.with_suffix(".new")
    fresh.write_text(f"{seconds:+.0f}\n" if seconds else f"{_RIGHT}\n")
    fresh.replace(path)


def _file(directory: Path, process: str) -> Path:
    return directory / f"{process}.clock"
