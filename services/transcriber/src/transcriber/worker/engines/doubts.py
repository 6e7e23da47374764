"""Sentences for the owner about the languages that stay in doubt."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from common import languages, lengths

#: Doubts between the same languages with a shorter gap, in seconds, are one.
_SEAM = 60.0
#: Most doubts that are reported one by one.
_MOST = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Doubt:
    """Speech that may be in two languages, the chosen one first. Times are in seconds."""

    start: float
    end: float
    languages: tuple[str, str]


def warnings(doubts: Iterable[Doubt]) -> tuple[str, ...]:
    """Return sentences about doubts."""
    joined = _joined(doubts)
    sentences = [
        f"The language between {_clock(doubt.start)} and {_clock(doubt.end)} is uncertain: "
        f"{' or '.join(languages.NAMES.get(code, code) for code in doubt.languages)}."
        for doubt in joined[:_MOST]
    ]
    more = len(joined) - _MOST
    if more > 0:
        places = "place" if more == 1 else "places"
        sentences.append(f"The language is uncertain in {more} more {places}.")
    return tuple(sentences)


def _joined(doubts: Iterable[Doubt]) -> list[Doubt]:
    joined: list[Doubt] = []
    for doubt in sorted(doubts, key=lambda doubt: (doubt.start, doubt.end)):
        before = joined[-1] if joined else None
        if (
            before is not None
            and set(before.languages) == set(doubt.languages)
            and doubt.start - before.end < _SEAM
        ):
            joined[-1] = replace(before, end=max(before.end, doubt.end))
        else:
            joined.append(doubt)
    return joined


def _clock(seconds: float) -> str:
    """Return a time such as `0:29` or `1:00:29`."""
    whole = int(seconds)
    return lengths.clock(seconds) if whole >= 3600 else f"{whole // 60}:{whole % 60:02}"
