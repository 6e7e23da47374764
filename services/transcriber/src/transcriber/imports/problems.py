"""Faults of imported files, with the place where they are."""

from collections import Counter

from common.errors import ValidationError

_FIELD = "content"
#: Most characters of a file that an error repeats.
_MOST_SHOWN = 60


def problem(message: str, *, line: int = 0) -> ValidationError:
    """Return the error for a file, with the number of the line from 1 if it is known."""
    place = f"Line {line}: " if line else ""
    error = ValidationError.of(_FIELD, f"{place}{message}")
    if line:
        error.details["line"] = str(line)
    return error


def shown(text: str) -> str:
    """Return a part of a file as an error repeats it."""
    short = text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"
    return repr(short)


class Omissions:
    """Counts content that is left out, and describes it in sentences."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def add(self, what: str, count: int = 1) -> None:
        """Count content under a description, such as `cues without text`."""
        self._counts[what] += count

    def notes(self) -> tuple[str, ...]:
        """Return a sentence per description."""
        return tuple(f"Left out: {count} {what}." for what, count in self._counts.items() if count)
