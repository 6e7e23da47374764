"""Links between the speakers of pieces of a long recording.

Each piece has its own speakers. Speakers of different pieces are joined while their voices are
similar, the most similar first. Two speakers of one piece are not the same person, unless the
pieces were split into too many.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from common.voices.values import FloatArray

BoolArray = npt.NDArray[np.bool_]

#: Voices with less clean speech (seconds) are matched to groups but do not form any.
_SOLID_SECONDS = 5.0
#: How much less similar a voice from little speech may be.
_WEAK_ALLOWANCE = 0.15


@dataclass(frozen=True, kw_only=True, slots=True)
class LocalSpeaker:
    """A speaker of one piece.

    `vector` is a unit-length voice vector, computed from `seconds` of clean speech. It is None
    without clean speech.
    """

    piece: int
    label: str
    vector: FloatArray | None
    seconds: float


def link(
    speakers: Sequence[LocalSpeaker],
    *,
    threshold: float,
    fewest: int = 1,
    most: int | None = None,
    same: Iterable[tuple[int, int]] = (),
    twins: float | None = None,
) -> list[int]:
    """Return the number of the person of each local speaker, counted from 0 by first mention.

    Groups are joined while the cosine of their voices reaches `threshold`, then down to `most`
    persons, and never below `fewest`. More than `most` remain only if they share pieces.

    With `twins`, two speakers of one piece may be one person as well. If both voices are from much
    speech, their cosine has to reach `twins`.

    Pairs in `same`, given by the places of two speakers in order of certainty, are one person,
    except if both have a voice from much speech. Such voices decide by themselves, since the common
    speech of a pair may have been taken for one of them by mistake.
    """
    if not speakers:
        return []
    weak = threshold - _WEAK_ALLOWANCE
    groups = _Groups(speakers, solid_twins=twins, weak_twins=None if twins is None else weak)
    solid = groups.solid()
    groups.join_while(solid, solid, threshold, fewest)
    for one, other in same:
        groups.join_members(one, other, fewest)
    solid, voiced = groups.solid(), groups.voiced()
    groups.join_while(solid, voiced & ~solid, weak, fewest)
    groups.join_while(voiced, voiced, threshold, fewest)
    if most is not None:
        everyone = np.ones(len(speakers), dtype=np.bool_)
        groups.join_while(everyone, everyone, -np.inf, most)
    return groups.numbers()


class _Groups:
    """Groups of local speakers. The number of a group is that of one of its members.

    Groups that share a piece can be joined from a cosine of `solid_twins` on if both have a voice
    from much speech, and else from `weak_twins` on. None keeps them apart.
    """

    def __init__(
        self,
        speakers: Sequence[LocalSpeaker],
        *,
        solid_twins: float | None,
        weak_twins: float | None,
    ) -> None:
        self._solid_twins = np.inf if solid_twins is None else solid_twins
        self._weak_twins = np.inf if weak_twins is None else weak_twins
        count = len(speakers)
        dimension = next((len(s.vector) for s in speakers if s.vector is not None), 1)
        self._group = np.arange(count)
        self._alive = np.ones(count, dtype=np.bool_)
        self._pieces = np.zeros((count, 1 + max(s.piece for s in speakers)), dtype=np.bool_)
        self._seconds = np.zeros(count)
        self._sums = np.zeros((count, dimension))
        for number, speaker in enumerate(speakers):
            self._pieces[number, speaker.piece] = True
            if speaker.vector is not None:
                self._seconds[number] = max(speaker.seconds, 0.1)
                self._sums[number] = speaker.vector * self._seconds[number]
        norms = np.linalg.norm(self._sums, axis=1, keepdims=True)
        self._units = self._sums / np.where(norms > 0, norms, 1.0)

    def voiced(self) -> BoolArray:
        """Return which groups have a voice."""
        return self._alive & (self._seconds > 0)

    def solid(self) -> BoolArray:
        """Return which groups have a voice from much speech."""
        return self._alive & (self._seconds >= _SOLID_SECONDS)

    def join_members(self, one: int, other: int, fewest: int) -> None:
        """Join the groups of two speakers, one of which has no voice from much speech.

        Nothing is joined if they share a piece or only `fewest` groups are left.
        """
        into, out = int(self._group[one]), int(self._group[other])
        if into == out or np.count_nonzero(self._alive) <= fewest:
            return
        solid = self._seconds[[into, out]] >= _SOLID_SECONDS
        if not solid.all() and not (self._pieces[into] & self._pieces[out]).any():
            self._join(into, out)

    def join_while(self, some: BoolArray, others: BoolArray, threshold: float, fewest: int) -> None:
        """Repeatedly join the most similar pair of a group in `some` and one in `others`.

        This ends when no pair reaches `threshold` or only `fewest` groups are left. The joined
        group belongs to `some`.
        """
        likeness = self._likeness(some, others)
        closest = np.argmax(likeness, axis=1)
        best = likeness[np.arange(len(likeness)), closest]
        while np.count_nonzero(self._alive) > fewest:
            first = int(np.argmax(best))
            if best[first] == -np.inf or best[first] < threshold:
                return
            second = int(closest[first])
            self._join(first, second)
            # Only pairs with one of the two have changed.
            likeness[second, :] = likeness[:, second] = -np.inf
            own = self._likeness_of(first)
            likeness[first] = np.where(others, own, -np.inf)
            if others[first]:
                likeness[:, first] = np.where(some, own, -np.inf)
            stale = np.union1d(
                np.flatnonzero((closest == first) | (closest == second)), [first, second]
            )
            closest[stale] = np.argmax(likeness[stale], axis=1)
            best[stale] = likeness[stale, closest[stale]]
            better = likeness[:, first] > best
            closest[better], best[better] = first, likeness[better, first]

    def numbers(self) -> list[int]:
        """Return the number of the person of each local speaker."""
        order: dict[int, int] = {}
        return [order.setdefault(group, len(order)) for group in self._group.tolist()]

    def _likeness(self, some: BoolArray, others: BoolArray) -> npt.NDArray[np.float64]:
        """Return the cosines of (some, others), -inf for pairs that must not be joined."""
        rows, columns = np.flatnonzero(some & self._alive), np.flatnonzero(others & self._alive)
        pieces = self._pieces.astype(np.float32)
        together = pieces[rows] @ pieces[columns].T > 0
        cosines = self._units[rows] @ self._units[columns].T
        solid = self.solid()
        least = self._least_of_twins(np.outer(solid[rows], solid[columns]))
        likeness = np.full((len(some), len(others)), -np.inf)
        likeness[np.ix_(rows, columns)] = np.where(together & (cosines < least), -np.inf, cosines)
        np.fill_diagonal(likeness, -np.inf)
        return likeness

    def _likeness_of(self, group: int) -> npt.NDArray[np.float64]:
        """Return the cosines of one group and all, -inf for pairs that must not be joined."""
        together = (self._pieces & self._pieces[group]).any(axis=1)
        cosines = self._units @ self._units[group]
        solid = self.solid()
        apart = together & (cosines < self._least_of_twins(solid & solid[group]))
        apart[group] = True
        return np.where(apart | ~self._alive, -np.inf, cosines)

    def _least_of_twins(self, both_solid: BoolArray) -> npt.NDArray[np.float64]:
        return np.where(both_solid, self._solid_twins, self._weak_twins)

    def _join(self, into: int, other: int) -> None:
        self._group[self._group == other] = into
        self._pieces[into] |= self._pieces[other]
        self._seconds[into] += self._seconds[other]
        self._sums[into] += self._sums[other]
        norm = float(np.linalg.norm(self._sums[into]))
        self._units[into] = self._sums[into] / (norm if norm > 0 else 1.0)
        self._alive[other] = False
