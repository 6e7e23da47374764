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
#: Bands that must be active at the same time.
_FEWEST_BANDS = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Spectra:
    """Energies of channels in consecutive frames.

    `bands` is (channels, frames, bands), `level`, the mean square of the samples, and `low`, the
    energy below 250 Hz as a share of the whole, are (channels, frames). `alike` (channels,
    channels) is the product of channels in loud frames, less that in quiet ones.
    """

    bands: Array
    level: Array
    low: Array
    alike: Array


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
        alike=_products(transformed[:, :, _VOICE_BINS]),
    )


def _products(transformed: npt.NDArray[np.complex64]) -> Array:
    """Return the products of channels in the louder half of frames, less the quietest quarter.

    Steady hum and noise cancel in the difference, and a voice remains.
    """
    power = np.sum(np.abs(transformed) ** 2, axis=(0, 2))
    order = np.argsort(power)
    loud, quiet = order[len(order) // 2 :], order[: len(order) // 4]
    products = np.zeros((len(transformed), len(transformed)), dtype=np.float32)
    for frames, sign in ((loud, 1.0), (quiet, -1.0)):
        if len(frames):
            some = transformed[:, frames].reshape(len(transformed), -1)
            products += sign * (some @ some.conj().T).real / len(frames)
    return products


class Loudness:
    """Loudness of one channel.

    `decibels` (frames, bands) is relative to the loudest moments of each band, with the noise
    subtracted. `active` (frames, bands) marks sound that stands out from the noise, and `usable`
    the bands that have any. `envelope` is the loudness of all bands, with a mean of 0 and a norm of
    1.
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
        self.energy: Array = above.astype(np.float32)
        self.decibels: Array = _decibels(above / np.maximum(loud, _SMALLEST))
        heard = _decibels(np.maximum(energy, loudest * _DEEPEST) + _SMALLEST).mean(axis=1)
        heard = heard - heard.mean()
        self.envelope: Array = heard / (np.linalg.norm(heard) + np.float32(_SMALLEST))
        self.dynamics = _dynamics(bands)

    @property
    def active_seconds(self) -> float:
        """Time in which sound stands out from the noise."""
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
