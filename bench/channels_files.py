"""Constructed recordings as files: FLAC, or Matroska for several tracks."""

import io
from typing import cast

import av
import numpy as np
from av.audio.stream import AudioStream

from bench.channels_case import Case
from bench.channels_rooms import SAMPLE_RATE, Samples

#: FFmpeg's names of layouts. FLAC calls the fourth of six channels a low-frequency one.
_LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 4: "quad", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}
_BLOCK = 4096


def write(case: Case) -> io.BytesIO:
    """Return a case as a file with 16 bits per sample."""
    file = io.BytesIO()
    several = len(case.tracks) > 1
    ends = np.cumsum(case.tracks)
    with av.open(file, "w", format="matroska" if several else "flac") as container:
        streams = [_stream(container.add_stream("flac", SAMPLE_RATE), n) for n in case.tracks]
        for start in range(0, case.sounds.shape[1], _BLOCK):
            block = case.sounds[:, start : start + _BLOCK]
            for stream, end, count in zip(streams, ends, case.tracks, strict=True):
                container.mux(stream.encode(_frame(block[end - count : end], start)))
        for stream in streams:
            container.mux(stream.encode(None))
    file.seek(0)
    return file


def _stream(stream: object, channels: int) -> AudioStream:
    audio = cast(AudioStream, stream)
    audio.layout = _LAYOUTS[channels]
    audio.format = "s16"
    return audio


def _frame(sounds: Samples, start: int) -> av.AudioFrame:
    integers = np.round(np.clip(sounds, -1, 1) * 32767).astype(np.int16)
    frame = av.AudioFrame.from_ndarray(
        np.ascontiguousarray(integers.T).reshape(1, -1), format="s16", layout=_LAYOUTS[len(sounds)]
    )
    frame.sample_rate = SAMPLE_RATE
    frame.pts = start
    return frame
