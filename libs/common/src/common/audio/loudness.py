"""Loudness of channels over time, in bands of the voice."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from common.audio.resampling import SAMPLE_RATE

Array = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

#: Samples in a frame: 32 ms. Loudness is that of two frames.
FRAME = 512
FRAME_SECONDS = FRAME / SAMPLE_RATE

_WINDOW = np.hanning(FRAME + 1)[:-1].astype(np.float32)
_HERTZ = np.array([200, 400, 600, 850, 1150, 1500, 1900, 2400, 3000, 3700, 4700, 6000, 7600])
_BINS = np.round(_HERTZ * FRAME / SAMPLE_RATE).astype(int)
_LOW_BIN = 250 * FRAME // SAMPLE_RATE
#: Bins in which the voice carries most, for comparisons of polarity.
_VOICE_BINS = slice(300 * FRAME // SAMPLE_RATE, 3400 * FRAME // SAMPLE_RATE)
#: The quietest tenth of a band is its noise, as speech has pauses everywhere.
_NOISE_QUANTILE = 0.10
_LOUD_QUANTILE = 0.99
#: Sound is active if it exceeds the noise by this factor (10 dB), and the loudest by this (-25 dB).
_OVER_NOISE = 10.0
_UNDER_LOUDEST = 10**-2.5
#: Differences beyond this (-45 dB) do not matter, and may be rounding errors.
_DEEPEST = 10**-4.5
_SMALLEST = 1e-9
#: Noise that is subtracted leaves at least this share of it, as it fluctuates.
_LEFT_OF_NOISE = 0.25
#: Frames and groups of bands over which steady noise evens out.
_STEADY_FRAMES = 4
_STEADY_GROUPS = 3
#: Correlation of samples from which on their polarity is clear.
_CLEARLY = 0.5
_LEAST_VOICE = 0.5
#: Bands that must be active at the same time.
_FEWEST_BANDS = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Spectra:
    """Energies of channels in consecutive frames.

    `bands` is (channels, frames, bands), `level`, the mean square of the samples, and `low`, the
    energy below 250 Hz as a share of the whole, are (channels, frames).
    """

    bands: Array
    level: Array
    low: Array
    polarity: "Polarity"


@dataclass(frozen=True, kw_only=True, slots=True)
class Polarity:
    """Comparison of the samples of channels. Arrays are (channels, channels).

    `products` are those in the louder half of the frames, less those in the quietest quarter:
    steady hum and noise cancel in the difference, and a voice remains. `power` (channels) is that
    of the louder half. `equal` and `opposite` count the loud frames, of `frames`, in which channels
    clearly correlate with either sign.
    """

    products: Array
    power: Array
    equal: Array
    opposite: Array
    frames: int

    def __add__(self, other: "Polarity") -> "Polarity":
        return Polarity(
            products=self.products + other.products,
            power=self.power + other.power,
            equal=self.equal + other.equal,
            opposite=self.opposite + other.opposite,
            frames=self.frames + other.frames,
        )

    def correlation(self, one: int, other: int) -> float:
        """Return the correlation of two channels, negative if one of them is inverted."""
        # Where hardly anything stands out from the noise, chance would decide.
        power = np.maximum(np.diagonal(self.products), _LEAST_VOICE * self.power)
        scale = float(np.sqrt(power[one] * power[other])) + _SMALLEST
        return float(np.clip(self.products[one, other] / scale, -1.0, 1.0))

    def opposed(self, one: int, other: int) -> float:
        """Return the share of loud frames with the less frequent polarity."""
        rarer = min(self.equal[one, other], self.opposite[one, other])
        return float(rarer) / max(1, self.frames)


def spectra(samples: Array) -> Spectra:
    """Return the energies of channels (n, samples) in all whole frames."""
    frames = samples.reshape(len(samples), -1, FRAME)
    transformed = np.fft.rfft(frames * _WINDOW, axis=2).astype(np.complex64)
    energy = np.abs(transformed) ** 2
    sums = np.add.reduceat(energy[:, :, : _BINS[-1]], _BINS[:-1], axis=2)
    total = energy.sum(axis=2) + _SMALLEST
    return Spectra(
        bands=(sums / np.diff(_BINS)).astype(np.float32),
        level=np.mean(frames**2, axis=2, dtype=np.float32),
        low=(energy[:, :, :_LOW_BIN].sum(axis=2) / total).astype(np.float32),
        polarity=_polarity(transformed[:, :, _VOICE_BINS]),
    )


def _polarity(transformed: npt.NDArray[np.complex64]) -> Polarity:
    frames = transformed.transpose(1, 0, 2)
    products = (frames @ frames.conj().transpose(0, 2, 1)).real
    power = np.diagonal(products, axis1=1, axis2=2)
    order = np.argsort(power.sum(axis=1))
    loud, quiet = order[len(order) // 2 :], order[: len(order) // 4]
    scale = np.sqrt(power[loud][:, :, None] * power[loud][:, None, :]) + _SMALLEST
    correlation = products[loud] / scale
    steady = products[quiet].mean(axis=0) if len(quiet) else 0.0
    return Polarity(
        products=products[loud].mean(axis=0) - steady,
        power=power[loud].mean(axis=0),
        equal=np.sum(correlation > _CLEARLY, axis=0, dtype=np.float32),
        opposite=np.sum(correlation < -_CLEARLY, axis=0, dtype=np.float32),
        frames=len(loud),
    )


class Loudness:
    """Loudness of one channel.

    `decibels` (frames, bands) is relative to the loudest moments of each band, with the noise
    subtracted. So is `energy` (frames, bands), which is not relative. `total` has the noise, too.
    `active` (frames, bands) marks sound that stands out from the noise, and `usable` the bands that
    have any. `heard` (frames) is the loudness of all bands with the noise, in decibels.
    """

    def __init__(self, bands: Array) -> None:
        energy = (bands[1:] + bands[:-1]) / 2
        noise, loud, loudest = np.quantile(
            energy, [_NOISE_QUANTILE, _LOUD_QUANTILE, (1 + _LOUD_QUANTILE) / 2], axis=0
        )
        floor = np.maximum(np.maximum(noise, loudest * _DEEPEST), _SMALLEST)
        self.usable: Mask = loud > _OVER_NOISE * floor
        active = (energy > _OVER_NOISE * floor) & (energy > loud * _UNDER_LOUDEST)
        self.active: Mask = active & self.usable
        above = np.maximum(energy - floor, _LEFT_OF_NOISE * floor)
        self.total: Array = energy.astype(np.float32)
        self.energy: Array = above.astype(np.float32)
        self.decibels: Array = _decibels(above / np.maximum(loud, _SMALLEST))
        heard = np.maximum(energy, loudest * _DEEPEST) / np.maximum(loud, _SMALLEST)
        self.heard: Array = _decibels(heard + _SMALLEST).mean(axis=1)
        self.dynamics = _dynamics(bands)

    @property
    def active_seconds(self) -> float:
        """Time with sound that stands out from the noise."""
        frames = self.active.sum(axis=1) >= _FEWEST_BANDS
        return float(np.count_nonzero(frames)) * FRAME_SECONDS


def mean_over_bands(values: Array, chosen: Mask) -> Array:
    """Return the mean of chosen bands in each frame, or NaN where they are too few."""
    count = chosen.sum(axis=1)
    means = np.einsum("ij,ij->i", values, chosen) / np.maximum(1, count)
    return np.where(count >= _FEWEST_BANDS, means, np.nan).astype(np.float32)


def _dynamics(bands: Array) -> float:
    """Return by how many decibels the loudest moments of a channel exceed its quietest."""
    whole = len(bands) // _STEADY_FRAMES * _STEADY_FRAMES
    if whole < 2 * _STEADY_FRAMES:
        return 0.0
    groups = np.stack([part.mean(axis=1) for part in np.array_split(bands, _STEADY_GROUPS, 1)], 1)
    even = groups[:whole].reshape(-1, _STEADY_FRAMES, _STEADY_GROUPS).mean(axis=1) + _SMALLEST
    quiet, loud = np.quantile(even, [_NOISE_QUANTILE, _LOUD_QUANTILE], axis=0)
    return float(_decibels(loud / quiet).max())


def _decibels(values: npt.NDArray[np.floating]) -> Array:
    return np.asarray(10 * np.log10(values), dtype=np.float32)
