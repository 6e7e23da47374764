"""Sizes and durations for people."""

import math

_UNITS = ("B", "KB", "MB", "GB", "TB")
_STEP = 1024


def file_size(size: int) -> str:
    """A size with one decimal, `1.0 MB`; units are powers of 1024."""
    value, unit = float(size), 0
    while value >= _STEP and unit < len(_UNITS) - 1:
        value /= _STEP
        unit += 1
    return f"{size} B" if unit == 0 else f"{value:.1f} {_UNITS[unit]}"


def compact_size(size: int) -> str:
    """A size as settings write it, `500MB`; rounded up, so that it never looks like less."""
    value, unit = float(size), 0
    while value >= _STEP and unit < len(_UNITS) - 1:
        value /= _STEP
        unit += 1
    rounded = math.ceil(value * 10) / 10
    return f"{rounded:.1f}".removesuffix(".0") + _UNITS[unit]


def duration(seconds: float) -> str:
    """Whole seconds as `00:02:00`; hours grow beyond 24."""
    whole = max(0, int(seconds))
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def hours(count: int) -> str:
    """`1 hour`, `2 hours`."""
    return f"{count} hour" if count == 1 else f"{count} hours"
