"""Generated containers with several tracks and pictures."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer

from common.audio.resampling import Samples

RATE = 48_000


@dataclass(frozen=True, kw_only=True)
class TrackOf:
    """A track to write: samples (channels, n) at 48 kHz that begin at `start` seconds."""

    samples: Samples
    start: float = 0.0
    codec: str = "aac"
    metadata: dict[str, str] = field(default_factory=dict)


def container(tracks: Sequence[TrackOf], *, kind: str = "matroska", pictures: float = 0.0) -> bytes:
    """Write tracks into one container, with a film of `pictures` seconds in front of them."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=kind) as output:
        packets = [packet for track in tracks for packet in _sound(output, track)]
        if pictures:
            packets += _film(output, pictures)
        for packet in sorted(packets, key=_time):
            output.mux(packet)
    return buffer.getvalue()


def _sound(output: OutputContainer, track: TrackOf) -> list[Any]:
    layout = {1: "mono", 2: "stereo", 6: "5.1"}[len(track.samples)]
    stream = output.add_stream(track.codec, rate=RATE, layout=layout)
    assert isinstance(stream, AudioStream)
    stream.bit_rate = 96_000
    stream.metadata.update(track.metadata)
    frame = av.AudioFrame.from_ndarray(
        np.ascontiguousarray(track.samples), format="fltp", layout=layout
    )
    frame.sample_rate = RATE
    frame.time_base = Fraction(1, RATE)
    frame.pts = round(track.start * RATE)
    return [packet for piece in (frame, None) for packet in stream.encode(piece)]


def _film(output: OutputContainer, seconds: float) -> list[Any]:
    stream = output.add_stream("mpeg4", rate=10)
    stream.width = stream.height = 32
    stream.pix_fmt = "yuv420p"
    packets = []
    for number in range(round(seconds * 10)):
        picture = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")
        picture.pts, picture.time_base = number, Fraction(1, 10)
        packets += stream.encode(picture)
    return packets + stream.encode(None)


def _time(packet: Any) -> float:
    return float(packet.dts * packet.time_base)
