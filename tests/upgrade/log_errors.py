"""Errors in the logs of services."""

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

_LEVELS = frozenset(("error", "critical"))


def errors(logs: Iterable[tuple[str, Path]]) -> Counter[str]:
    """Count the errors in logs, by process and event."""
    found: Counter[str] = Counter()
    for process, path in logs:
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            if (event := _error(line)) is not None:
                found[f"{process}: {event}"] += 1
    return found


def _error(line: str) -> str | None:
    """Return the event of a line, None unless it is an error or no entry of a log at all."""
    try:
        entry = json.loads(line)
    except ValueError:
        return "Traceback" if line.startswith("Traceback") else None
    if not isinstance(entry, dict) or str(entry.get("level")).lower() not in _LEVELS:
        return None
    return str(entry.get("event") or entry.get("message"))
