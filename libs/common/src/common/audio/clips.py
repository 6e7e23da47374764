"""Short clips cut out of recordings."""

import math

from common.audio.container import AudioSource
from common.audio.decoding import read_window
from common.audio.errors import EmptyAudioError
from common.audio.flac import encode_flac

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
