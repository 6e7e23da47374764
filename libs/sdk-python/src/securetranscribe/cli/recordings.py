"""Recordings in directories."""

import mimetypes
import os
from collections.abc import Iterator
from pathlib import Path

#: Audio and video that Python's table of types does not have.
_FURTHER = frozenset(
    [
        ".3ga",
        ".aac",
        ".ac3",
        ".aif",
        ".aiff",
        ".amr",
        ".ape",
        ".caf",
        ".dss",
        ".dts",
        ".eac3",
        ".flac",
        ".flv",
        ".gsm",
        ".m2ts",
        ".m4a",
        ".m4b",
        ".mka",
        ".mkv",
        ".mov",
        ".mp2",
        ".mts",
        ".oga",
        ".ogg",
        ".ogv",
        ".opus",
        ".ra",
        ".rf64",
        ".spx",
        ".tta",
        ".ts",
        ".voc",
        ".w64",
        ".weba",
        ".webm",
        ".wma",
        ".wmv",
        ".wv",
    ]
)


def is_recording(name: str) -> bool:
    """Whether a file looks like a recording by its name. Hidden files do not."""
    if name.startswith((".", "~")):
        return False
    kind = mimetypes.guess_type(name)[0] or ""
    return kind.startswith(("audio/", "video/")) or Path(name).suffix.lower() in _FURTHER


def found_in(directory: Path) -> Iterator[Path]:
    """Yield the recordings directly in a directory, by name."""
    with os.scandir(directory) as entries:
        names = sorted(entry.name for entry in entries if entry.is_file())
    yield from (directory / name for name in names if is_recording(name))
