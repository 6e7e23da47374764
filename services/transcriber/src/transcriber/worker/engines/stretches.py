"""Stretches of speech in which a language is detected, and places where it may change."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from common.audio.resampling import SAMPLE_RATE, Samples
from transcriber.worker.engines.voice_activity import Span

#: Shorter stretches are joined with the next one. A language is doubtful in less speech.
_LEAST = round(2.5 * SAMPLE_RATE)
#: Speech without a pause is cut into pieces of at most this length.
_PIECE = round(6.0 * SAMPLE_RATE)
#: Longest stretch, with the pauses inside of it.
_LONGEST = round(7.0 * SAMPLE_RATE)
#: Speech after a longer pause is a stretch of its own.
_PAUSE = round(1.5 * SAMPLE_RATE)
#: A long piece is cut in the quietest moment within this distance from an even cut.
_AROUND_CUT = round(0.8 * SAMPLE_RATE)
#: Shortest piece of long speech.
_SHORTEST_PIECE = round(0.5 * SAMPLE_RATE)

#: Levels are measured over this length.
_HOP = SAMPLE_RATE // 100
#: Number of hops over which a level is averaged.
_SMOOTH = 5
#: A quiet moment is the quietest within this many hops to each side.
_NEIGHBORS = 15
#: Least difference in dB between a quiet moment and the speech around it.
_DIP = 8.0
#: Difference in dB from which on a quiet moment counts as a pause.
_SILENT = 20.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Cut:
    """Place where the language may change, in samples, with the length of the pause there."""

    place: int
    pause: float


def stretches(sound: Samples, spans: Sequence[Span]) -> list[Span]:
    """Join spans of speech to stretches of a few seconds. Long spans are cut in quiet moments."""
    found: list[Span] = []
    for piece in _pieces(sound, spans):
        before = found[-1] if found else None
        if (
            before is not None
            and piece.start - before.end < _PAUSE
            and (before.length < _LEAST or piece.length < SAMPLE_RATE)
            and piece.end - before.start <= _LONGEST
        ):
            found[-1] = Span(start=before.start, end=piece.end)
        else:
            found.append(piece)
    return found


def cuts(sound: Samples, spans: Sequence[Span], start: int, end: int) -> list[Cut]:
    """Return the places within `start` to `end` where speech pauses or gets quiet, in order."""
    pauses = [
        Cut(place=(one.end + other.start) // 2, pause=(other.start - one.end) / SAMPLE_RATE)
        for one, other in itertools.pairwise(spans)
        if one.end >= start and other.start <= end
    ]
    near = [span for span in spans if span.end > start and span.start < end]
    dips = (
        dip
        for dip in _dips(sound, start, end)
        if any(span.start < dip.place < span.end for span in near)
    )
    return sorted([*pauses, *dips], key=lambda cut: cut.place)


def _pieces(sound: Samples, spans: Sequence[Span]) -> list[Span]:
    pieces: list[Span] = []
    for span in spans:
        count = -(-span.length // _PIECE)
        edges = [span.start]
        for number in range(1, count):
            even = span.start + span.length * number // count
            first = max(even - _AROUND_CUT, edges[-1] + _SHORTEST_PIECE)
            last = min(even + _AROUND_CUT, span.end - _SHORTEST_PIECE)
            edges.append(first + _quietest(sound[first:last]))
        edges.append(span.end)
        pieces += [Span(start=one, end=other) for one, other in itertools.pairwise(edges)]
    return pieces


def _quietest(sound: Samples) -> int:
    levels = _levels(sound)
    return int(np.argmin(levels)) * _HOP + _HOP // 2 if len(levels) else len(sound) // 2


def _dips(sound: Samples, start: int, end: int) -> list[Cut]:
    """Return moments much quieter than the speech around them."""
    levels = _levels(sound[start:end])
    if len(levels) <= 2 * _NEIGHBORS:
        return []
    loud = float(np.median(np.sort(levels)[-len(levels) // 2 :]))
    found: list[Cut] = []
    for number in range(_NEIGHBORS, len(levels) - _NEIGHBORS):
        around = levels[number - _NEIGHBORS : number + _NEIGHBORS + 1]
        if levels[number] == around.min() and levels[number] < loud - _DIP:
            silent = float((around < loud - _SILENT).sum()) * _HOP / SAMPLE_RATE
            found.append(Cut(place=start + number * _HOP + _HOP // 2, pause=silent))
    return found


def _levels(sound: Samples) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the level of each hop in dB, smoothed."""
    count = len(sound) // _HOP
    if count == 0:
        return np.empty(0)
    power = np.square(sound[: count * _HOP], dtype=np.float64).reshape(count, _HOP).mean(axis=1)
    decibels = 10 * np.log10(power + 1e-8)
    padded = np.pad(decibels, _SMOOTH // 2, mode="edge")
    return np.convolve(padded, np.ones(_SMOOTH) / _SMOOTH, mode="valid")
