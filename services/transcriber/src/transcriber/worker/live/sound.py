"""The part of a channel's sound that is still needed."""

import numpy as np

from common.audio.resampling import NOTHING, Samples


class SoundBuffer:
    """Samples from `start` to `end`, counted from the beginning of the stream."""

    def __init__(self) -> None:
        self.start = 0
        self.end = 0
        self._pieces: list[Samples] = []

    def push(self, samples: Samples) -> None:
        """Add sound at the end."""
        self._pieces.append(samples)
        self.end += len(samples)

    def forget(self, before: int) -> None:
        """Drop whole pieces that end before a position."""
        dropped = 0
        while dropped < len(self._pieces) and self.start + len(self._pieces[dropped]) <= before:
            self.start += len(self._pieces[dropped])
            dropped += 1
        del self._pieces[:dropped]

    def cut(self, start: int, end: int) -> Samples:
        """Return the sound between two positions, as far as it is there."""
        found, position = [], self.start
        for piece in self._pieces:
            found.append(piece[max(0, start - position) : max(0, end - position)])
            position += len(piece)
        return np.concatenate(found) if found else NOTHING
