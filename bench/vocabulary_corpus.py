"""Sentences with made-up names of persons, drugs and companies, said by synthesized voices.

Each of the 100 names occurs in one sentence to learn from and in another one to test with. Nothing
in `vocabulary_data` names a real person or product on purpose.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.languages_voices import Saying, say

#: A female and a male voice of Kokoro.
VOICES = ("af_heart", "am_michael")
LANGUAGE = "en"
#: One part is to learn corrections from, the other one to measure with.
LEARN, TEST = "learn", "test"

_DATA = Path(__file__).parent / "vocabulary_data"
_KINDS = (("person", "drug"), ("person", "company"), ("drug", "company"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Sentence:
    """A sentence with two names, and the voice saying it."""

    text: str
    names: tuple[str, str]
    voice: str

    def spoken(self) -> Saying:
        """Return the sentence as sound."""
        return say(self.text, LANGUAGE, self.voice)


def names() -> list[str]:
    """Return all names."""
    return [name for found in _names().values() for name in found]


def sentences(part: str) -> Iterator[Sentence]:
    """Yield the sentences of a part. Half of the names change their voice between the parts."""
    templates = _templates(part)
    for number, (kinds, pair) in enumerate(_pairs(part)):
        fitting = templates[kinds]
        changed = part == TEST and number // 2 % 2
        yield Sentence(
            text=fitting[number % len(fitting)].format(*pair),
            names=pair,
            voice=VOICES[(number + changed) % 2],
        )


def _pairs(part: str) -> Iterator[tuple[tuple[str, str], tuple[str, str]]]:
    """Yield pairs of names with their kinds. Other names meet in the other part."""
    found = _names()
    half = len(found["person"]) // 2
    persons, drugs, companies = found["person"], found["drug"], found["company"]
    groups: Sequence[tuple[Sequence[str], Sequence[str]]] = (
        (persons[:half], drugs[:half]),
        (persons[half:], companies[:half]),
        (drugs[half:], companies[half:]),
    )
    for kinds, (first, second) in zip(_KINDS, groups, strict=True):
        turned = second if part == LEARN else (*second[1:], second[0])
        for pair in zip(first, turned, strict=True):
            yield kinds, pair


def _names() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in _lines("names.txt"):
        kind, _, name = line.partition("|")
        found.setdefault(kind, []).append(name)
    return found


def _templates(part: str) -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = {}
    for line in _lines("sentences.txt"):
        belongs, kinds, text = line.split("|")
        if belongs == part:
            first, second = kinds.split()
            found.setdefault((first, second), []).append(text)
    return found


def _lines(name: str) -> list[str]:
    return (_DATA / name).read_text(encoding="utf-8").splitlines()
