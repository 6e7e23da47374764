"""Lengths of time in settings and messages as text and back: `12h`, `90m`, `30s`."""

import re

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_PATTERN = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([smhd]?)\s*", re.IGNORECASE | re.ASCII)


def parse(text: str) -> float:
    """Return the seconds of `12h`, `1.5h`, `90m` or `43200`. Raise ValueError for anything else."""
    match = _PATTERN.fullmatch(text)
    if match is None:
        raise ValueError("write a length of time as 12h, 90m or a number of seconds")
    return float(match[1]) * _UNITS[match[2].lower()]


def compact(seconds: float) -> str:
    """Return a length in the form of a setting, in whole units: `12h`, `90m`, `45s`."""
    for unit in ("h", "m"):
        if seconds and seconds % _UNITS[unit] == 0:
            return f"{seconds // _UNITS[unit]:.0f}{unit}"
    return f"{seconds:g}s"


def clock(seconds: float) -> str:
    """Return a length as hours, minutes and seconds, rounded down: `12:00:05`."""
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"
