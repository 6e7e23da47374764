"""Room responses by the image-source method, for omnidirectional and directional microphones.

Walls of a box-shaped room reflect all frequencies alike. From 0.12 s on, a decaying noise continues
the response, as single reflections cannot be told apart any more.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.signal import butter, fftconvolve, sosfilt

Samples = npt.NDArray[np.float32]
Point = tuple[float, float, float]

SAMPLE_RATE = 16_000
_SPEED_OF_SOUND = 343.0
_EARLY_SECONDS = 0.12
#: Half the length of the filter that delays by fractions of a sample.
_HALF = 16
_NO_RUMBLE = butter(2, 70, "highpass", fs=SAMPLE_RATE, output="sos")


@dataclass(frozen=True, kw_only=True, slots=True)
class Microphone:
    """A microphone at a place in meters, facing `azimuth` (degrees, 0 along the first axis).

    `pattern` is 1 for an omnidirectional one, 0.5 for a cardioid and 0 for a figure of eight.
    """

    place: Point
    azimuth: float = 0.0
    pattern: float = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Room:
    """A room with its size in meters and its reverberation time in seconds."""

    size: Point
    decay: float

    def response(
        self, source: Point, microphone: Microphone, random: np.random.Generator
    ) -> Samples:
        """Return the response from a source to a microphone. At 1 m, direct sound has level 1."""
        images, bounces = self._images(source)
        offset = images - np.array(microphone.place)
        distance = np.maximum(0.03, np.linalg.norm(offset, axis=1))
        gains = self._reflection() ** bounces / distance * _directivity(microphone, offset)
        early = _impulses(distance / _SPEED_OF_SOUND, gains, _EARLY_SECONDS)
        # Reflections without a change of sign add up at 0 Hz, as they do in no real room.
        return np.asarray(sosfilt(_NO_RUMBLE, self._with_tail(early, random)), dtype=np.float32)

    def _reflection(self) -> float:
        """Return the reflected share of the amplitude, by the formula of Eyring."""
        x, y, z = self.size
        surface = 2 * (x * y + y * z + x * z)
        absorbed = 1 - np.exp(-0.161 * x * y * z / (surface * self.decay))
        return float(np.sqrt(1 - absorbed))

    def _images(self, source: Point) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
        """Return the places (n, 3) of the mirrored sources, and how many walls each has met."""
        reach = (_EARLY_SECONDS + 0.01) * _SPEED_OF_SOUND
        axes = []
        for length, place in zip(self.size, source, strict=True):
            order = np.arange(-int(reach / length) - 1, int(reach / length) + 2)
            even, odd = order * 2 * length + place, order * 2 * length - place
            axes.append((np.r_[even, odd], np.r_[np.abs(2 * order), np.abs(2 * order - 1)]))
        places = np.stack(np.meshgrid(*(axis[0] for axis in axes), indexing="ij"), -1)
        bounces = sum(np.meshgrid(*(axis[1] for axis in axes), indexing="ij"))
        flat = places.reshape(-1, 3)
        near = np.linalg.norm(flat - np.array(source), axis=1) < reach + 10
        return flat[near], np.asarray(bounces).reshape(-1)[near]

    def _with_tail(self, early: Samples, random: np.random.Generator) -> Samples:
        times = np.arange(int(max(0.0, self.decay - _EARLY_SECONDS) * SAMPLE_RATE)) / SAMPLE_RATE
        last = early[-SAMPLE_RATE // 50 :]
        level = float(np.sqrt(np.mean(last**2)))
        tail = level * random.standard_normal(len(times)) * 10 ** (-3 * times / self.decay)
        return np.concatenate([early, tail.astype(np.float32)])

    def record(
        self, sound: Samples, source: Point, microphone: Microphone, random: np.random.Generator
    ) -> Samples:
        """Return the sound of a source as the microphone receives it, of the same length."""
        return hear(sound, self.response(source, microphone, random))


def hear(sound: Samples, response: Samples) -> Samples:
    """Return the sound through a response, of the same length."""
    return np.asarray(fftconvolve(sound, response)[: len(sound)], dtype=np.float32)


def _directivity(
    microphone: Microphone, offset: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    angle = np.radians(microphone.azimuth)
    facing = np.array([np.cos(angle), np.sin(angle), 0.0])
    cosine = offset @ facing / np.maximum(1e-6, np.linalg.norm(offset, axis=1))
    return np.asarray(microphone.pattern + (1 - microphone.pattern) * cosine)


def _impulses(
    times: npt.NDArray[np.float64], gains: npt.NDArray[np.float64], seconds: float
) -> Samples:
    """Return impulses at fractions of a sample."""
    size = int(seconds * SAMPLE_RATE)
    kept = times * SAMPLE_RATE < size - _HALF
    places, gains = times[kept] * SAMPLE_RATE, gains[kept]
    whole = np.floor(places).astype(int)
    around = np.arange(-_HALF + 1, _HALF + 1)
    shift = around[None] - (places - whole)[:, None]
    filters = np.sinc(shift) * np.cos(np.pi * shift / (2 * _HALF + 2)) ** 2
    response = np.zeros(size + 2 * _HALF)
    np.add.at(response, whole[:, None] + around[None] + _HALF, gains[:, None] * filters)
    return response[_HALF : size + _HALF].astype(np.float32)
