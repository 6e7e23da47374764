"""The words of a hit to be marked."""

from collections.abc import Sequence

from transcriber.search import folding
from transcriber.search.folding import Token
from transcriber.search.query import Query, Term

#: Least share of common parts of a word and its misspelling.
_LIKE = 0.34
_LEAST_STEM = 4
_LEAST_PART = 3


def marks(text: str, query: Query) -> list[tuple[int, int]]:
    """Return the ranges of characters matching a query, in order and apart."""
    words = list(folding.tokens(text))
    ranges = [
        found for term in query.terms for found in (_phrases if term.exact else _words)(words, term)
    ]
    return _joined(sorted(ranges))


def _phrases(words: Sequence[Token], term: Term) -> list[tuple[int, int]]:
    wanted = term.folded.split()
    found = []
    for place in range(len(words) - len(wanted) + 1):
        part = words[place : place + len(wanted)]
        if all(map(_agrees, part, wanted)):
            first = _within(part[0], wanted[0])
            last = _within(part[-1], wanted[-1])
            found.append((first[0][0], last[-1][1]))
    return found


def _agrees(token: Token, word: str) -> bool:
    return word in token.folded if token.dense else token.folded == word


def _words(words: Sequence[Token], term: Term) -> list[tuple[int, int]]:
    """Return the words closest to a term: itself, else with a common stem, else misspelled."""
    for matches in (_equal, _containing, _related, _misspelled):
        found = [token for token in words if matches(token.folded, term.folded)]
        if found:
            return [
                place
                for token in found
                for place in (
                    _within(token, term.folded) if token.dense else [(token.start, token.end)]
                )
            ]
    return []


def _equal(word: str, term: str) -> bool:
    return word == term


def _containing(word: str, term: str) -> bool:
    return term in word and (len(term) >= _LEAST_PART or folding.in_pairs(term))


def _related(word: str, term: str) -> bool:
    common = 0
    for first, second in zip(word, term, strict=False):
        if first != second:
            break
        common += 1
    return common >= max(_LEAST_STEM, round(0.6 * max(len(word), len(term))))


def _misspelled(word: str, term: str) -> bool:
    if len(term) <= _LEAST_STEM or folding.in_pairs(term):
        return False
    own, other = set(folding.grams(word)), set(folding.grams(term))
    return len(own & other) >= _LIKE * len(own | other)


def _within(token: Token, word: str) -> list[tuple[int, int]]:
    """Return the places of a word in a run of a script without blanks."""
    if not token.dense or len(token.folded) != token.end - token.start:
        return [(token.start, token.end)]
    found = []
    place = token.folded.find(word)
    while place >= 0:
        found.append((token.start + place, token.start + place + len(word)))
        place = token.folded.find(word, place + 1)
    return found or [(token.start, token.end)]


def _joined(ranges: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in ranges:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined
