"""Recordings in containers and codecs, written with PyAV."""

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import av
import numpy as np

from common.audio.resampling import Samples

#: Pictures of films are small.
_SIDE = 64
_FRAME = 4_096
#: Options without which encoders refuse to work.
_NEEDED = {"vorbis": {"strict": "experimental"}}
_BIT_RATES = {"wmav1": 64_000, "wmav2": 64_000}


@dataclass(frozen=True, kw_only=True)
class Track:
    """Sound of one track: `samples` of one channel, or (channels, n).

    It begins `begins` seconds after the beginning of the container. Packets that begin within
    `dropped` (seconds) are left out.
    """

    samples: Samples
    codec: str
    rate: int
    layout: str | None = None
    begins: float = 0.0
    dropped: tuple[float, float] | None = None
    title: str = ""
    language: str = ""
    bit_rate: int | None = None
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def channels(self) -> Samples:
        """Samples of shape (channels, n)."""
        return np.atleast_2d(self.samples)

    @property
    def layout_name(self) -> str:
        """FFmpeg's name of the layout. Without one, many channels have no positions."""
        count = len(self.channels)
        return self.layout or {1: "mono", 2: "stereo", 4: "4.0"}.get(count, f"{count} channels")


@dataclass(frozen=True, kw_only=True)
class Picture:
    """Pictures of a film from the beginning of the container on, few per second."""

    seconds: float
    codec: str = "mpeg4"
    rate: int = 5


def mux(
    container: str,
    *tracks: Track,
    picture: Picture | None = None,
    options: Mapping[str, str] | None = None,
    seekable: bool = True,
) -> bytes:
    """Return a file with the tracks, and pictures if given.

    `options` are those of FFmpeg's muxer. Without `seekable` the file is written as to a network,
    so that sizes and lengths stay unknown.
    """
    buffer = io.BytesIO() if seekable else _Pipe()
    with av.open(buffer, "w", format=container, container_options=dict(options or {})) as out:
        packets = [] if picture is None else list(_pictures(out, picture))
        packets += [packet for track in tracks for packet in _sound(out, track)]
        for packet in sorted(packets, key=lambda packet: float(packet.dts * packet.time_base)):
            out.mux(packet)
    return buffer.getvalue()


class _Pipe(io.BytesIO):
    """A file that is only written to its end."""

    def seekable(self) -> bool:
        return False

    def seek(self, *_: int) -> int:
        raise OSError("this is a pipe")


def _sound(out: Any, track: Track) -> Iterator[Any]:
    options = {**_NEEDED.get(track.codec, {}), **track.options}
    stream = out.add_stream(track.codec, rate=track.rate, layout=track.layout_name, options=options)
    bit_rate = track.bit_rate or _BIT_RATES.get(track.codec)
    if bit_rate is not None:
        stream.bit_rate = bit_rate
    for name, value in (("title", track.title), ("language", track.language)):
        if value:
            stream.metadata[name] = value
    begin = round(track.begins * track.rate)
    first, last = track.dropped or (0.0, 0.0)
    for frame in [*_frames(track, begin), None]:
        for packet in stream.encode(frame):
            if not first <= float(packet.pts * packet.time_base) < last:
                yield packet


def _frames(track: Track, begin: int) -> Iterator[av.AudioFrame]:
    samples = np.clip(track.channels, -1, 1).astype(np.float32)
    for start in range(0, samples.shape[1], _FRAME):
        # Interleaved, since planes are limited to eight channels.
        piece = np.ascontiguousarray(samples[:, start : start + _FRAME].T).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(piece, format="flt", layout=track.layout_name)
        frame.sample_rate = track.rate
        frame.time_base = Fraction(1, track.rate)
        frame.pts = begin + start
        yield frame


def _pictures(out: Any, picture: Picture) -> Iterator[Any]:
    stream = out.add_stream(picture.codec, rate=picture.rate)
    stream.width = stream.height = _SIDE
    stream.pix_fmt = "yuvj420p" if picture.codec == "mjpeg" else "yuv420p"
    shade = np.zeros((_SIDE, _SIDE, 3), np.uint8)
    for number in range(round(picture.seconds * picture.rate)):
        frame = av.VideoFrame.from_ndarray(shade + number % 200, format="rgb24")
        frame.time_base = Fraction(1, picture.rate)
        frame.pts = number
        yield from stream.encode(frame)
    yield from stream.encode(None)
