"""Persons: speakers joined until no more remain than a request allows."""

from collections.abc import Iterator, Mapping

import numpy as np

from common.voices.turns import LEAST_TURN, join_turns, renamed, speech_seconds
from common.voices.values import Timeline, mean_voice


def at_most(
    found: Mapping[int, Timeline], *, each: int | None, together: int | None
) -> dict[int, Timeline]:
    """Join the most similar speakers of signals until the numbers of speakers are small enough.

    `each` is the most speakers of one signal, and `together` those of all signals. None means any
    number. Speakers of different signals are never joined, so that more may remain.
    """
    signals = {number: _Speakers(one) for number, one in found.items()}
    while pair := _closest(signals, each=each, together=together):
        number, label, into = pair
        signals[number].join(label, into)
    return {number: signals[number].applied(one) for number, one in found.items()}


class _Speakers:
    """The speakers of one signal."""

    def __init__(self, found: Timeline) -> None:
        self._seconds = speech_seconds(found.turns)
        self._voices = {
            label: voice for label, voice in found.voices.items() if label in self._seconds
        }
        self._into: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._seconds)

    def pairs(self) -> Iterator[tuple[float, str, str]]:
        """Yield the likeness of two speakers, the one who says less, and the other."""
        speakers = list(self._seconds)
        for place, one in enumerate(speakers):
            for other in speakers[place + 1 :]:
                less, more = sorted((one, other), key=lambda label: self._seconds[label])
                yield self._likeness(less, more), less, more

    def join(self, label: str, into: str) -> None:
        """Take one speaker for another."""
        self._into[label] = into
        self._seconds[into] += self._seconds.pop(label)
        both = [self._voices.pop(one) for one in (into, label) if one in self._voices]
        if both:
            self._voices[into] = mean_voice(both)

    def applied(self, found: Timeline) -> Timeline:
        """Return the timeline with the speakers that are left."""
        if not self._into:
            return found
        names = {label: self._last(label) for label in self._into}
        exclusive = join_turns(renamed(found.exclusive_turns, names), seam=LEAST_TURN)
        return Timeline(
            turns=tuple(join_turns(renamed(found.turns, names))),
            exclusive_turns=tuple(exclusive),
            voices=self._voices,
        )

    def _likeness(self, less: str, more: str) -> float:
        """Return the cosine of two voices. Without a voice, those who say least come first."""
        if less not in self._voices or more not in self._voices:
            return -1.0 - self._seconds[less]
        return float(np.dot(self._voices[less].vector, self._voices[more].vector))

    def _last(self, label: str) -> str:
        while label in self._into:
            label = self._into[label]
        return label


def _closest(
    signals: Mapping[int, _Speakers], *, each: int | None, together: int | None
) -> tuple[int, str, str] | None:
    """Return the speaker to join into another one: (signal, label, label of the other)."""
    crowded = [number for number, one in signals.items() if each is not None and len(one) > each]
    if not crowded and together is not None and sum(map(len, signals.values())) > together:
        crowded = list(signals)
    pairs = [(*pair, number) for number in crowded for pair in signals[number].pairs()]
    if not pairs:
        return None
    _, less, more, number = max(pairs, key=lambda pair: pair[0])
    return number, less, more
