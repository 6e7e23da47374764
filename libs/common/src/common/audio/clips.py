"""Short clips cut out of recordings, as FLAC: small, lossless, and played by every browser."""

import io
import math
from fractions import Fraction

import av
import numpy as np

from common.audio.decoding import read_window
from common.audio.errors import EmptyAudioError
from common.audio.resampling import SAMPLE_RATE, Samples
from common.audio.signals import AudioSource

LONGEST_SECONDS = 8.0
CLIP_TYPE = "audio/flac"


def cut_clip(source: AudioSource, start: float, end: float) -> bytes:
    """Return the sound between two moments (seconds) as FLAC, at most the first 8 s of it.

    Decoding blocks, so call this in a thread.

    Raises:
        EmptyAudioError: the range holds no sound.
        AudioError: the recording cannot be decoded.
    """
    if not (math.isfinite(start) and math.isfinite(end)):
        raise EmptyAudioError("A clip needs a beginning and an end.")
    return encode_flac(read_window(source, start, min(end, start + LONGEST_SECONDS)))


def encode_flac(samples: Samples) -> bytes:
    """Return mono samples in ±1 at 16 kHz as a FLAC file. Larger values are clipped.

    Raises EmptyAudioError if there are no samples.
    """
    if not len(samples):
        # The encoder would run out of memory over a frame without samples.
        raise EmptyAudioError("There is no sound to write.")
    integers = np.round(np.clip(samples, -1.0, 1.0) * 32_767).astype(np.int16)
    frame = av.AudioFrame.from_ndarray(integers[None], format="s16", layout="mono")
    frame.sample_rate = SAMPLE_RATE
    frame.time_base = Fraction(1, SAMPLE_RATE)
    frame.pts = 0
    file = io.BytesIO()
    with av.open(file, "w", format="flac") as container:
        stream = container.add_stream("flac", rate=SAMPLE_RATE, layout="mono")
        for piece in (frame, None):
            container.mux(stream.encode(piece))
    return file.getvalue()
