"""Stretches of a recording in which one voice speaks, from the voices of overlapping chunks.

A segmentation network tells at most three voices of a chunk apart. If more people speak within its
ten seconds, two of them share a voice, and no clustering of whole voices can part them. Therefore
time is cut where the chunks say that the voice changes, and each stretch is somebody's by itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

#: Label of a frame of a voice that is nobody's.
NOBODY = -1

#: Longer stretches are cut: somebody else may have spoken in between, unnoticed.
_LONGEST_SECONDS = 2.0
#: Shorter pauses do not end a stretch.
_PAUSE_SECONDS = 0.1
#: Chunks agree on a change of voices if their times differ by no more.
_AGREEMENT_SECONDS = 0.2
#: Share of chunks that must see a change of voices.
_AGREEMENT = 0.3
#: Share of a stretch that a chunk must contain, and hear as one voice, to say whose it is.
_CONTAINED, _HEARD = 0.5, 0.3


@dataclass(frozen=True, kw_only=True, slots=True)
class Chunks:
    """Voices in overlapping chunks of a recording.

    `active` is (chunks, frames, voices). `starts` are the first frames of the chunks within the
    recording, and a frame lasts `step` seconds.
    """

    active: BoolArray
    starts: Sequence[int]
    step: float

    @property
    def length(self) -> int:
        """Number of frames of the recording."""
        return int(self.starts[-1] + self.active.shape[1])

    def single(self, chunk: int) -> IntArray:
        """Return the voice of each frame of a chunk, NOBODY unless it is the only one."""
        active = self.active[chunk]
        return np.where(active.sum(axis=1) == 1, active.argmax(axis=1), NOBODY)


def find_stretches(chunks: Chunks) -> list[IntArray]:
    """Return stretches of one voice in order: their frames, which increase, with brief gaps."""
    count = chunks.active.shape[1]
    covered, single, changes = np.zeros((3, chunks.length), dtype=np.float32)
    reach = int(_AGREEMENT_SECONDS / chunks.step)
    for chunk, start in enumerate(chunks.starts):
        voices = chunks.single(chunk)
        covered[start : start + count] += 1
        single[start : start + count] += voices != NOBODY
        heard = np.flatnonzero(voices != NOBODY)
        for place in np.flatnonzero(np.diff(voices[heard])):
            middle = start + (heard[place] + heard[place + 1]) // 2
            changes[max(0, middle - reach) : middle + reach] += 1
    covered = np.maximum(covered, 1)
    cuts = np.cumsum(_peaks(changes / covered))
    frames = np.flatnonzero(single / covered > 0.5)
    apart = (np.diff(frames) - 1) * chunks.step > _PAUSE_SECONDS
    places = np.flatnonzero(apart | (np.diff(cuts[frames]) > 0)) + 1
    return [
        piece
        for stretch in np.split(frames, places)
        if len(stretch)
        for piece in np.array_split(
            stretch, int(np.ceil(len(stretch) * chunks.step / _LONGEST_SECONDS))
        )
    ]


def _peaks(shares: FloatArray) -> IntArray:
    """Return 1 in the middle of the highest place of each run that is high enough, else 0."""
    high = np.concatenate([[False], shares >= _AGREEMENT, [False]])
    edges = np.flatnonzero(np.diff(high))
    found = np.zeros(len(shares), dtype=np.int64)
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        run = shares[first:last]
        found[first + int(np.median(np.flatnonzero(run == run.max())))] = 1
    return found


def agreement(chunks: Chunks, stretches: Sequence[IntArray]) -> FloatArray:
    """Return how surely the chunks hear stretches as one voice: (stretches, stretches).

    1 if all that contain both say the same voice, -1 if all say two, and 0 without any.
    """
    same, seen = np.zeros((2, len(stretches), len(stretches)), dtype=np.float32)
    firsts = np.array([one[0] for one in stretches])
    lasts = np.array([one[-1] for one in stretches])
    for chunk, start in enumerate(chunks.starts):
        voices = chunks.single(chunk)
        near = np.flatnonzero((lasts >= start) & (firsts < start + len(voices)))
        owners = np.array(
            [_owner(voices, stretches[int(one)] - start) for one in near], dtype=np.int64
        )
        known = near[owners != NOBODY]
        owners = owners[owners != NOBODY]
        pairs = np.ix_(known, known)
        seen[pairs] += 1
        same[pairs] += owners[:, None] == owners
    found: FloatArray = np.where(seen > 0, 2 * same / np.maximum(seen, 1) - 1, 0)
    return found


def _owner(voices: IntArray, frames: IntArray) -> int:
    """Return the voice that a chunk hears most in these frames of it, NOBODY in too few."""
    inside = frames[(frames >= 0) & (frames < len(voices))]
    heard = voices[inside]
    heard = heard[heard != NOBODY]
    if len(inside) < _CONTAINED * len(frames) or len(heard) < _HEARD * len(frames):
        return NOBODY
    return int(np.bincount(heard).argmax())


def label_frames(
    chunks: Chunks, stretches: Sequence[IntArray], labels: Sequence[int] | IntArray
) -> IntArray:
    """Return whose each frame of each voice is, by the labels of stretches.

    (chunks, frames, voices), NOBODY where a voice is not active. Where several voices are active,
    each is that of the nearest stretch in which the chunk hears it alone. A voice that a chunk
    never hears alone is nobody's.
    """
    of_frames = np.full(chunks.length, NOBODY, dtype=np.int64)
    for stretch, label in zip(stretches, labels, strict=True):
        of_frames[stretch] = label
    found = np.full(chunks.active.shape, NOBODY, dtype=np.int64)
    for chunk, start in enumerate(chunks.starts):
        voices = chunks.single(chunk)
        known = of_frames[start : start + len(voices)]
        for voice in range(chunks.active.shape[2]):
            alone = np.flatnonzero((voices == voice) & (known != NOBODY))
            active = np.flatnonzero(chunks.active[chunk, :, voice])
            if len(alone):
                found[chunk, active, voice] = known[nearest(alone, active)]
    return found


def nearest(places: IntArray, others: IntArray) -> IntArray:
    """Return the nearest of increasing `places` for each of `others`."""
    after = np.searchsorted(places, others).clip(0, len(places) - 1)
    before = (after - 1).clip(0)
    closer = np.abs(places[after] - others) <= np.abs(places[before] - others)
    found: IntArray = np.where(closer, places[after], places[before])
    return found
