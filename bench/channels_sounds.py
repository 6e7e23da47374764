"""Changes of sound for constructed recordings: bleed, noise, gates, delays, and music."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.ndimage import uniform_filter1d
from scipy.signal import butter, lfilter, sosfilt

from bench.channels_rooms import SAMPLE_RATE, Microphone, Point, Room, Samples, hear

_FRAME = 512


def decibels(value: float) -> float:
    """Return the factor of an amplitude."""
    return float(10 ** (value / 20))


def speech_level(sound: Samples) -> float:
    """Return the level of the louder quarter of a sound."""
    frames = sound[: len(sound) // _FRAME * _FRAME].reshape(-1, _FRAME)
    powers = np.sort(np.mean(frames**2, axis=1))
    return float(np.sqrt(powers[-len(powers) // 4 :].mean()))


def any_room(random: np.random.Generator, *, least: float = 0.2, most: float = 0.8) -> Room:
    """Return a room of 3 to 7 m with a reverberation time between two limits, in seconds."""
    x, y = (float(length) for length in random.uniform(3, 7, 2))
    height = float(random.uniform(2.4, 3.2))
    return Room(size=(x, y, height), decay=float(random.uniform(least, most)))


def in_room(
    speech: Samples,
    places: Sequence[Point],
    microphones: Sequence[Microphone],
    room: Room,
    random: np.random.Generator,
) -> Samples:
    """Return the recording of people at places, one channel per microphone."""
    return np.stack(
        [
            np.sum(
                [
                    room.record(sound, place, microphone, random)
                    for sound, place in zip(speech, places, strict=True)
                ],
                axis=0,
            )
            for microphone in microphones
        ]
    )


def in_rooms(speech: Samples, random: np.random.Generator) -> Samples:
    """Return the speech of each person in a room of its own, at most 0.5 m from a microphone."""
    heard = []
    for sound in speech:
        room = any_room(random)
        x, y = room.size[0] / 2, room.size[1] / 2
        distance = float(random.uniform(0.05, 0.5))
        microphone = Microphone(place=(x, y, 1.2))
        heard.append(room.record(sound, (x + distance, y, 1.2), microphone, random) * distance)
    return np.stack(heard)


def with_bleed(speech: Samples, level: float, kind: str, random: np.random.Generator) -> Samples:
    """Return two channels, each with the party of the other one at `level` dB.

    `crosstalk` is a plain copy, `room` comes through a room, and `echo` is late besides.
    """
    heard = []
    for sound in speech[::-1]:
        copy = sound
        if kind != "crosstalk":
            room = any_room(random)
            x, y, _ = room.size
            microphone = Microphone(place=(x / 2, y / 2, 1.0))
            copy = room.record(sound, (x / 2 + 0.4, y / 2 + 0.3, 1.0), microphone, random)
        if kind == "echo":
            copy = delayed(copy, float(random.uniform(0.02, 0.6)))
        power = np.mean(copy**2) / np.mean(sound**2)
        heard.append(copy * decibels(level) / np.sqrt(power))
    return np.asarray(speech + np.stack(heard), dtype=np.float32)


def with_noise(
    sounds: Samples,
    random: np.random.Generator,
    least: float,
    most: float,
    *,
    color: float | None = None,
) -> Samples:
    """Add noise of its own to each channel, `least` to `most` dB below its speech.

    `color` is 0 for white noise and near 1 for rumble.
    """
    changed = []
    for sound in sounds:
        tint = float(random.uniform(0, 0.95)) if color is None else color
        steady = lfilter([1], [1, -tint], random.standard_normal(len(sound)))
        level = speech_level(sound) * decibels(-float(random.uniform(least, most)))
        changed.append(sound + steady * level / np.sqrt(np.mean(steady**2)))
    return np.asarray(changed, dtype=np.float32)


def with_rustle(sounds: Samples, random: np.random.Generator) -> Samples:
    """Add the noise of hands or cloth to one channel, in 1 to 3 % of the time."""
    changed = sounds.copy()
    channel, size = int(random.integers(len(sounds))), sounds.shape[1]
    left = random.uniform(0.01, 0.03) * size
    while left > 0:
        length = int(random.uniform(0.1, 0.6) * SAMPLE_RATE)
        start = int(random.integers(0, size - length))
        rustle = lfilter([1], [1, -0.7], random.standard_normal(length)) * np.hanning(length)
        level = speech_level(sounds[channel]) * decibels(float(random.uniform(-6, 10)))
        changed[channel, start : start + length] += (
            rustle * level / np.sqrt(np.mean(rustle**2))
        ).astype(np.float32)
        left -= length
    return changed


def with_dropouts(
    sounds: Samples, random: np.random.Generator, channels: tuple[int, ...], seconds: float
) -> Samples:
    """Silence each of the given channels four times, as a loose plug does."""
    changed = sounds.copy()
    size = int(seconds * SAMPLE_RATE)
    for channel in channels:
        for start in random.integers(0, sounds.shape[1] - size, 4).tolist():
            changed[channel, start : start + size] = 0
    return changed


def gated(sound: Samples) -> Samples:
    """Return the sound with silence in its pauses, as some conferences transmit it."""
    level = uniform_filter1d(np.abs(sound), SAMPLE_RATE // 10)
    return np.asarray(sound * (level > 0.1 * np.quantile(level, 0.95)), dtype=np.float32)


def leveled_slowly(sound: Samples) -> Samples:
    """Return the sound after an automatic gain of up to 15 dB within a second."""
    level = uniform_filter1d(np.abs(sound), SAMPLE_RATE)
    gain = np.clip(np.quantile(level, 0.9) / np.maximum(level, 1e-6), 0.2, decibels(15))
    return np.asarray(sound * gain, dtype=np.float32)


def delayed(sound: Samples, seconds: float) -> Samples:
    """Return the sound later by any time, of the same length."""
    places = np.arange(len(sound)) - seconds * SAMPLE_RATE
    values = np.interp(places, np.arange(len(sound)), sound, left=0.0)
    return np.asarray(values, dtype=np.float32)


def high_passed(sound: Samples, hertz: float) -> Samples:
    """Return the sound without its low frequencies."""
    return _filtered(sound, hertz, "highpass")


def low_passed(sound: npt.NDArray[np.floating], hertz: float) -> Samples:
    """Return the sound without its high frequencies."""
    return _filtered(sound, hertz, "lowpass")


def _filtered(sound: npt.NDArray[np.floating], hertz: float, kind: str) -> Samples:
    filters = butter(4, hertz, kind, fs=SAMPLE_RATE, output="sos")
    return np.asarray(sosfilt(filters, sound), dtype=np.float32)


def song(
    random: np.random.Generator, seconds: float, *, voice: Samples | None, width: float = 0.8
) -> Samples:
    """Return music in stereo: plucked strings on both sides, bass and drums in the middle.

    `width` is 0 for music in the middle and 1 for strings on one side only. A voice is in the
    middle.
    """
    size = round(seconds * SAMPLE_RATE)
    sides = np.zeros((2, size), dtype=np.float32)
    beat = float(random.uniform(0.25, 0.5))
    for pan in (-width, -width / 3, width / 2, width):
        strings = _strings(random, size, beat * float(random.choice([0.5, 1, 2])))
        sides += strings * np.array([[1 - pan], [1 + pan]]) / 2
    sides += _drums(random, size, beat) + _strings(random, size, 2 * beat, lowest=40) * 1.5
    sides *= 0.3
    if voice is not None:
        sides += voice[:size]
    middle = sides.mean(axis=0)
    decay = 0.02 * 10 ** (-3 * np.arange(4000) / 4000)
    echoes = [hear(middle, (random.standard_normal(4000) * decay).astype("f4")) for _ in range(2)]
    return np.asarray(sides + np.stack(echoes), dtype=np.float32)


def _strings(random: np.random.Generator, size: int, beat: float, lowest: float = 110.0) -> Samples:
    line = np.zeros(size, dtype=np.float32)
    times = np.arange(int(beat * SAMPLE_RATE * 1.5)) / SAMPLE_RATE
    for place in range(0, size - len(times), int(beat * SAMPLE_RATE)):
        pitch = lowest * 2 ** (random.choice([0, 3, 5, 7, 10, 12, 15]) / 12)
        tones = [
            np.sin(2 * np.pi * pitch * n * times) * np.exp(-times * (2 + n)) / n
            for n in range(1, min(12, int(7500 / pitch)))
        ]
        line[place : place + len(times)] += (np.sum(tones, axis=0) * 0.2).astype(np.float32)
    return line


def _drums(random: np.random.Generator, size: int, beat: float) -> Samples:
    line = np.zeros(size, dtype=np.float32)
    times = np.arange(SAMPLE_RATE // 8) / SAMPLE_RATE
    for number, place in enumerate(range(0, size - len(times), int(beat * SAMPLE_RATE))):
        kick = np.sin(2 * np.pi * 60 * times) * np.exp(-times * 30)
        snare = random.standard_normal(len(times)) * np.exp(-times * 40) * 0.4
        line[place : place + len(times)] += (snare if number % 2 else kick).astype(np.float32)
    return line
