"""Finished recordings that stay in their place, remembered across runs."""

import hashlib
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import platformdirs

from securetranscribe.cli import files

Mark = Sequence[int | str]


class Ledger:
    """Marks of finished recordings of one place, in the user's state directory.

    A mark stands for the content, such as size and time of change.
    """

    def __init__(self, place: str, file: Path | None = None) -> None:
        name = hashlib.sha256(place.encode()).hexdigest()
        states = platformdirs.user_state_path("securetranscribe", appauthor=False)
        self._file = file or states / "watched" / f"{name}.json"
        self._place = place
        self._lock = threading.Lock()
        self._finished: dict[str, list[int | str]] = dict(
            files.read_json(self._file).get("done", {})
        )

    def knows(self, name: str, mark: Mark) -> bool:
        """Whether a recording was finished with this content."""
        return self._finished.get(name) == list(mark)

    def note(self, name: str, mark: Mark, *, is_there: Callable[[str], bool]) -> None:
        """Remember a recording, and forget those that are gone."""
        with self._lock:
            known = {**self._finished, name: list(mark)}
            self._finished = {
                other: mark for other, mark in known.items() if other == name or is_there(other)
            }
            files.write_json(self._file, {"directory": self._place, "done": self._finished})
