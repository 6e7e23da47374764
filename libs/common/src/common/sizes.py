"""Sizes in bytes as text and back. Units are powers of 1024, as in `MAX_FILE_SIZE`."""

import re
from collections.abc import Callable
from math import ceil

_UNITS = ("B", "KB", "MB", "GB", "TB")
_STEP = 1024
#: Of a number. Hundreds would be infinite.
_MOST_DIGITS = 30
_PATTERN = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)I?B?\s*", re.IGNORECASE)


def parse(text: str) -> int:
    """Return the bytes of `500MB`, `1.5 GiB` or `1024`. Raise ValueError for anything else."""
    match = _PATTERN.fullmatch(text)
    if match is None or len(match[1]) > _MOST_DIGITS:
        raise ValueError("write a size as 500MB, 2GB or a number of bytes")
    exponent = ["", "K", "M", "G", "T"].index(match[2].upper())
    return int(float(match[1]) * _STEP**exponent)


def readable(size: int) -> str:
    """Return a size in readable form, with one decimal: `512 B`, `1.0 MB`."""
    value, unit = _scaled(size, round)
    return f"{size} B" if unit == "B" else f"{value:.1f} {unit}"


def compact(size: int) -> str:
    """Return a size in the form of a setting: `500MB`, `1.5GB`.

    It is rounded up, so that a file slightly over a limit is never reported with the limit's size.
    """
    value, unit = _scaled(size, ceil)
    return f"{value:.1f}".removesuffix(".0") + unit


def _scaled(size: int, rounded: Callable[[float], int]) -> tuple[float, str]:
    """Return the value, with one decimal, in the largest unit of which there is at least one."""
    tenths, unit = size * 10, 0
    while tenths >= _STEP * 10 and unit < len(_UNITS) - 1:
        unit += 1
        tenths = rounded(size * 10 / _STEP**unit)
    return tenths / 10, _UNITS[unit]
