"""Cuts a short clip out of a recording."""

import io
import math

from common.audio.decoding import read_window
from common.audio.flac import encode_flac
from speakers.domain.observation import Clip

LONGEST_SECONDS = 8.0
_CONTENT_TYPE = "audio/flac"


def cut(content: bytes, start: float, end: float) -> Clip | None:
    """The sound between two moments (seconds), 8 s at most, as FLAC; None where there is none.

    Decodes, so it belongs on a thread. Raises the errors of common.audio.
    """
    if not (math.isfinite(start) and math.isfinite(end)):
        return None
    end = min(end, start + LONGEST_SECONDS)
    samples = read_window(io.BytesIO(content), start, end)
    if not len(samples):
        return None
    return Clip(content=encode_flac(samples), content_type=_CONTENT_TYPE)
