"""A watched directory: new recordings, finished ones and failed ones."""

import hashlib
import os
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path

import platformdirs

from securetranscribe.cli import files
from securetranscribe.cli.recordings import found_in

_FIRST_PAUSE, _LONGEST_PAUSE = 10.0, 300.0
_MOST_ATTEMPTS = 5


@dataclass(kw_only=True)
class _Seen:
    """A file that has not been taken yet."""

    fingerprint: files.Fingerprint
    since: float
    not_before: float = 0.0
    attempts: int = 0


@dataclass(kw_only=True)
class Folder:
    """Recordings in a directory that have stopped growing, each of them once.

    Finished ones are moved to `done`, or else remembered in the user's state directory. Failed ones
    are moved to `failed`, with a text that has the reason.
    """

    path: Path
    done: Path | None
    failed: Path
    settle_seconds: float
    ledger: Path | None = None
    _seen: dict[str, _Seen] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        """Read the list of finished recordings."""
        self.path = self.path.resolve()
        self.done = None if self.done is None else self.path / self.done
        self.failed = self.path / self.failed
        name = hashlib.sha256(str(self.path).encode()).hexdigest()
        states = platformdirs.user_state_path("securetranscribe", appauthor=False)
        self._file = self.ledger or states / "watched" / f"{name}.json"
        known = files.read_json(self._file).get("done", {})
        self._finished: dict[str, list[int]] = dict(known)

    def ready(self) -> list[Path]:
        """Return recordings that are to be transcribed now."""
        now, found, names = time.monotonic(), [], set()
        for recording in found_in(self.path):
            names.add(recording.name)
            try:
                fingerprint = files.fingerprint(recording)
            except OSError:
                # It was removed in between.
                continue
            if self._finished.get(recording.name) == list(fingerprint):
                continue
            seen = self._seen.get(recording.name)
            if seen is None or seen.fingerprint != fingerprint:
                self._seen[recording.name] = _Seen(fingerprint=fingerprint, since=now)
            elif (
                fingerprint[0] > 0
                and now - seen.since >= self.settle_seconds
                and now >= seen.not_before
            ):
                found.append(recording)
        self._seen = {name: seen for name, seen in self._seen.items() if name in names}
        return found

    def finish(self, recording: Path, fingerprint: files.Fingerprint) -> bool:
        """Move or remember a recording finished as it was with a fingerprint.

        Return False for one that has changed since. It is taken again.
        """
        if files.has_changed(recording, fingerprint):
            return False
        if self.done is not None:
            _move(recording, self.done)
            return True
        self._finished[recording.name] = list(fingerprint)
        # Names that are gone need not be remembered.
        self._finished = {
            name: known for name, known in self._finished.items() if (self.path / name).exists()
        }
        files.write_json(self._file, {"directory": str(self.path), "done": self._finished})
        return True

    def set_aside(self, recording: Path, reason: str) -> Path:
        """Move a failed recording, and write the reason next to it. Return its new place."""
        moved = _move(recording, self.failed)
        files.write(moved.with_name(f"{moved.name}.error.txt"), f"{reason}\n".encode())
        return moved

    def postpone(self, recording: Path) -> float:
        """Take a recording again later. Return the seconds until then."""
        seen = self._seen.get(recording.name)
        if seen is None:
            return 0.0
        pause = min(_FIRST_PAUSE * 2.0**seen.attempts, _LONGEST_PAUSE)
        seen.attempts += 1
        seen.not_before = time.monotonic() + pause
        return pause

    def hopeless(self, recording: Path) -> bool:
        """Whether a recording was postponed too often."""
        seen = self._seen.get(recording.name)
        return seen is not None and seen.attempts >= _MOST_ATTEMPTS


def _move(path: Path, directory: Path) -> Path:
    """Move a file into a directory, under another name if its own is taken."""
    directory.mkdir(parents=True, exist_ok=True)
    target, number = directory / path.name, 2
    while os.path.lexists(target):
        target = directory / f"{path.stem}-{number}{path.suffix}"
        number += 1
    shutil.move(path, target)
    return target
