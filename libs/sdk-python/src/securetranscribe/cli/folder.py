"""A watched directory: new recordings, finished ones and failed ones."""

import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from securetranscribe.cli import files
from securetranscribe.cli.attempts import Attempts
from securetranscribe.cli.ledger import Ledger
from securetranscribe.cli.recordings import found_in


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """A file that has not been taken yet."""

    fingerprint: files.Fingerprint
    since: float


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
    pause_seconds: float = 0.0
    _attempts: Attempts = field(default_factory=Attempts, init=False)
    _seen: dict[str, _Seen] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        """Read the list of finished recordings."""
        self.path = self.path.resolve()
        self.done = None if self.done is None else self.path / self.done
        self.failed = self.path / self.failed
        self._finished = Ledger(str(self.path), self.ledger)

    def __str__(self) -> str:
        return str(self.path)

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
            if self._finished.knows(recording.name, fingerprint):
                continue
            seen = self._seen.get(recording.name)
            if seen is None or seen.fingerprint != fingerprint:
                self._seen[recording.name] = _Seen(fingerprint=fingerprint, since=now)
                self._attempts.forget(recording.name)
            elif (
                fingerprint[0] > 0
                and now - seen.since >= self.settle_seconds
                and self._attempts.may_begin(recording.name)
            ):
                found.append(recording)
        for name in self._seen.keys() - names:
            del self._seen[name]
            self._attempts.forget(name)
        return found

    def fetch(self, recording: Path) -> None:
        """Do nothing, since the file is here."""

    def is_there(self, recording: Path) -> bool:
        """Whether a recording is still in the directory."""
        return os.path.lexists(recording)

    def postpone(self, recording: Path) -> float:
        """Take a recording again later. Return the seconds until then."""
        return self._attempts.postpone(recording.name)

    def hopeless(self, recording: Path) -> bool:
        """Whether a recording was postponed too often."""
        return self._attempts.hopeless(recording.name)

    def finish(
        self, recording: Path, fingerprint: files.Fingerprint, results: Sequence[str]
    ) -> Sequence[str] | None:
        """Move or remember a recording finished as it was with a fingerprint.

        Return the names of its results, or None for a recording that has changed since. It is taken
        again.
        """
        if files.has_changed(recording, fingerprint):
            return None
        if self.done is not None:
            _move(recording, self.done)
        else:
            self._finished.note(
                recording.name, fingerprint, is_there=lambda name: (self.path / name).exists()
            )
        return results

    def set_aside(self, recording: Path, reason: str) -> str:
        """Move a failed recording, and write the reason next to it. Return its new place."""
        moved = _move(recording, self.failed)
        files.write(moved.with_name(f"{moved.name}.error.txt"), f"{reason}\n".encode())
        return str(moved)


def _move(path: Path, directory: Path) -> Path:
    """Move a file into a directory, under another name if its own is taken."""
    directory.mkdir(parents=True, exist_ok=True)
    target, number = directory / path.name, 2
    while os.path.lexists(target):
        target = directory / f"{path.stem}-{number}{path.suffix}"
        number += 1
    shutil.move(path, target)
    return target
