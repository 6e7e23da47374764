"""Persons: speakers joined until no more remain than a request allows."""

from collections.abc import Iterator, Mapping

import numpy as np

from common.voices.turns import LEAST_TURN, join_turns, labels, renamed, speech_seconds
from common.voices.values import Timeline, mean_voice


def at_most(
    found: Mapping[int, Timeline], *, each: int | None, together: int | None
) -> dict[int, Timeline]:
    """Join the most similar speakers of signals until the numbers of speakers are small enough.

    `each` is the most speakers of one signal, and `together` those of all signals. None means any
    number. Speakers of different signals are never joined, so that more may remain.
    """
    result = dict(found)
    while pair := _closest(result, each=each, together=together):
        number, label, into = pair
        result[number] = _joined(result[number], label, into)
    return result


def _closest(
    found: Mapping[int, Timeline], *, each: int | None, together: int | None
) -> tuple[int, str, str] | None:
    """Return the speaker to join into another one: (signal, label, label of the other)."""
    counts = {number: len(labels(one.turns)) for number, one in found.items()}
    crowded = [number for number in found if each is not None and counts[number] > each]
    if not crowded and together is not None and sum(counts.values()) > together:
        crowded = list(found)
    pairs = [(*pair, number) for number in crowded for pair in _pairs(found[number])]
    if not pairs:
        return None
    _, less, more, number = max(pairs, key=lambda pair: pair[0])
    return number, less, more


def _pairs(found: Timeline) -> Iterator[tuple[float, str, str]]:
    """Yield the likeness of two speakers, the one who says less, and the other."""
    seconds = speech_seconds(found.turns)
    speakers = list(seconds)
    for place, one in enumerate(speakers):
        for other in speakers[place + 1 :]:
            less, more = sorted((one, other), key=lambda label: seconds[label])
            yield _likeness(found, less, more, seconds[less]), less, more


def _likeness(found: Timeline, one: str, other: str, least: float) -> float:
    """Return the cosine of two voices. Without a voice, those who say least come first."""
    if one not in found.voices or other not in found.voices:
        return -1.0 - least
    return float(np.dot(found.voices[one].vector, found.voices[other].vector))


def _joined(found: Timeline, label: str, into: str) -> Timeline:
    """Return a timeline in which one speaker is taken for another."""
    name = {label: into}
    voices = {other: voice for other, voice in found.voices.items() if other not in (label, into)}
    both = [found.voices[one] for one in (into, label) if one in found.voices]
    if both:
        voices[into] = mean_voice(both)
    return Timeline(
        turns=tuple(join_turns(renamed(found.turns, name))),
        exclusive_turns=tuple(join_turns(renamed(found.exclusive_turns, name), seam=LEAST_TURN)),
        voices=voices,
    )
