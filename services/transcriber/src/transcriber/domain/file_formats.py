"""Formats of uploaded files."""

from pathlib import PurePosixPath

from common.audio.kinds import EXTENSIONS, AudioKind

_USUAL_FORMATS = {
    AudioKind.ASF: "wma",
    AudioKind.MATROSKA: "mkv",
    AudioKind.MP4: "m4a",
    AudioKind.MPEG_PS: "mpg",
    AudioKind.MPEG_TS: "ts",
}


def format_of(name: str, kind: AudioKind) -> str:
    """Return the format of a file: its extension if that fits the content."""
    extension = PurePosixPath(name).suffix.lstrip(".").lower()
    if kind in EXTENSIONS.get(extension, ()):
        return extension
    return _USUAL_FORMATS.get(kind, kind.value)
