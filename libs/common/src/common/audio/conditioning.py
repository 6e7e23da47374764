"""Signal conditioning: models receive finite samples within full scale.

Files with floating-point samples may hold anything: NaN, single wild values, or whole numbers up to
32768 instead of ±1. One of them can silence or stall a model.
"""

import math
from collections.abc import Iterable, Iterator
from typing import cast

import av
import numpy as np
import numpy.typing as npt
from av.audio.frame import AudioFrame

#: A frame and the time at which it begins, in seconds.
TimedFrame = tuple[float | None, AudioFrame]
_Values = npt.NDArray[np.floating]

#: Length of the windows whose level is measured, in seconds.
_WINDOW_SECONDS = 4.0
#: Quantile of the absolute samples that counts as the level of a window.
_LEVEL_QUANTILE = 0.999
#: Up to this level (18 dB) sound is overdriven. Beyond, it is on another scale or damaged.
_OVERDRIVEN = 8.0
#: Full scale of integers with 16, 24 and 32 bits.
_INTEGER_SCALES = (2.0**15, 2.0**23, 2.0**31)
#: Samples below this are silence, without information about the scale.
_SILENCE = 2.0**-12
#: Decoders of lossy formats overshoot. Only samples beyond this are worth a warning.
_WILD = 2.0
#: A gain is worth a warning from here on, in decibels.
_AUDIBLE_DECIBELS = 1.0
_FLOATING = frozenset({"flt", "fltp", "dbl", "dblp"})


class SignalConditioner:
    """Conditioner of one recording's frames, with counts of its changes.

    NaN and infinite samples become 0. A window of about four seconds with a 99.9th percentile
    beyond full scale lowers the gain for the rest of the recording: by that percentile if the sound
    is overdriven, and to the next usual integer scale if most of it is beyond ±1. Samples still
    beyond full scale are clipped. As there are few integer scales, a window read by itself gets the
    same gain as within the whole recording.
    """

    def __init__(self) -> None:
        self.gain = 1.0
        self.not_numbers = 0
        self.wild = 0

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences for the owner of the recording about the changes. Usually there are none."""
        found = []
        if self.not_numbers:
            found.append(
                f"{_samples(self.not_numbers)} of the recording held no valid number and "
                "became silence. The file may be damaged."
            )
        lowered = -20 * math.log10(self.gain)
        if lowered >= _AUDIBLE_DECIBELS:
            found.append(
                f"The recording exceeds full scale, so its level was lowered by {lowered:.0f} dB."
            )
        if self.wild:
            found.append(
                f"{_samples(self.wild)} of the recording lay far beyond full scale and had to be "
                "limited. The file may be damaged."
            )
        return tuple(found)

    def condition(self, frames: Iterable[TimedFrame]) -> Iterator[TimedFrame]:
        """Yield the frames with sane samples. Integer formats pass unchanged."""
        held: list[TimedFrame] = []
        seconds = 0.0
        for time, frame in frames:
            if frame.format.name not in _FLOATING:
                yield from self._window(held)
                held, seconds = [], 0.0
                yield time, frame
                continue
            held.append((time, frame))
            seconds += frame.samples / frame.sample_rate
            if seconds >= _WINDOW_SECONDS:
                yield from self._window(held)
                held, seconds = [], 0.0
        yield from self._window(held)

    def _window(self, held: list[TimedFrame]) -> Iterator[TimedFrame]:
        values = [cast(_Values, frame.to_ndarray()) for _, frame in held]
        peak = float(np.max([np.abs(array).max() for array in values], initial=0.0))
        if self.gain == 1.0 and peak <= 1.0:  # False where the peak is not a number.
            yield from held
            return
        magnitudes = np.abs(np.concatenate([array.reshape(-1) for array in values]))
        self._adjust(magnitudes[np.isfinite(magnitudes)])
        for (time, frame), array in zip(held, values, strict=True):
            yield time, _like(frame, self._sane(array))

    def _adjust(self, magnitudes: _Values) -> None:
        """Lower the gain where a window as a whole exceeds full scale."""
        if not len(magnitudes):
            return
        level = float(np.quantile(magnitudes, _LEVEL_QUANTILE))
        if level * self.gain <= 1.0:
            return
        sound = magnitudes[magnitudes > _SILENCE]
        if level * self.gain <= _OVERDRIVEN:
            self.gain = 1.0 / level
        elif np.count_nonzero(sound > 1.0) > len(sound) / 2:
            fitting = (scale for scale in _INTEGER_SCALES if level <= scale)
            self.gain = min(self.gain, 1.0 / next(fitting, 1.0))

    def _sane(self, values: _Values) -> _Values:
        finite = np.isfinite(values)
        self.not_numbers += values.size - int(np.count_nonzero(finite))
        scaled = np.where(finite, values, 0.0) * self.gain
        self.wild += int(np.count_nonzero(np.abs(scaled) > _WILD))
        return np.clip(scaled, -1.0, 1.0).astype(values.dtype)


def _like(frame: AudioFrame, values: _Values) -> AudioFrame:
    """Return a frame with other samples."""
    changed = av.AudioFrame.from_ndarray(
        np.ascontiguousarray(values), format=frame.format.name, layout=frame.layout.name
    )
    changed.sample_rate = frame.sample_rate
    return changed


def _samples(count: int) -> str:
    return "1 sample" if count == 1 else f"{count} samples"
