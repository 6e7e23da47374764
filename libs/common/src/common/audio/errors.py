"""Faults of recordings."""

from common.errors import AudioProcessingError


class AudioError(AudioProcessingError):
    """An unusable recording. The message gives the reason, without paths or content."""


class UndecodableAudioError(AudioError):
    """Looks like audio, but nothing in it can be decoded."""


class EmptyAudioError(UndecodableAudioError):
    """Holds no sound at all: no bytes, or a container without samples."""


class NoAudioStreamError(AudioError):
    """A container without audio, such as a video without sound."""


class TruncatedAudioError(AudioError):
    """Ends before the length declared by the container, as interrupted copies do.

    `declared` and `found` are in seconds.
    """

    def __init__(self, *, declared: float, found: float) -> None:
        super().__init__(
            f"{breaks_off(declared, found)} The option allow_truncated=true takes what is there.",
            {"declared_seconds": f"{declared:.3f}", "found_seconds": f"{found:.3f}"},
        )
        self.declared = declared
        self.found = found


def breaks_off(declared: float, found: float) -> str:
    """Return the sentence about a truncated recording, also for a warning."""
    return f"The recording breaks off: {declared:.1f} s declared, {found:.1f} s present."
