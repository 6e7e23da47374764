"""Formats of uploaded files."""

from common.audio.formats import extension_of, format_of_kind
from common.audio.kinds import AudioKind


def format_of(name: str, kind: AudioKind) -> str:
    """Return the format of a file: its extension if that fits the content, else the usual one."""
    usual = format_of_kind(kind).extensions
    extension = extension_of(name)
    return extension if extension in usual else usual[0]
