"""Decides which language is spoken where, from what a detector says of samples of speech."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

#: From this probability on a change of language is believed.
CERTAIN = 0.8


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """What the detector said of a stretch of speech: the probability of each language."""

    seconds: float
    probabilities: Mapping[str, float]

    @property
    def best(self) -> "Choice":
        """The likeliest language."""
        language = max(self.probabilities, key=lambda name: self.probabilities[name])
        return Choice(language=language, probability=self.probabilities[language])


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """A language and how probable it is."""

    language: str
    probability: float

    @property
    def is_certain(self) -> bool:
        """Whether it is probable enough to contradict what is known already."""
        return self.probability >= CERTAIN


def prevailing(heard: Sequence[Heard]) -> Choice:
    """The language of most of the speech (at least one stretch): an average by length."""
    totals: dict[str, float] = {}
    for sample in heard:
        for language, probability in sample.probabilities.items():
            totals[language] = totals.get(language, 0.0) + sample.seconds * probability
    best = max(totals, key=lambda language: totals[language])
    seconds = sum(sample.seconds for sample in heard)
    return Choice(language=best, probability=totals[best] / seconds if seconds else 0.0)


def disagree(heard: Sequence[Heard]) -> bool:
    """Whether several languages are certainly spoken in these stretches."""
    return len({sample.best.language for sample in heard if sample.best.is_certain}) > 1


def settle(heard: Sequence[Heard], main: str) -> list[Choice]:
    """The language of each of a row of stretches.

    One that is not certainly in another language continues the one before it; at the beginning
    it is in the `main` language.
    """
    choices: list[Choice] = []
    current = main
    for sample in heard:
        if sample.best.is_certain:
            current = sample.best.language
        probability = sample.probabilities.get(current, 0.0)
        choices.append(Choice(language=current, probability=probability))
    return choices
