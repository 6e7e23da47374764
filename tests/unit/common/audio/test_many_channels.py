"""Recordings with more channels than FFmpeg's frames have pointers for."""

import io
from fractions import Fraction

import av
import numpy as np
import pytest
from av.audio.stream import AudioStream

from common.audio.decoding import decode
from common.audio.resampling import SAMPLE_RATE
from common.audio.signals import Signal, SignalPart, Sound
from common.audio.survey import survey

_RATE = 48_000
#: Channel of the subwoofer, which codecs may filter.
_SUBWOOFER = 3


def surround(codec: str, container: str) -> bytes:
    """Return two seconds of 7.1 channels, each with a tone of its own."""
    times = np.arange(2 * _RATE) / _RATE
    channels = [0.3 * np.sin(2 * np.pi * (300 + 100 * n) * times) for n in range(8)]
    interleaved = np.stack(channels, axis=1).astype(np.float32).reshape(1, -1)
    frame = av.AudioFrame.from_ndarray(interleaved, format="flt", layout="7.1")
    frame.sample_rate, frame.time_base, frame.pts = _RATE, Fraction(1, _RATE), 0
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        stream = output.add_stream(codec, rate=_RATE, layout="7.1")
        assert isinstance(stream, AudioStream)
        for piece in (frame, None):
            output.mux(stream.encode(piece))
    return file.getvalue()


@pytest.mark.parametrize(
    ("codec", "container"), [("aac", "ipod"), ("libopus", "webm"), ("flac", "flac")]
)
def test_each_channel_is_heard(codec: str, container: str) -> None:
    file = io.BytesIO(surround(codec, container))
    found = survey(file, duration=2.0)
    assert [track.channels for track in found.tracks] == [8]
    for number in {*range(8)} - {_SUBWOOFER}:
        part = SignalPart(track=0, gains=tuple(float(place == number) for place in range(8)))
        samples = np.concatenate(list(decode(Sound(file=file, signal=Signal(parts=(part,))))))
        middle = samples[SAMPLE_RATE // 2 : SAMPLE_RATE + SAMPLE_RATE // 2]
        strongest = int(np.argmax(np.abs(np.fft.rfft(middle))))
        assert strongest == 300 + 100 * number
