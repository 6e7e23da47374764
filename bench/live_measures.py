"""Delays and errors of live text, against words whose times are known."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.engines_words import TimedWord
from bench.metrics import WordErrors, normalize, word_errors

#: A word is the one of the reference if it ends within this time of it, in seconds.
_NEAR = 1.0
#: Age of the text, in seconds, at which drafts are compared.
_AGE = 2.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """Text on a page from a moment on, in seconds: the words added as final, and the draft."""

    moment: float
    final: tuple[TimedWord, ...]
    draft: tuple[TimedWord, ...]


@dataclass(kw_only=True)
class LiveText:
    """All that was shown of one recording, in order of time."""

    shown: list[Shown] = field(default_factory=list)

    def add(
        self, moment: float, final: Sequence[TimedWord], draft: Sequence[TimedWord] = ()
    ) -> None:
        """Add the text that is shown from a moment on."""
        self.shown.append(Shown(moment=moment, final=tuple(final), draft=tuple(draft)))

    @property
    def text(self) -> str:
        """The final text."""
        return " ".join(word.text for one in self.shown for word in one.final)

    def first_delays(self, reference: Sequence[TimedWord]) -> list[float]:
        """Return how long after its end each word was shown for the first time."""
        return self._delays(reference, [(one.moment, one.final + one.draft) for one in self.shown])

    def final_delays(self, reference: Sequence[TimedWord]) -> list[float]:
        """Return how long after its end each word was final."""
        return self._delays(reference, [(one.moment, one.final) for one in self.shown])

    def aged(self, seconds: float) -> str:
        """Return the text as it was shown two seconds after it was spoken."""
        words: list[str] = []
        start, moment = 0.0, _AGE + 1.0
        while start < seconds:
            words += [word.text for word in self._at(moment) if start <= word.end < moment - _AGE]
            start, moment = moment - _AGE, moment + 1.0
        return " ".join(words)

    def _at(self, moment: float) -> list[TimedWord]:
        """Return the words on the page at a moment."""
        past = [one for one in self.shown if one.moment <= moment]
        final = [word for one in past for word in one.final]
        return [*final, *(past[-1].draft if past else ())]

    @staticmethod
    def _delays(
        reference: Sequence[TimedWord], shown: Sequence[tuple[float, Sequence[TimedWord]]]
    ) -> list[float]:
        delays = []
        for word in reference:
            text = normalize(word.text)
            found = (
                moment
                for moment, words in shown
                if moment > word.end - _NEAR
                and any(
                    abs(one.end - word.end) < _NEAR and normalize(one.text) == text for one in words
                )
            )
            moment = next(found, None)
            if moment is not None and text:
                delays.append(moment - word.end)
        return delays


@dataclass(frozen=True, kw_only=True, slots=True)
class LiveRow:
    """Measures of one way of live recognition."""

    name: str
    first: Sequence[float]
    final: Sequence[float]
    drafts: WordErrors
    finals: WordErrors
    cpu: float

    def __str__(self) -> str:
        return (
            f"{self.name}: first display {_spread(self.first)}, final {_spread(self.final)}, "
            f"WER of drafts after 2 s {100 * self.drafts.rate:.1f} %, "
            f"of finals {100 * self.finals.rate:.1f} %, {self.cpu:.2f} CPU s per second"
        )


def row(
    name: str,
    text: LiveText,
    *,
    reference: str,
    words: Sequence[TimedWord],
    seconds: float,
    cpu: float,
) -> LiveRow:
    """Return the measures of a text. `words` have the times, `reference` is the spoken text."""
    return LiveRow(
        name=name,
        first=text.first_delays(words),
        final=text.final_delays(words),
        drafts=word_errors(reference, text.aged(seconds)),
        finals=word_errors(reference, text.text),
        cpu=cpu,
    )


def _spread(delays: Sequence[float]) -> str:
    if not delays:
        return "never"
    ordered = sorted(delays)
    late = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
    return f"{statistics.median(ordered):.2f} s (p95 {late:.2f}, {len(ordered)} words)"
