"""Places of decoded sound on the recording's clock."""

import math

from common.audio.container import OpenAudio

#: Time stamps further ahead than this mean missing sound. Smaller gaps are rounding errors.
_GAP_SECONDS = 0.1
#: Jumps that add up to more than this are not missing sound but broken time stamps.
_MOST_SILENCE_SECONDS = 3 * 3600.0
#: Time stamps later than this after the declared length are not credible.
_BEYOND_SECONDS = 1.0


class Timeline:
    """Position of sound in a recording, in seconds, from time stamps as far as they are credible.

    `clock` is the position of the next sound.
    """

    def __init__(self, opened: OpenAudio, start: float = 0.0) -> None:
        """`start` is the first wanted moment of sound, in seconds."""
        self.clock = 0.0
        # A time found by seeking is credible, though the declared length may be too short.
        self._latest = max(_latest(opened), start + _BEYOND_SECONDS)
        self._seams = [link.start for link in opened.links]
        self._silence_left = _MOST_SILENCE_SECONDS
        self._begun = False

    @property
    def begun(self) -> bool:
        """Whether any sound has been placed."""
        return self._begun

    def place(self, time: float | None) -> float:
        """Move to the time stamp of the next sound. Return the seconds missing before it."""
        credible = time is not None and time <= self._latest
        first, self._begun = not self._begun, True
        if time is None or not credible:
            return 0.0
        gap = time - self.clock
        if first:
            self.clock = time
            return 0.0
        # Small shortfalls of links against their declared lengths would add up otherwise.
        at_seam = any(self.clock < seam <= time for seam in self._seams)
        if not (0.0 if at_seam else _GAP_SECONDS) < gap <= self._silence_left:
            return 0.0
        self._silence_left -= gap
        self.clock = time
        return gap

    def advance(self, seconds: float) -> None:
        """Move past sound of the given length."""
        self.clock += seconds


def _latest(opened: OpenAudio) -> float:
    """Return the latest credible time stamp, in seconds."""
    if opened.duration is None:
        return math.inf
    # A first time stamp that is not credible has no silence before it.
    start = opened.start if 0 <= opened.start <= _MOST_SILENCE_SECONDS else 0.0
    return start + opened.duration + _BEYOND_SECONDS
