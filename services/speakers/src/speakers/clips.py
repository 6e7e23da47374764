"""Cuts a short clip out of a recording."""

import io
import math

import av
import numpy as np

from common.audio.decoding import SAMPLE_RATE, read_window
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
    integers = np.round(np.clip(samples, -1.0, 1.0) * 32_767).astype(np.int16)
    frame = av.AudioFrame.from_ndarray(integers[None], format="s16", layout="mono")
    frame.sample_rate = SAMPLE_RATE
    file = io.BytesIO()
    with av.open(file, "w", format="flac") as container:
        stream = container.add_stream("flac", rate=SAMPLE_RATE)
        stream.layout = "mono"
        for piece in (frame, None):
            container.mux(stream.encode(piece))
    return Clip(content=file.getvalue(), content_type=_CONTENT_TYPE)
