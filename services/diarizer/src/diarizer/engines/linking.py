"""Links between the speakers of the windows of a long recording.

Each window has its own speakers. Speakers of different windows are joined while their voices are
similar, the most similar first. Two speakers of one window are never the same person.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]

#: Voices with less clean speech (seconds) are matched to groups but do not form any.
_SOLID_SECONDS = 5.0
#: How much less similar a voice from little speech may be.
_WEAK_ALLOWANCE = 0.15


@dataclass(frozen=True, kw_only=True, slots=True)
class LocalSpeaker:
    """A speaker of one window.

    `vector` is a unit-length voice vector, computed from `seconds` of clean speech. It is None
    without clean speech.
    """

    window: int
    label: str
    vector: FloatArray | None
    seconds: float


def link(
    speakers: Sequence[LocalSpeaker], *, threshold: float, fewest: int = 1, most: int | None = None
) -> list[int]:
    """Return the number of the person of each local speaker, counted from 0 by first mention.

    Groups are joined while the cosine of their voices reaches `threshold`, then down to `most`
    persons, and never below `fewest`. More than `most` remain only if they share windows.
    """
    if not speakers:
        return []
    groups = _Groups(speakers)
    voiced = np.array([speaker.vector is not None for speaker in speakers])
    solid = np.array([speaker.seconds >= _SOLID_SECONDS for speaker in speakers]) & voiced
    groups.join_while(solid, solid, threshold, fewest)
    groups.join_while(solid, voiced & ~solid, threshold - _WEAK_ALLOWANCE, fewest)
    groups.join_while(voiced, voiced, threshold, fewest)
    if most is not None:
        everyone = np.ones(len(speakers), dtype=np.bool_)
        groups.join_while(everyone, everyone, -np.inf, most)
    return groups.numbers()


class _Groups:
    """Groups of local speakers. The number of a group is that of one of its members."""

    def __init__(self, speakers: Sequence[LocalSpeaker]) -> None:
        count = len(speakers)
        dimension = next((len(s.vector) for s in speakers if s.vector is not None), 1)
        self._members = [[number] for number in range(count)]
        self._alive = np.ones(count, dtype=np.bool_)
        self._windows = np.zeros((count, 1 + max(s.window for s in speakers)), dtype=np.bool_)
        self._sums = np.zeros((count, dimension))
        for number, speaker in enumerate(speakers):
            self._windows[number, speaker.window] = True
            if speaker.vector is not None:
                self._sums[number] = speaker.vector * max(speaker.seconds, 0.1)

    def join_while(self, some: BoolArray, others: BoolArray, threshold: float, fewest: int) -> None:
        """Repeatedly join the most similar pair of a group in `some` and one in `others`.

        This ends when no pair reaches `threshold` or only `fewest` groups are left. The joined
        group belongs to `some`.
        """
        while np.count_nonzero(self._alive) > fewest:
            likeness = self._likeness(some, others)
            first, second = np.unravel_index(np.argmax(likeness), likeness.shape)
            best = likeness[first, second]
            if np.isnan(best) or best == -np.inf or best < threshold:
                return
            self._join(int(first), int(second))

    def numbers(self) -> list[int]:
        """Return the number of the person of each local speaker."""
        group_of = {
            member: group
            for group in np.flatnonzero(self._alive).tolist()
            for member in self._members[group]
        }
        order: dict[int, int] = {}
        return [
            order.setdefault(group_of[member], len(order)) for member in range(len(self._members))
        ]

    def _likeness(self, some: BoolArray, others: BoolArray) -> npt.NDArray[np.float64]:
        """Return the cosines of (some, others), -inf for pairs that must not be joined."""
        norms = np.linalg.norm(self._sums, axis=1, keepdims=True)
        units = self._sums / np.where(norms > 0, norms, 1.0)
        together = self._windows.astype(np.int64) @ self._windows.T.astype(np.int64) > 0
        pairs = np.outer(some & self._alive, others & self._alive)
        return np.where(pairs & ~together, units @ units.T, -np.inf)

    def _join(self, into: int, other: int) -> None:
        self._members[into] += self._members[other]
        self._windows[into] |= self._windows[other]
        self._sums[into] += self._sums[other]
        self._alive[other] = False
