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
        pieces = np.zeros((count, 1 + max(s.piece for s in speakers)), dtype=np.bool_)
        self._seconds = np.zeros(count)
        self._sums = np.zeros((count, dimension))
        for number, speaker in enumerate(speakers):
            pieces[number, speaker.piece] = True
            if speaker.vector is not None:
                self._seconds[number] = max(speaker.seconds, 0.1)
                self._sums[number] = speaker.vector * self._seconds[number]
        norms = np.linalg.norm(self._sums, axis=1, keepdims=True)
        self._units = (self._sums / np.where(norms > 0, norms, 1.0)).astype(np.float32)
        self._pieces = np.packbits(pieces, axis=1)

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
        rows, columns = np.flatnonzero(some & self._alive), np.flatnonzero(others & self._alive)
        if not len(rows) or not len(columns):
            return
        likeness = self._likeness(rows, columns)
        row_of, column_of = (_places(groups, len(self._alive)) for groups in (rows, columns))
        closest = np.argmax(likeness, axis=1)
        best = likeness[np.arange(len(rows)), closest]
        while np.count_nonzero(self._alive) > fewest:
            row = int(np.argmax(best))
            column = int(closest[row])
            if best[row] == -np.inf or best[row] < threshold:
                return
            first, second = int(rows[row]), int(columns[column])
            self._join(first, second)
            # Only pairs with one of the two have changed.
            own = self._likeness_of(first)
            likeness[row] = own[columns]
            likeness[:, column] = -np.inf
            stale = closest == column
            stale[row] = True
            if row_of[second] >= 0:
                likeness[row_of[second]] = -np.inf
                stale[row_of[second]] = True
            if column_of[first] >= 0:
                likeness[:, column_of[first]] = own[rows]
                stale |= closest == column_of[first]
                better = own[rows] > best
                closest[better], best[better] = column_of[first], own[rows][better]
            places = np.flatnonzero(stale)
            closest[places] = np.argmax(likeness[places], axis=1)
            best[places] = likeness[places, closest[places]]

    def numbers(self) -> list[int]:
        """Return the number of the person of each local speaker."""
        order: dict[int, int] = {}
        return [order.setdefault(group, len(order)) for group in self._group.tolist()]

    def _likeness(
        self, rows: npt.NDArray[np.intp], columns: npt.NDArray[np.intp]
    ) -> npt.NDArray[np.float32]:
        """Return the cosines of (rows, columns), -inf for pairs that must not be joined."""
        pieces = np.unpackbits(self._pieces, axis=1).astype(np.float32)
        together = pieces[rows] @ pieces[columns].T > 0
        cosines = self._units[rows] @ self._units[columns].T
        solid = self.solid()
        least = self._least_of_twins(np.outer(solid[rows], solid[columns]))
        apart = (together & (cosines < least)) | (rows[:, None] == columns)
        return np.where(apart, -np.inf, cosines).astype(np.float32)

    def _likeness_of(self, group: int) -> npt.NDArray[np.float32]:
        """Return the cosines of one group and all, -inf for pairs that must not be joined."""
        together = (self._pieces & self._pieces[group]).any(axis=1)
        cosines = self._units @ self._units[group]
        solid = self.solid()
        apart = together & (cosines < self._least_of_twins(solid & solid[group]))
        apart[group] = True
        return np.where(apart | ~self._alive, -np.inf, cosines).astype(np.float32)

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


def _places(groups: npt.NDArray[np.intp], count: int) -> npt.NDArray[np.intp]:
    """Return the place of each group in a selection, -1 for the others."""
    places = np.full(count, -1, dtype=np.intp)
    places[groups] = np.arange(len(groups))
    return places
