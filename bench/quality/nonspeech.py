"""Sounds in which nobody speaks. None of them was used to adjust a rule of the product."""

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
from scipy import signal

from common.audio.resampling import SAMPLE_RATE, Samples

Sound = npt.NDArray[np.floating]

_PITCHES = {"1": (697, 1209), "5": (770, 1336), "9": (852, 1477), "#": (941, 1477)}


def _colored(random: np.random.Generator, count: int, power: float) -> Sound:
    """Return noise whose power falls with the frequency to a power."""
    spectrum = np.fft.rfft(random.standard_normal(count))
    frequencies = np.maximum(np.fft.rfftfreq(count, 1 / SAMPLE_RATE), 20.0)
    sound = np.fft.irfft(spectrum / frequencies ** (power / 2), count)
    return np.asarray(sound / np.abs(sound).max())


def _pink(random: np.random.Generator, count: int) -> Sound:
    return 0.2 * _colored(random, count, 1.0)


def _wind(random: np.random.Generator, count: int) -> Sound:
    gusts = np.interp(np.arange(count), np.linspace(0, count, 12), random.uniform(0.1, 1.0, 12))
    return 0.5 * gusts * _colored(random, count, 2.0)


def _engine(random: np.random.Generator, count: int) -> Sound:
    times = np.arange(count) / SAMPLE_RATE
    revolutions = 60 * times + 2 * np.sin(0.4 * times)
    tones = sum(np.sin(2 * np.pi * n * revolutions + n) / n for n in range(1, 12))
    return np.asarray(0.08 * tones + 0.01 * random.standard_normal(count))


def _ringing(_random: np.random.Generator, count: int) -> Sound:
    times = np.arange(count) / SAMPLE_RATE
    tone = np.sin(2 * np.pi * 440 * times) + np.sin(2 * np.pi * 480 * times)
    return np.asarray(0.15 * tone * (times % 6 < 2))


def _dialing(random: np.random.Generator, count: int) -> Sound:
    times = np.arange(count) / SAMPLE_RATE
    sound = np.zeros(count)
    for number in range(int(times[-1] / 0.4)):
        low, high = _PITCHES[str(random.choice(list(_PITCHES)))]
        here = (times >= 0.4 * number) & (times < 0.4 * number + 0.2)
        sound += here * (np.sin(2 * np.pi * low * times) + np.sin(2 * np.pi * high * times))
    return 0.15 * sound


def _clock(random: np.random.Generator, count: int) -> Sound:
    sound = 0.0005 * random.standard_normal(count)
    tick = np.exp(-np.arange(400) / 60) * np.sin(2 * np.pi * 2500 * np.arange(400) / SAMPLE_RATE)
    for second in range(0, count - 400, SAMPLE_RATE):
        sound[second : second + 400] += 0.4 * tick
    return sound


def _typing(random: np.random.Generator, count: int) -> Sound:
    sound = 0.001 * random.standard_normal(count)
    at = 0
    while (at := at + int(random.uniform(0.06, 0.5) * SAMPLE_RATE)) < count - 800:
        click = random.standard_normal(800) * np.exp(-np.arange(800) / random.uniform(40, 150))
        sound[at : at + 800] += 0.15 * click
    return sound


def _rain(random: np.random.Generator, count: int) -> Sound:
    drops = (random.random(count) < 0.01) * random.standard_normal(count)
    band = signal.butter(2, [1000, 6000], "bandpass", fs=SAMPLE_RATE, output="sos")
    return np.asarray(0.3 * signal.sosfilt(band, drops))


def _melody(random: np.random.Generator, count: int) -> Sound:
    """Return notes of a plucked string."""
    sound = np.zeros(count + SAMPLE_RATE)
    scale = (196.0, 220.0, 247.0, 262.0, 294.0, 330.0, 392.0)
    times = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    for at in range(0, count, SAMPLE_RATE // 3):
        pitch = float(random.choice(scale))
        partials = sum(np.sin(2 * np.pi * n * pitch * times) / n**1.5 for n in range(1, 7))
        sound[at : at + SAMPLE_RATE] += 0.12 * partials * np.exp(-4 * times)
    return sound[:count]


def _hiss(random: np.random.Generator, count: int) -> Sound:
    return 0.004 * random.standard_normal(count)


_SOUNDS: Mapping[str, Callable[[np.random.Generator, int], Sound]] = {
    "pink noise": _pink,
    "wind": _wind,
    "engine": _engine,
    "ringing": _ringing,
    "dialing": _dialing,
    "clock": _clock,
    "typing": _typing,
    "rain": _rain,
    "melody": _melody,
    "hiss": _hiss,
}


def sounds(seconds: float) -> dict[str, Samples]:
    """Return each sound with a length in seconds."""
    count = round(seconds * SAMPLE_RATE)
    return {
        name: make(np.random.default_rng([31, number]), count).astype(np.float32)
        for number, (name, make) in enumerate(_SOUNDS.items())
    }
