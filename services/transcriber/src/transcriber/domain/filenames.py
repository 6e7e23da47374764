"""Sanitized names of uploaded files."""

import unicodedata
from pathlib import PurePosixPath

from common.audio.kinds import EXTENSIONS, AudioKind

LONGEST = 255
NAMELESS = "recording"
_USUAL_FORMATS = {
    AudioKind.ASF: "wma",
    AudioKind.MATROSKA: "mkv",
    AudioKind.MP4: "m4a",
    AudioKind.MPEG_PS: "mpg",
    AudioKind.MPEG_TS: "ts",
}


def clean(name: str) -> str:
    """Return the name without directories, control characters and surrounding spaces.

    At most 255 characters are kept, including the extension. The result is never empty, `.` or
    `..`.
    """
    base = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(char for char in base if not unicodedata.category(char).startswith("C"))
    kept = " ".join(kept.split())
    if not kept.strip("."):
        return NAMELESS
    if len(kept) <= LONGEST:
        return kept
    extension = PurePosixPath(kept).suffix[:16]
    return kept[: LONGEST - len(extension)].rstrip() + extension


def format_of(name: str, kind: AudioKind) -> str:
    """Return the format of a file: its extension if that fits the content."""
    extension = PurePosixPath(name).suffix.lstrip(".").lower()
    if kind in EXTENSIONS.get(extension, ()):
        return extension
    return _USUAL_FORMATS.get(kind, kind.value)
