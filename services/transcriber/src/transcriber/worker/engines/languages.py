"""Languages of the stretches of a recording, decided from the probabilities detected in each."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

#: Least probability in one stretch from which on a language is among those of the recording.
CERTAIN = 0.8
#: Least length of such a stretch, in seconds.
_LONG_ENOUGH = 2.0
#: Least length of all such stretches in a rare language.
_RARE_LONG_ENOUGH = 8.0
#: Length in seconds from which on the evidence of a stretch counts fully.
_FULL_LENGTH = 2.5
#: Added to probabilities, so that no single stretch is overwhelming evidence.
_FLOOR = 0.03
#: Evidence, as a difference of logarithms, that a change of language must be worth.
_CHANGE = 1.5
#: Languages that most recordings are in. Whisper takes accents for rare ones.
_COMMON = frozenset(
    {
        "ar", "bn", "cs", "da", "de", "el", "en", "es", "fa", "fi", "fr", "he", "hi", "hu", "id",
        "it", "ja", "ko", "ms", "nl", "no", "pl", "pt", "ro", "ru", "sv", "ta", "th", "tr", "uk",
        "ur", "vi", "zh",
    }
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """Probability of each language in a stretch of speech, as detected."""

    seconds: float
    probabilities: Mapping[str, float]

    def probability(self, language: str) -> float:
        """Return the probability of a language."""
        return self.probabilities.get(language, 0.0)

    @property
    def best(self) -> str:
        """The most probable language."""
        return max(self.probabilities, key=self.probability)

    @property
    def best_common(self) -> str:
        """The most probable common language, or the most probable one if there is none."""
        common = [language for language in self.probabilities if language in _COMMON]
        return max(common or self.probabilities, key=self.probability)

    def likely(self, count: int) -> list[str]:
        """Return the most probable languages and the most probable common ones, `count` of each."""
        ranked = sorted(self.probabilities, key=lambda language: -self.probability(language))
        common = [language for language in ranked if language in _COMMON]
        return list(dict.fromkeys([*ranked[:count], *common[:count]]))

    def evidence(self, language: str, languages: Sequence[str]) -> float:
        """Return the logarithm of the probability of a language among others."""
        total = sum(self.probability(other) + _FLOOR for other in languages)
        length = min(1.0, self.seconds / _FULL_LENGTH)
        return length * math.log((self.probability(language) + _FLOOR) / total)


def is_common(language: str) -> bool:
    """Return whether a language is one that most recordings are in."""
    return language in _COMMON


def average(heard: Sequence[Heard]) -> Heard:
    """Return the probabilities in several stretches together, averaged by length.

    At least one stretch is needed.
    """
    seconds = sum(one.seconds for one in heard)
    totals: dict[str, float] = {}
    for one in heard:
        share = one.seconds / seconds if seconds else 1 / len(heard)
        for language, probability in one.probabilities.items():
            totals[language] = totals.get(language, 0.0) + share * probability
    return Heard(seconds=seconds, probabilities=totals)


def certainly_spoken(heard: Sequence[Heard]) -> list[str]:
    """Return the languages that a stretch of some length is certainly in, most speech first.

    Whisper takes unclear speech for rare languages, but seldom with certainty, and for long even
    more seldom.
    """
    seconds: dict[str, float] = {}
    for one in heard:
        if one.seconds >= _LONG_ENOUGH and one.probability(one.best) >= CERTAIN:
            seconds[one.best] = seconds.get(one.best, 0.0) + one.seconds
    enough = [
        language
        for language in seconds
        if language in _COMMON or seconds[language] >= _RARE_LONG_ENOUGH
    ]
    return sorted(enough, key=lambda language: -seconds[language])


def settle(heard: Sequence[Heard], languages: Sequence[str]) -> list[str]:
    """Return the most probable sequence of these languages over stretches in order.

    Every change costs evidence, so a doubtful stretch is in the language of those next to it.
    """
    evidence = [{code: one.evidence(code, languages) for code in languages} for one in heard]
    return best_sequence(evidence, change=_CHANGE)


def best_sequence(evidence: Sequence[Mapping[str, float]], *, change: float) -> list[str]:
    """Return the languages with most evidence in sum. Every `change` between two costs so much.

    `evidence` has that of each stretch, for the same languages.
    """
    if not evidence:
        return []
    scores = dict(evidence[0])
    origins: list[dict[str, str]] = []
    for one in evidence[1:]:
        best = max(scores, key=lambda language: scores[language])
        origin = {
            language: language if scores[language] >= scores[best] - change else best
            for language in scores
        }
        scores = {
            language: scores[origin[language]]
            - change * (origin[language] != language)
            + one[language]
            for language in scores
        }
        origins.append(origin)
    path = [max(scores, key=lambda language: scores[language])]
    for origin in reversed(origins):
        path.append(origin[path[-1]])
    return path[::-1]
