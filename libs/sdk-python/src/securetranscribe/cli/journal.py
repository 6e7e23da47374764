"""Unfinished work, continued by the next run after an interruption."""

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import platformdirs

from securetranscribe.cli import files

_LONGEST_SECONDS = 30 * 86_400


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A recording at work."""

    path: str
    token: str | None = None
    upload_id: str | None = None
    transcription_id: int | None = None
    #: Result files by format, once their names are chosen.
    outputs: Mapping[str, str] | None = None


class Journal:
    """Entries of recordings, each in a file readable for its owner only.

    A recording is found again by its path, size and time of change, its server and its options.
    """

    def __init__(self, directory: Path | None = None) -> None:
        self._directory = directory or (
            platformdirs.user_state_path("securetranscribe", appauthor=False) / "unfinished"
        )

    def key(self, recording: Path, url: str, options: Mapping[str, Any]) -> str:
        """Return the key of a recording."""
        stat = recording.stat()
        known = [str(recording.resolve()), stat.st_size, stat.st_mtime_ns, url, dict(options)]
        return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()

    def find(self, key: str) -> Entry | None:
        """Return an entry."""
        try:
            return Entry(**files.read_json(self._path(key)))
        except TypeError:
            return None

    def note(self, key: str, entry: Entry, **changes: Any) -> Entry:
        """Store an entry with changes."""
        changed = replace(entry, **changes)
        files.write_json(self._path(key), asdict(changed))
        return changed

    def remove(self, key: str) -> None:
        """Remove an entry."""
        self._path(key).unlink(missing_ok=True)

    def clean(self) -> None:
        """Remove entries that nobody has continued for a month."""
        oldest = time.time() - _LONGEST_SECONDS
        for path in self._directory.glob("*.json"):
            if path.stat().st_mtime < oldest:
                path.unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return self._directory / f"{key}.json"
