"""Recordings as browsers make them: sent while they are made, so that nothing states a length."""

import io
from fractions import Fraction
from typing import cast

import av
import numpy as np
from av.audio.stream import AudioStream

from common.audio.resampling import Samples

RATE = 48_000
#: Samples in a frame that the encoder gets.
_FRAME = RATE // 50
#: Clusters of a second: what a crash cuts off.
_CLUSTER_MS = "1000"


class _Pipe(io.RawIOBase):
    """A file that cannot seek, as a network cannot."""

    def __init__(self) -> None:
        super().__init__()
        self.data = bytearray()

    def writable(self) -> bool:
        """Return True."""
        return True

    def write(self, data: bytes, /) -> int:  # type: ignore[override]
        """Take bytes."""
        self.data += data
        return len(data)


def tone(seconds: float, *frequencies: float) -> Samples:
    """Return a tone (Hz) on each channel, as an array of (channels, samples)."""
    time = np.arange(round(seconds * RATE)) / RATE
    return np.array(
        [np.sin(time * 2 * np.pi * frequency) * 0.3 for frequency in frequencies],
        dtype=np.float32,
    )


def mp4(samples: Samples, codec: str) -> bytes:
    """Return `aac` or `libopus` in fragmented MP4 of sound, as MediaRecorder of Safari sends it."""
    pipe = _Pipe()
    layout = "mono" if len(samples) == 1 else "stereo"
    size = _FRAME if codec == "libopus" else 1024
    options = {
        "movflags": "frag_keyframe+empty_moov+default_base_moof",
        "frag_duration": "1000000",
    }
    with av.open(pipe, "w", format="mp4", container_options=options) as container:
        stream = cast(AudioStream, container.add_stream(codec, rate=RATE, layout=layout))
        for start in range(0, samples.shape[1], size):
            block = np.ascontiguousarray(samples[:, start : start + size].T.reshape(1, -1))
            frame = av.AudioFrame.from_ndarray(block, format="flt", layout=layout)
            frame.sample_rate = RATE
            frame.time_base = Fraction(1, RATE)
            frame.pts = start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return bytes(pipe.data)


def webm(samples: Samples, *, gap: float = 0.0) -> bytes:
    """Return Opus in WebM of sound with (channels, samples), as MediaRecorder sends it.

    After the first second, the time stamps have a `gap` in seconds, as of a suspended computer.
    """
    pipe = _Pipe()
    layout = "mono" if len(samples) == 1 else "stereo"
    options = {"live": "1", "cluster_time_limit": _CLUSTER_MS, "fflags": "+bitexact"}
    with av.open(pipe, "w", format="webm", container_options=options) as container:
        stream = container.add_stream("libopus", rate=RATE, layout=layout)
        for start in range(0, samples.shape[1], _FRAME):
            block = np.ascontiguousarray(samples[:, start : start + _FRAME].T.reshape(1, -1))
            frame = av.AudioFrame.from_ndarray(block, format="flt", layout=layout)
            frame.sample_rate = RATE
            frame.time_base = Fraction(1, RATE)
            frame.pts = start + (round(gap * RATE) if start >= RATE else 0)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return bytes(pipe.data)


def chunks(data: bytes, size: int) -> list[bytes]:
    """Return the data in chunks of a size."""
    return [data[start : start + size] for start in range(0, len(data), size)]
