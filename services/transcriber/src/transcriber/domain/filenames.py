"""Names of uploaded files, made harmless."""

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
    """The name without directories, control characters and surrounding blanks.

    At most 255 characters are kept, the extension among them. Never empty, never `.` or `..`.
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
    """What to call a file's format: its extension where that fits what the file is."""
    extension = PurePosixPath(name).suffix.lstrip(".").lower()
    if kind in EXTENSIONS.get(extension, ()):
        return extension
    return _USUAL_FORMATS.get(kind, kind.value)
