"""Recordings joined to one file."""

import io

import numpy as np
import pytest

from common.audio.decoding import decode
from common.audio.errors import AudioError
from common.audio.joining import Joined, join
from common.audio.probe import probe
from common.audio.resampling import SAMPLE_RATE, Samples
from common.audio.signals import Signal, SignalPart, Sound
from tests.live_recordings import tone, webm
from tests.unit.common.audio.sounds import recording

LONG = 3600.0


def joined(*parts: bytes, most_seconds: float = LONG) -> tuple[Joined, io.BytesIO]:
    target = io.BytesIO()
    made = join([io.BytesIO(part) for part in parts], target, most_seconds=most_seconds)
    return made, target


def heard(file: io.BytesIO, channel: int = 0, channels: int = 1) -> Samples:
    gains = tuple(float(place == channel) for place in range(channels))
    signal = Signal(parts=(SignalPart(track=0, gains=gains),))
    return np.concatenate(list(decode(Sound(file=file, signal=signal))))


def pitch(samples: Samples, start: float, end: float) -> float:
    """Return the strongest frequency (Hz) between two moments (seconds), 0 in silence."""
    part = samples[round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)]
    if np.abs(part).max() < 0.01:
        return 0.0
    spectrum = np.abs(np.fft.rfft(part * np.hanning(len(part))))
    return float(np.argmax(spectrum)) * SAMPLE_RATE / len(part)


def test_streams_follow_one_another() -> None:
    made, file = joined(webm(tone(2.0, 400)), webm(tone(3.0, 800)), webm(tone(1.0, 400)))

    assert (made.extension, made.skipped, made.cut) == ("webm", (), False)
    info = probe(file)
    assert info.codec == "opus"
    assert info.duration == pytest.approx(6.0, abs=0.1)
    assert made.seconds == pytest.approx(info.duration, abs=0.1)
    samples = heard(file)
    assert pitch(samples, 0.2, 1.8) == pytest.approx(400, abs=5)
    assert pitch(samples, 2.2, 4.8) == pytest.approx(800, abs=5)
    assert pitch(samples, 5.2, 5.8) == pytest.approx(400, abs=5)


def test_same_bytes_again() -> None:
    parts = [webm(tone(1.0, 400)), webm(tone(1.0, 500))]

    assert joined(*parts)[1].getvalue() == joined(*parts)[1].getvalue()


def test_damaged_end_costs_only_that_end() -> None:
    first = webm(tone(4.0, 400))

    made, file = joined(first[: len(first) * 3 // 4], webm(tone(2.0, 800)))

    assert made.skipped == ()
    samples = heard(file)
    assert 4.0 < len(samples) / SAMPLE_RATE < 5.8
    assert pitch(samples, 0.2, 1.8) == pytest.approx(400, abs=5)
    assert pitch(samples, made.seconds - 1.5, made.seconds - 0.5) == pytest.approx(800, abs=5)


@pytest.mark.parametrize("silent", [b"", b"\x1a\x45\xdf\xa3", webm(tone(1.0, 300))[:150]])
def test_stream_without_sound_is_skipped(silent: bytes) -> None:
    made, file = joined(webm(tone(1.0, 400)), silent, webm(tone(1.0, 800)))

    assert made.skipped == (1,)
    assert probe(file).duration == pytest.approx(2.0, abs=0.1)


def test_nothing_to_join() -> None:
    with pytest.raises(AudioError):
        joined(b"", b"no sound")


def test_other_channels_are_encoded() -> None:
    made, file = joined(webm(tone(2.0, 400)), webm(tone(2.0, 600, 800)))

    assert (made.extension, made.cut) == ("webm", False)
    info = probe(file)
    assert (info.codec, info.channels) == ("opus", 2)
    left, right = heard(file, 0, 2), heard(file, 1, 2)
    assert pitch(left, 0.2, 1.8) == pytest.approx(400, abs=5)
    assert pitch(right, 0.2, 1.8) == 0.0
    assert pitch(left, 2.2, 3.8) == pytest.approx(600, abs=5)
    assert pitch(right, 2.2, 3.8) == pytest.approx(800, abs=5)


@pytest.mark.parametrize(("name", "extension"), [("wav", "mka"), ("m4a", "mka"), ("opus", "webm")])
def test_packets_of_other_formats(name: str, extension: str) -> None:
    part = recording(name, 2.0)

    made, file = joined(part, part)

    assert made.extension == extension
    assert probe(file).duration == pytest.approx(4.0, abs=0.2)


@pytest.mark.parametrize("second", [webm(tone(3.0, 500)), webm(tone(3.0, 500, 600))])
def test_rest_after_the_longest_length_is_left_out(second: bytes) -> None:
    made, file = joined(webm(tone(3.0, 400)), second, most_seconds=4.0)

    assert made.cut
    assert probe(file).duration == pytest.approx(4.0, abs=0.1)
