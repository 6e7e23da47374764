"""Times in imported files."""

import math
import re

from transcriber.imports.problems import problem, shown

#: Longest recording that times may belong to, in seconds.
LATEST_SECONDS = 1_000_000.0
_CLOCK = re.compile(r"(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})[.,](\d{1,6})", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)


def clock(text: str, line: int) -> float:
    """Return a time such as `00:01:05,250` or `01:05.250` in seconds.

    Raises:
        ValidationError: it is not a time.
    """
    found = _CLOCK.fullmatch(text)
    if found is None:
        raise problem(f"{shown(text)} is not a time such as 00:01:05,250.", line=line)
    hours, minutes, seconds, fraction = found.groups()
    whole = int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds)
    return whole + float(f"0.{fraction}")


def number(text: str, line: int, what: str = "time") -> float:
    """Return a decimal number.

    Raises:
        ValidationError: it is not a finite number of a usual size.
    """
    if len(text) <= 40 and _NUMBER.fullmatch(text):
        value = float(text)
        if math.isfinite(value) and abs(value) <= LATEST_SECONDS:
            return value
    raise problem(f"{shown(text)} is not a {what}.", line=line)
