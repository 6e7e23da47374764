"""Places that recordings are taken from."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from securetranscribe.cli.files import Fingerprint
from securetranscribe.errors import SecureTranscribeError


class PlaceAwayError(SecureTranscribeError):
    """The place cannot be used for the moment."""


class PlaceRefusedError(SecureTranscribeError):
    """The place refuses the credentials, or does not exist."""


class Intake(Protocol):
    """A place with recordings, each of which is named by a local path.

    Methods that read or write there run in threads, for several recordings at once. They raise
    OSError, PlaceAwayError or PlaceRefusedError.
    """

    #: Seconds between two looks at the place, at least.
    pause_seconds: float

    def ready(self) -> list[Path]:
        """Return recordings that are to be transcribed now."""

    def fetch(self, recording: Path) -> None:
        """Make the local file of a recording."""

    def finish(
        self, recording: Path, fingerprint: Fingerprint, results: Sequence[str]
    ) -> Sequence[str] | None:
        """Move or remember a recording. Return the names of its results.

        Return None for a recording that has changed since. It is taken again.
        """

    def set_aside(self, recording: Path, reason: str) -> str:
        """Move a failed recording, and write the reason next to it. Return its new place."""

    def is_there(self, recording: Path) -> bool:
        """Whether a recording has not been removed."""

    def postpone(self, recording: Path) -> float:
        """Take a recording again later. Return the seconds until then."""

    def hopeless(self, recording: Path) -> bool:
        """Whether a recording was postponed too often."""
