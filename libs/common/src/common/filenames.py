"""File names made harmless: those of uploads, and those offered for downloads."""

import re
import unicodedata
from pathlib import PurePosixPath

LONGEST = 255  # characters
LONGEST_PORTABLE = 120  # UTF-8 bytes. File systems accept 255, so there is room for a suffix.
NAMELESS = "recording"

# Blanks, and characters with a meaning in Windows paths, shells or URLs.
_UNPORTABLE = re.compile(r'[\\/:*?"<>|;%\s]+')
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def clean(name: str) -> str:
    """Return the name without directories, control characters and surplus blanks.

    At most `LONGEST` characters are kept, the extension among them. The result is never empty,
    `.` or `..`.
    """
    kept = _visible(name.replace("\\", "/").rsplit("/", 1)[-1])
    if not kept.strip("."):
        return NAMELESS
    if len(kept) <= LONGEST:
        return kept
    extension = PurePosixPath(kept).suffix[:16]
    return kept[: LONGEST - len(extension)].rstrip() + extension


def portable(title: str) -> str:
    """Return a stem for file names that every operating system accepts.

    `Q1/Q2: plan?` becomes `Q1 Q2 plan`. At most `LONGEST_PORTABLE` bytes are kept, and no character
    is cut in half. Names reserved by Windows become `NAMELESS`.
    """
    kept = _visible(_UNPORTABLE.sub(" ", title))
    kept = " ".join(re.sub(r"\.{2,}", " ", kept).split()).strip(" .-_~")
    kept = kept.encode()[:LONGEST_PORTABLE].decode(errors="ignore").rstrip(" .-_~")
    return NAMELESS if not kept or _RESERVED.fullmatch(kept) else kept


def _visible(text: str) -> str:
    """Return the text in NFC without control characters, every run of blanks a single one."""
    composed = unicodedata.normalize("NFC", text)
    kept = "".join(char for char in composed if not unicodedata.category(char).startswith("C"))
    return " ".join(kept.split())
