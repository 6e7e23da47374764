"""The ways to contain a word: itself, a part, or with a typing error."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from transcriber.search import folding
from transcriber.search.query import Query, Term

#: Weights of the ways to contain a word.
EXACT = 1.0
STEM = 0.9
PREFIX = 0.7
PART = 0.45
TYPO = 0.6
_LEAST_PART = 4
_LEAST_TYPO = 5
#: Share of the parts of a word that one error leaves.
_LEFT_BY_TYPO = 0.45


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """Parts of a word of a group. A segment with all of them contains it, with a weight.

    It must contain the `needle` too, if there is one, and at least `least` of the parts `checked`.
    Filler words of a language (*the*, *und*) are found by those marked as `filler` only, as long as
    the query has other words.
    """

    group: int
    term: int
    weight: float
    parts: Sequence[str]
    needle: str = ""
    checked: Sequence[str] = ()
    least: int = 0
    filler: bool = False


def alternatives(query: Query) -> list[Alternative]:
    """Return all ways to match the groups of a query."""
    return [
        alternative
        for place, (group, term) in enumerate(numbered(query))
        for alternative in (_phrase if term.exact else _word)(_Place(group, place), term)
    ]


def numbered(query: Query) -> list[tuple[int, Term]]:
    """Return the terms of a query with the numbers of their groups."""
    return [(number, term) for number, group in enumerate(query.groups) for term in group]


class _Place(NamedTuple):
    group: int
    term: int


def _phrase(place: _Place, term: Term) -> Iterator[Alternative]:
    words = term.folded.split()
    parts = folding.text_grams(words)
    if len(words) == 1 and folding.is_dense(words[0]):
        parts = folding.inner_grams(words[0])
    elif folding.is_dense(words[0]) or folding.is_dense(words[-1]):
        parts = [part for word in words for part in folding.inner_grams(word)]
    yield Alternative(
        group=place.group,
        term=place.term,
        weight=EXACT,
        parts=parts,
        needle=term.folded,
        filler=True,
    )


def _word(place: _Place, term: Term) -> Iterator[Alternative]:
    word = term.folded[: folding.LONGEST_WORD]
    if folding.is_dense(word):
        yield Alternative(
            group=place.group,
            term=place.term,
            weight=EXACT,
            parts=folding.inner_grams(word),
            needle=word,
            filler=True,
        )
        return
    yield Alternative(
        group=place.group,
        term=place.term,
        weight=EXACT,
        parts=folding.grams(word),
        needle=f" {word} ",
        filler=term.abbreviation,
    )
    if folding.in_pairs(word) or len(word) >= _LEAST_PART - 1:
        parts = folding.prefix_grams(word)
        yield Alternative(
            group=place.group, term=place.term, weight=PREFIX, parts=parts, needle=f" {word}"
        )
    if folding.in_pairs(word) or len(word) >= _LEAST_PART:
        parts = folding.inner_grams(word)
        yield Alternative(group=place.group, term=place.term, weight=PART, parts=parts, needle=word)
    if len(word) >= _LEAST_TYPO and not folding.in_pairs(word) and not word.isdecimal():
        yield from _misspelled(place, word)


def _misspelled(place: _Place, word: str) -> Iterator[Alternative]:
    """Yield the beginning and the end of a word. One error leaves one of them intact.

    The weight is that of a word with all other parts in common.
    """
    parts = folding.grams(word)
    for side in (parts[:2], parts[-2:]):
        yield Alternative(
            group=place.group,
            term=place.term,
            weight=TYPO,
            parts=side,
            checked=parts,
            least=max(3, round(_LEFT_BY_TYPO * len(parts))),
        )
