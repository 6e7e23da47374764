"""What the services behind the gateway take for sound, and when all of it was recorded."""

import datetime as dt

from common.errors import AudioProcessingError, FileUploadError

BEGUN = dt.datetime(2024, 1, 1, 12, 0, tzinfo=dt.UTC)
DURATION = 120.5
NOT_AUDIO = b"NOT AUDIO"
BROKEN_AUDIO = b"BROKEN"


def check_head(chunk: bytes) -> None:
    """Refuses what begins like no recording."""
    if chunk.startswith(NOT_AUDIO):
        raise FileUploadError("This is not audio.", {"file_name": "x"})
    if chunk.startswith(BROKEN_AUDIO):
        raise AudioProcessingError("This cannot be decoded.")
