"""Synthetic voices: syllables of changing pitch and color, with pauses."""

from collections.abc import Sequence

import numpy as np

from common.audio.resampling import Samples

RATE = 16_000


def voice(seconds: float, *, seed: int, turns: Sequence[tuple[float, float]] = ()) -> Samples:
    """Return a voice that speaks in the given turns (start and end in seconds), or all the time."""
    random = np.random.default_rng(seed)
    size = round(seconds * RATE)
    sound = np.zeros(size, dtype=np.float32)
    pitch = random.uniform(90, 220)
    place = int(random.uniform(0, 0.2) * RATE)
    while place < size:
        length = int(random.uniform(0.1, 0.3) * RATE)
        syllable = _syllable(length, pitch * random.uniform(0.85, 1.2), random)[: size - place]
        sound[place : place + len(syllable)] = syllable
        pause = random.uniform(0.3, 0.7) if random.random() < 0.15 else random.uniform(0.02, 0.1)
        place += length + int(pause * RATE)
    return sound * _gate(size, turns) if turns else sound


def taking_turns(seconds: float, *, seed: int, people: int = 2, length: float = 3.0) -> Samples:
    """Return voices (people, samples) that speak one after the other, `length` seconds each."""
    starts = np.arange(0, seconds, length)
    return np.stack(
        [
            voice(
                seconds,
                seed=seed * 100 + person,
                turns=[(start, start + length) for start in starts[person::people]],
            )
            for person in range(people)
        ]
    )


def noise(seconds: float, level: float, *, seed: int) -> Samples:
    """Return white noise with a level in dBFS."""
    values = np.random.default_rng(seed).standard_normal(round(seconds * RATE))
    return np.asarray(values * 10 ** (level / 20), dtype=np.float32)


def _syllable(length: int, pitch: float, random: np.random.Generator) -> Samples:
    times = np.arange(length) / RATE
    harmonics = np.arange(1, int(7000 / pitch))
    formants = random.uniform([300, 900, 2200, 4000], [800, 2000, 3500, 6500])
    color = np.exp(-(((harmonics * pitch)[:, None] - formants) ** 2) / 200**2)
    strengths = (color * [1, 0.6, 0.3, 0.2]).sum(axis=1) + 0.003
    phases = random.uniform(0, 2 * np.pi, len(harmonics))
    waves = np.sin(2 * np.pi * pitch * harmonics[:, None] * times + phases[:, None])
    loudness = random.uniform(0.05, 0.2) * np.hanning(length)
    return np.asarray((strengths @ waves) * loudness, dtype=np.float32)


def _gate(size: int, turns: Sequence[tuple[float, float]]) -> Samples:
    gate = np.zeros(size, dtype=np.float32)
    for start, end in turns:
        gate[round(start * RATE) : round(end * RATE)] = 1.0
    return gate
