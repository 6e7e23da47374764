"""Windows of long recordings, cut in quiet moments so that memory does not grow with length."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from common.audio.conditioning import SignalConditioner
from common.audio.decoding import decode
from common.audio.resampling import SAMPLE_RATE, Samples
from common.audio.signals import AudioSource

#: Takes the sound of the zone for the cut and returns the place (samples from its beginning).
FindCut = Callable[[Samples], int]

_HOP_SECONDS = 0.02
_QUIET_SECONDS = 0.4


@dataclass(frozen=True, kw_only=True, slots=True)
class AudioWindow:
    """A stretch of a recording: mono float32 `samples` at 16 kHz from `start` seconds on."""

    start: float
    samples: Samples

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return len(self.samples) / SAMPLE_RATE

    @property
    def end(self) -> float:
        """End in seconds from the start of the recording."""
        return self.start + self.duration


def windows(
    source: AudioSource,
    *,
    duration: float,
    longest: float,
    zone: float = 60.0,
    find_cut: FindCut | None = None,
    conditioner: SignalConditioner | None = None,
) -> Iterator[AudioWindow]:
    """Decode a recording as adjacent windows of at most `longest` seconds.

    `duration` (seconds, as probed) only serves to make the windows alike in length. The recording
    is decoded to its actual end. Each cut lies in the last `zone` seconds of a window (a fifth of
    `longest` at most), at the place given by `find_cut`: by default in its quietest moment. An
    empty recording has no windows. `conditioner` makes samples sane and counts the changes.
    """
    longest = max(longest, 1.0)
    zone = min(zone, longest / 5)
    size = _even_size(duration, longest, zone)
    zone_size = round(zone * SAMPLE_RATE)
    find_cut = find_cut or quietest
    position = held = 0
    # Pages of it take memory once they are written to.
    buffer = np.empty(size, dtype=np.float32)
    for block in decode(source, conditioner=conditioner):
        left: Samples = block
        while len(left) > size - held:
            buffer[held:] = left[: size - held]
            left = left[size - held :]
            cut = size - zone_size + find_cut(buffer[size - zone_size :])
            # A copy, and no name for the rest, so that the caller can free the window.
            beginning, window = buffer[cut:].copy(), buffer[:cut]
            del buffer
            yield AudioWindow(start=position / SAMPLE_RATE, samples=window)
            del window
            position += cut
            held = len(beginning)
            buffer = np.empty(size, dtype=np.float32)
            buffer[:held] = beginning
        buffer[held : held + len(left)] = left
        held += len(left)
    if held:
        yield AudioWindow(start=position / SAMPLE_RATE, samples=buffer[:held])


def _even_size(duration: float, longest: float, zone: float) -> int:
    """Return the samples per window, zone included, so that no short window is left at the end."""
    if duration <= longest:
        return math.ceil(longest * SAMPLE_RATE)
    count = math.ceil(duration / (longest - zone))
    # On average a cut lies in the middle of the zone.
    return math.ceil(min(longest, duration / count + zone / 2) * SAMPLE_RATE)


def quietest(samples: Samples) -> int:
    """Return the middle of the quietest moment (0.4 s), in samples from the beginning."""
    hop = round(_HOP_SECONDS * SAMPLE_RATE)
    hops = len(samples) // hop
    if hops == 0:
        return len(samples) // 2
    energy = np.square(samples[: hops * hop]).reshape(hops, hop).mean(axis=1)
    width = min(hops, round(_QUIET_SECONDS / _HOP_SECONDS))
    smooth = np.convolve(energy, np.ones(width) / width, mode="valid")
    return int((int(np.argmin(smooth)) + width / 2) * hop)
