"""File names made harmless: those of uploads, and those offered for downloads."""

import re
from pathlib import PurePosixPath

from common import characters

LONGEST = 255  # characters
LONGEST_PORTABLE = 120  # UTF-8 bytes. File systems accept 255, so there is room for a suffix.
NAMELESS = "recording"

# Blanks, and characters with a meaning in Windows paths, shells or URLs.
_UNPORTABLE = re.compile(r'[\\/:*?"<>|;%\s]+')
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def clean(name: str) -> str:
    """Return the name without directories, invisible characters and surplus blanks.

    At most `LONGEST` characters are kept, the extension among them. The result is never empty,
    `.` or `..`.
    """
    kept = _tidied(name.replace("\\", "/").rsplit("/", 1)[-1])
    if not kept.strip("."):
        return NAMELESS
    if len(kept) <= LONGEST:
        return kept
    extension = characters.shortened(PurePosixPath(kept).suffix, 16)
    return characters.shortened(kept, LONGEST - len(extension)) + extension


def portable(title: str) -> str:
    """Return a stem for file names valid on every operating system.

    `Q1/Q2: plan?` becomes `Q1 Q2 plan`. At most `LONGEST_PORTABLE` bytes are kept, and no character
    is cut in half. Names reserved by Windows become `NAMELESS`.
    """
    kept = _tidied(_UNPORTABLE.sub(" ", title))
    kept = " ".join(re.sub(r"\.{2,}", " ", kept).split()).strip(" .-_~")
    fitting = len(kept.encode()[:LONGEST_PORTABLE].decode(errors="ignore"))
    kept = characters.shortened(kept, fitting).rstrip(" .-_~")
    return NAMELESS if not kept or _RESERVED.fullmatch(kept) else kept


def _tidied(text: str) -> str:
    return characters.tidied(characters.without_forbidden(text))
