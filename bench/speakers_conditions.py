"""Simulated recording conditions: room, noise, codec and telephone.

Two recordings of one person are rarely made under the same conditions. The clean recordings of the
corpus hide this, so each of them is also processed by every condition.
"""

import io
from collections.abc import Callable

import av
import numpy as np
import numpy.typing as npt
from scipy import signal

from common.audio.decoding import read_window

Samples = npt.NDArray[np.float32]
Condition = Callable[[Samples, np.random.Generator], Samples]

SAMPLE_RATE = 16_000
TELEPHONE = "telephone"


def clean(sound: Samples, _random: np.random.Generator) -> Samples:
    """Return the recording unchanged."""
    return sound


def room(sound: Samples, random: np.random.Generator) -> Samples:
    """Add 0.3 to 0.8 s of reverberation, 0 to 8 dB below the direct sound."""
    decay = random.uniform(0.3, 0.8)
    length = int(decay * SAMPLE_RATE)
    echoes = random.standard_normal(length) * 10 ** (-3 * np.arange(length) / length)
    echoes[: SAMPLE_RATE // 500] = 0
    echoes *= 10 ** (-random.uniform(0, 8) / 20) / np.sqrt(np.sum(echoes**2))
    echoes[0] = 1
    return _leveled(signal.fftconvolve(sound, echoes)[: len(sound)])


def noise(sound: Samples, random: np.random.Generator) -> Samples:
    """Add low-pitched steady noise, 10 to 20 dB below the voice."""
    rumble = low_noise(len(sound), random)
    return with_noise(sound, rumble, random.uniform(10, 20))


def low_noise(samples: int, random: np.random.Generator) -> npt.NDArray[np.floating]:
    """Return low-pitched steady noise."""
    return np.asarray(signal.lfilter([1], [1, -0.95], random.standard_normal(samples)))


def with_noise(sound: Samples, added: npt.NDArray[np.floating], decibels: float) -> Samples:
    """Add noise so many decibels below the sound."""
    wanted = np.sqrt(np.mean(sound**2)) * 10 ** (-decibels / 20)
    return np.asarray(sound + added * wanted / np.sqrt(np.mean(added**2)), dtype=np.float32)


def noisy_room(sound: Samples, random: np.random.Generator) -> Samples:
    """Apply `room`, then `noise`."""
    return noise(room(sound, random), random)


def codec(sound: Samples, _random: np.random.Generator) -> Samples:
    """Encode with Opus at 12 kbit/s, as in a conference over a poor connection."""
    return _through_opus(sound, bits_per_second=12_000)


def telephone(sound: Samples, _random: np.random.Generator) -> Samples:
    """Limit to 300 to 3400 Hz at 8 kHz and encode in 8-bit mu-law (G.711)."""
    band = signal.butter(4, [300, 3400], "bandpass", fs=8_000, output="sos")
    narrow = _leveled(signal.sosfilt(band, signal.resample_poly(sound, 1, 2)))
    companded = np.sign(narrow) * np.log1p(255 * np.abs(narrow)) / np.log1p(255)
    received = np.round(companded * 127) / 127
    expanded = np.sign(received) * ((1 + 255.0) ** np.abs(received) - 1) / 255
    return np.asarray(signal.resample_poly(expanded, 2, 1), dtype=np.float32)


CONDITIONS: dict[str, Condition] = {
    "clean": clean,
    "room": room,
    "noise": noise,
    "noisy room": noisy_room,
    "codec": codec,
    TELEPHONE: telephone,
}


def _leveled(sound: npt.NDArray[np.floating]) -> Samples:
    return (sound / max(1e-9, float(np.abs(sound).max())) * 0.5).astype(np.float32)


def _through_opus(sound: Samples, *, bits_per_second: int) -> Samples:
    file = io.BytesIO()
    with av.open(file, "w", format="ogg") as container:
        stream = container.add_stream("libopus", rate=SAMPLE_RATE)
        stream.bit_rate = bits_per_second
        stream.layout = "mono"
        integers = np.clip(sound * 32767, -32768, 32767).astype(np.int16)[None]
        frame = av.AudioFrame.from_ndarray(integers, format="s16", layout="mono")
        frame.sample_rate = SAMPLE_RATE
        resampler = av.AudioResampler(
            format=stream.format, layout="mono", rate=SAMPLE_RATE, frame_size=320
        )
        for part in (frame, None):
            for piece in resampler.resample(part):
                container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
    file.seek(0)
    return read_window(file, 0.0, len(sound) / SAMPLE_RATE)
