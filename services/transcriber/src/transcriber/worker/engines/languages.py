"""Languages of the parts of a recording, decided from probabilities of samples of speech."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

#: Least probability at which a change of language is accepted.
CERTAIN = 0.8


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """Probability of each language in a stretch of speech, as detected."""

    seconds: float
    probabilities: Mapping[str, float]

    @property
    def best(self) -> "Choice":
        """The most probable language."""
        language = max(self.probabilities, key=lambda name: self.probabilities[name])
        return Choice(language=language, probability=self.probabilities[language])


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """A language and its probability."""

    language: str
    probability: float

    @property
    def is_certain(self) -> bool:
        """Whether the language is probable enough to differ from the one before it."""
        return self.probability >= CERTAIN


def prevailing(heard: Sequence[Heard]) -> Choice:
    """Return the language with the highest probability, averaged by length.

    At least one stretch is needed.
    """
    totals: dict[str, float] = {}
    for sample in heard:
        for language, probability in sample.probabilities.items():
            totals[language] = totals.get(language, 0.0) + sample.seconds * probability
    best = max(totals, key=lambda language: totals[language])
    seconds = sum(sample.seconds for sample in heard)
    return Choice(language=best, probability=totals[best] / seconds if seconds else 0.0)


def disagree(heard: Sequence[Heard]) -> bool:
    """Return whether these stretches certainly contain several languages."""
    return len({sample.best.language for sample in heard if sample.best.is_certain}) > 1


def settle(heard: Sequence[Heard], main: str) -> list[Choice]:
    """Return the language of each stretch, in order.

    A stretch in no certain language continues that of the stretch before it. At the beginning it
    is in the `main` language.
    """
    choices: list[Choice] = []
    current = main
    for sample in heard:
        if sample.best.is_certain:
            current = sample.best.language
        probability = sample.probabilities.get(current, 0.0)
        choices.append(Choice(language=current, probability=probability))
    return choices
