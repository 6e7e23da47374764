"""Encoder of GSM 06.10 full rate, as no package has one: 33 bytes per 20 ms, as Asterisk stores.

It computes with floating-point numbers, so it is not exact to the bit, which encoders need not be.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from common.audio.resampling import Samples

_Values = npt.NDArray[np.float64]

_FRAME, _PART = 160, 40
_PULSES = 13
#: Internal samples have half the range of 16 bits.
_FULL_SCALE = 16_384.0
_PREEMPHASIS = 28_180 / 32_768
#: Quantization of the log area ratios: factor, offset, least value and bits.
_LAR_FACTOR = np.array([20, 20, 20, 20, 13.637, 15, 8.334, 8.824])
_LAR_OFFSET = np.array([0, 0, 4, -5, 0.184, -3.5, -0.666, -2.235])
_LAR_LEAST = np.array([-32, -32, -16, -16, -8, -8, -4, -4])
_LAR_BITS = (6, 6, 5, 5, 4, 4, 3, 3)
#: Shares of the new log area ratios at the beginning of a frame, and until which sample.
_BLENDS = ((13, 0.25), (27, 0.5), (40, 0.75), (_FRAME, 1.0))
_GAIN_LIMITS = (0.2, 0.5, 0.8)
_GAINS = (0.10, 0.35, 0.65, 1.0)
_WEIGHTS = np.array([-134, -374, 0, 2054, 5741, 8192, 5741, 2054, 0, -374, -134]) / 8192
_STEPS = (18_431, 20_479, 22_527, 24_575, 26_623, 28_671, 30_719, 32_767)


def encoded(samples: Samples) -> bytes:
    """Return mono samples (±1 at 8 kHz) as raw GSM. An incomplete last frame is filled up."""
    sound = np.asarray(samples, np.float64) * _FULL_SCALE
    sound = np.pad(sound, (0, -len(sound) % _FRAME))
    sound[1:] -= _PREEMPHASIS * sound[:-1]
    encoder = _Encoder()
    return b"".join(encoder.frame(frame) for frame in sound.reshape(-1, _FRAME))


class _Encoder:
    def __init__(self) -> None:
        self._ratios = np.zeros(8)
        self._memory = np.zeros(8)
        self._residual = np.zeros(120)

    def frame(self, sound: _Values) -> bytes:
        """Return the 33 bytes of a frame."""
        codes = np.round(_LAR_FACTOR * _log_area_ratios(sound) + _LAR_OFFSET)
        codes = np.clip(codes, _LAR_LEAST, -_LAR_LEAST - 1).astype(int)
        ratios = (codes - _LAR_OFFSET) / _LAR_FACTOR
        fields = [(0xD, 4), *zip((codes - _LAR_LEAST).tolist(), _LAR_BITS, strict=True)]
        rest = self._filtered(sound, ratios)
        self._ratios = ratios
        for part in rest.reshape(-1, _PART):
            fields += self._part(part)
        return _packed(fields)

    def _filtered(self, sound: _Values, ratios: _Values) -> _Values:
        """Return what short-term prediction leaves."""
        rest = np.empty_like(sound)
        begin = 0
        for end, share in _BLENDS:
            reflections = _reflections(share * ratios + (1 - share) * self._ratios)
            for index in range(begin, end):
                rest[index] = self._lattice(sound[index], reflections)
            begin = end
        return rest

    def _lattice(self, value: float, reflections: _Values) -> float:
        forward = backward = value
        for stage, reflection in enumerate(reflections):
            before, self._memory[stage] = self._memory[stage], backward
            backward = before + reflection * forward
            forward += reflection * before
        return forward

    def _part(self, rest: _Values) -> list[tuple[int, int]]:
        """Return the fields of a quarter of a frame: long-term prediction, grid, and pulses."""
        past = self._residual
        scores = [float(rest @ past[120 - lag : 160 - lag or None]) for lag in range(40, 121)]
        lag = 40 + int(np.argmax(scores))
        before = past[120 - lag : 160 - lag or None]
        power = float(before @ before) or 1.0
        gain = sum(scores[lag - 40] / power > limit for limit in _GAIN_LIMITS)
        predicted = _GAINS[gain] * before
        weighted = np.convolve(rest - predicted, _WEIGHTS, "same")
        grids = [weighted[offset : offset + 3 * _PULSES : 3] for offset in range(4)]
        grid = int(np.argmax([pulses @ pulses for pulses in grids]))
        peak, step = _step(int(np.abs(grids[grid]).max()))
        pulses = np.clip(np.round((8 * grids[grid] / step + 7) / 2), 0, 7).astype(int)
        restored = predicted.copy()
        restored[grid : grid + 3 * _PULSES : 3] += (2 * pulses - 7) / 8 * step
        self._residual = np.concatenate([past[_PART:], restored])
        return [(lag, 7), (gain, 2), (grid, 2), (peak, 6), *((int(code), 3) for code in pulses)]


def _log_area_ratios(sound: _Values) -> _Values:
    """Return the log area ratios of a frame by Schur's recursion."""
    products = np.array([float(sound[lag:] @ sound[: len(sound) - lag]) for lag in range(9)])
    found = np.zeros(8)
    if products[0] > 0:
        upper, lower = products[:8].copy(), products[1:].copy()
        for order in range(8):
            reflection = -lower[0] / upper[0]
            found[order] = reflection
            count = 7 - order
            low, up = lower[1:].copy(), upper[1 : count + 1]
            upper, lower = (
                np.concatenate([[upper[0] + reflection * lower[0]], up + reflection * low])[:count],
                low + reflection * up,
            )
            if not count or upper[0] <= 0:
                break
    size = np.abs(found)
    ratios = np.where(size < 0.675, size, np.where(size < 0.95, 2 * size - 0.675, 8 * size - 6.375))
    return np.sign(found) * ratios


def _reflections(ratios: _Values) -> _Values:
    size = np.abs(ratios)
    far = np.where(size < 1.225, 0.5 * size + 0.3375, 0.125 * size + 0.796875)
    return np.sign(ratios) * np.where(size < 0.675, size, far)


def _step(peak: int) -> tuple[int, float]:
    """Return the code of the highest pulse, and the size of a quantization step times eight."""
    exponent = min(6, (peak >> 9).bit_length())
    code = min(63, (peak >> (exponent + 5)) + (exponent << 3))
    exponent = (code >> 3) - 1 if code > 15 else 0
    mantissa = code - (exponent << 3)
    if mantissa == 0:
        return code, _STEPS[7] / 2.0**10
    while mantissa <= 7:
        mantissa, exponent = mantissa << 1 | 1, exponent - 1
    return code, _STEPS[mantissa - 8] / 2.0 ** (6 - exponent)


def _packed(fields: Sequence[tuple[int, int]]) -> bytes:
    value = size = 0
    for field, bits in fields:
        value, size = value << bits | field, size + bits
    return value.to_bytes(size // 8, "big")
