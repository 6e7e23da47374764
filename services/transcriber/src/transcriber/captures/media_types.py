"""Media types of captures, and the names of their files."""

import datetime as dt

from common import filenames
from common.errors import ValidationError

#: Extensions of the types that recorders send.
_EXTENSIONS = {
    "audio/webm": "webm",
    "video/webm": "webm",
    "audio/x-matroska": "mka",
    "audio/matroska": "mka",
    "video/x-matroska": "mka",
    "audio/ogg": "ogg",
    "application/ogg": "ogg",
    "audio/opus": "ogg",
    "audio/mp4": "m4a",
    "video/mp4": "m4a",
    "audio/x-m4a": "m4a",
    "audio/aac": "aac",
    "audio/mpeg": "mp3",
    "audio/flac": "flac",
    "audio/x-flac": "flac",
    "audio/wav": "wav",
    "audio/wave": "wav",
    "audio/x-wav": "wav",
    "audio/vnd.wave": "wav",
}
_LONGEST = 200


def check(media_type: str) -> str:
    """Return a media type as it is kept.

    Raises:
        ValidationError: it is too long, or not receivable in chunks.
    """
    if len(media_type) > _LONGEST or extension_of(media_type) is None:
        raise ValidationError.of(
            "media_type",
            "Use a media type of audio that can be sent in chunks, such as audio/webm;codecs=opus, "
            "audio/ogg, audio/mp4 or audio/wav.",
        )
    return media_type.strip()


def extension_of(media_type: str) -> str | None:
    """Return the extension of files of a media type, None for an unknown one."""
    return _EXTENSIONS.get(media_type.partition(";")[0].strip().lower())


def filename(title: str, created_at: dt.datetime, extension: str) -> str:
    """Return the name of a capture's file: its title, or when it began."""
    moment = created_at.astimezone(dt.UTC)
    stem = title or f"Recording {moment:%Y-%m-%d %H.%M}"
    return filenames.clean(f"{filenames.portable(stem)}.{extension}")
