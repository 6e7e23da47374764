"""Opus packets of mono sound, and packets of several mono streams.

Each party of a recording is a stream of its own. Stereo coding would mix parties.
"""

import struct
from collections.abc import Sequence
from fractions import Fraction

import av
import numpy as np

from common.audio.resampling import SAMPLE_RATE, Samples

#: Bits per second of one stream.
BIT_RATE = 32_000
#: From 0 to 10. Speech at this rate sounds alike with more, which takes three times the CPU.
_EFFORT = 5
#: Samples in a packet: 20 ms.
FRAME = SAMPLE_RATE // 50
#: Sample rate of Opus in headers and in time stamps.
CLOCK_RATE = 48_000

#: Streams by the places of a Vorbis layout, such that decoders return stream n as channel n.
#: Browsers mix these layouts down to two loudspeakers without leaving out a place, but for that of
#: the subwoofer.
_LAYOUTS = {2: (0, 1), 4: (0, 1, 2, 3), 6: (0, 2, 1, 4, 5, 3)}
#: Places of parties whose number is that of no layout. The other places are silent.
_PLACES = {3: (0, 1, 2), 5: (0, 1, 2, 4, 5)}
_WIDTHS = {3: 4, 5: 6}
_MOST_PLACED = 5
#: Mapping family of channels without places.
_DISCRETE = 255
_LONG = 252
_SILENT_FRAMES = 10


class OpusEncoder:
    """Encoder of one mono stream at 16 kHz.

    Packet n holds 20 ms from `n * FRAME - delay` on, in samples of the pushed sound.
    """

    def __init__(self) -> None:
        self._codec = av.CodecContext.create("libopus", "w")
        self._codec.sample_rate = SAMPLE_RATE
        self._codec.layout = "mono"
        self._codec.format = "flt"
        self._codec.bit_rate = BIT_RATE
        self._codec.time_base = Fraction(1, SAMPLE_RATE)
        self._codec.options = {
            "application": "audio",
            "frame_duration": "20",
            "compression_level": str(_EFFORT),
        }
        self._position = 0
        self._codec.open()

    @property
    def delay(self) -> int:
        """Samples before the sound, to be dropped by a decoder."""
        header = bytes(self._codec.extradata or b"")
        return int.from_bytes(header[10:12], "little") * SAMPLE_RATE // CLOCK_RATE

    def push(self, samples: Samples) -> list[bytes]:
        """Return the packets completed by mono samples in ±1."""
        if not len(samples):
            # The encoder would run out of memory over a frame without samples.
            return []
        frame = av.AudioFrame.from_ndarray(samples[None], format="flt", layout="mono")
        frame.sample_rate = SAMPLE_RATE
        frame.time_base = Fraction(1, SAMPLE_RATE)
        frame.pts = self._position
        self._position += len(samples)
        return [bytes(packet) for packet in self._codec.encode(frame)]

    def flush(self) -> list[bytes]:
        """Return the last packets. The encoder cannot be used afterwards."""
        return [bytes(packet) for packet in self._codec.encode(None)] if self._position else []


def silent_packet() -> bytes:
    """Return a packet of silence."""
    encoder = OpusEncoder()
    return encoder.push(np.zeros(_SILENT_FRAMES * FRAME, dtype=np.float32))[-1]


def joined_packet(packets: Sequence[bytes]) -> bytes:
    """Return the packet with one packet of each stream."""
    return b"".join([*map(_self_delimited, packets[:-1]), packets[-1]])


def width_of(parties: int) -> int:
    """Return the number of streams for a number of parties. Those without a party are silent."""
    return _WIDTHS.get(parties, parties)


def places_of(parties: int) -> tuple[int, ...]:
    """Return the number of the stream, and of the decoded channel, of each party."""
    return _PLACES.get(parties, tuple(range(parties)))


def opus_head(parties: int, delay: int) -> bytes:
    """Return the header of mono streams, one per channel. `delay` is in samples at 16 kHz."""
    streams = width_of(parties)
    # Of six parties, the one in the place of the subwoofer would be lost.
    layout = _LAYOUTS.get(streams) if parties <= _MOST_PLACED else None
    family, table = 0, b""
    if streams > 1:
        family = _DISCRETE if layout is None else 1
        table = bytes([streams, 0, *(layout or range(streams))])
    skipped = delay * CLOCK_RATE // SAMPLE_RATE
    fixed = struct.pack("<8sBBHIhB", b"OpusHead", 1, streams, skipped, SAMPLE_RATE, 0, family)
    return fixed + table


def _self_delimited(packet: bytes) -> bytes:
    """Return a packet of one frame with the length of the frame in it (RFC 6716, appendix B)."""
    if packet[0] & 3:
        raise ValueError("An Opus packet has several frames.")
    length = len(packet) - 1
    if length < _LONG:
        coded = bytes([length])
    else:
        first = _LONG + (length & 3)
        coded = bytes([first, (length - first) >> 2])
    return packet[:1] + coded + packet[1:]
