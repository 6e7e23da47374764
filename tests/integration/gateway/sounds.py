"""Test audio recognized by the fake services."""

import datetime as dt

from common.errors import AudioProcessingError, FileUploadError

BEGUN = dt.datetime(2024, 1, 1, 12, 0, tzinfo=dt.UTC)
DURATION = 120.5
NOT_AUDIO = b"NOT AUDIO"
BROKEN_AUDIO = b"BROKEN"


def check_head(chunk: bytes) -> None:
    """Raise the error for content marked as not audio or as broken."""
    if chunk.startswith(NOT_AUDIO):
        raise FileUploadError("This is not audio.", {"file_name": "x"})
    if chunk.startswith(BROKEN_AUDIO):
        raise AudioProcessingError("This cannot be decoded.")
