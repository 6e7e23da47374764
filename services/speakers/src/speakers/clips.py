"""Short clips cut out of a recording."""

import io
import math

from common.audio.decoding import read_window
from common.audio.flac import encode_flac
from speakers.domain.observation import Clip

LONGEST_SECONDS = 8.0
_CONTENT_TYPE = "audio/flac"


def cut(content: bytes, start: float, end: float) -> Clip | None:
    """Return the audio from `start` to `end` (seconds) as FLAC, at most 8 s of it.

    Return None when the range holds no audio. Decoding blocks, so call this in a thread.

    Raises:
        AudioError: The content cannot be decoded.
    """
    if not (math.isfinite(start) and math.isfinite(end)):
        return None
    end = min(end, start + LONGEST_SECONDS)
    samples = read_window(io.BytesIO(content), start, end)
    if not len(samples):
        return None
    return Clip(content=encode_flac(samples), content_type=_CONTENT_TYPE)
