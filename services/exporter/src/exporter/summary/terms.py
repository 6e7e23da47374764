"""Content words of sentences as weighted vectors."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import log, sqrt

import snowballstemmer  # type: ignore[import-untyped]

from common.function_words import function_words

Vector = Mapping[str, float]

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+")
_SHORTEST = 3  # letters. Shorter words rarely name a topic, numbers excepted
# Without a list of function words, terms in more than this share of sentences count as such.
_COMMON_SHARE = 0.15
_COMMON_LEAST = 20  # sentences, too few for a meaningful share otherwise

_STEMMERS = {
    "ar": "arabic", "da": "danish", "de": "german", "el": "greek", "en": "english",
    "es": "spanish", "fi": "finnish", "fr": "french", "hi": "hindi", "hu": "hungarian",
    "it": "italian", "nl": "dutch", "no": "norwegian", "pt": "portuguese", "ro": "romanian",
    "ru": "russian", "sv": "swedish", "ta": "tamil", "tr": "turkish",
}  # fmt: skip


class TermExtractor:
    """Extractor of content words for one language (ISO 639-1)."""

    def __init__(self, language: str) -> None:
        self._ignored = function_words(language)
        name = _STEMMERS.get(language[:2].lower())
        self._stem = snowballstemmer.stemmer(name).stemWord if name else str
        self._stems: dict[str, str] = {}

    @property
    def has_function_words(self) -> bool:
        """Whether the language has a list of function words."""
        return bool(self._ignored)

    def terms(self, text: str) -> list[str]:
        """Return the stems of content words in order, or character pairs of unspaced scripts."""
        found: list[str] = []
        for match in _WORD.finditer(text.casefold().replace("’", "'")):
            word = match.group()
            unspaced = _UNSPACED.findall(word)
            if unspaced:
                found += [run[i : i + 2] for run in unspaced for i in range(max(1, len(run) - 1))]
            elif word not in self._ignored and (len(word) >= _SHORTEST or word.isdigit()):
                found.append(self._stemmed(word))
        return found

    def _stemmed(self, word: str) -> str:
        stem = self._stems.get(word)
        if stem is None:
            stem = self._stems[word] = self._stem(word.removesuffix("'s"))
        return stem


def vectors(bags: Sequence[Sequence[str]], *, drop_common: bool = False) -> list[Vector]:
    """Return one normalized TF-IDF vector per bag of terms, empty for an empty bag.

    With `drop_common`, terms in many bags are treated as function words and left out.
    """
    frequency = Counter(term for bag in bags for term in set(bag))
    total = len(bags)
    most = total * _COMMON_SHARE if drop_common and total >= _COMMON_LEAST else total
    weight = {term: log(1 + total / n) for term, n in frequency.items() if n <= most}
    return [
        _normalized({t: (1 + log(n)) * weight[t] for t, n in Counter(bag).items() if t in weight})
        for bag in bags
    ]


def _normalized(vector: dict[str, float]) -> Vector:
    norm = sqrt(sum(value * value for value in vector.values()))
    return {term: value / norm for term, value in vector.items()} if norm else {}


def similarity(first: Vector, second: Vector) -> float:
    """Return the cosine of two normalized vectors, 0 to 1."""
    if len(first) > len(second):
        first, second = second, first
    return sum(value * second.get(term, 0.0) for term, value in first.items())


def centrality(
    rows: Iterable[Vector], *, damping: float = 0.85, rounds: int = 30, tolerance: float = 1e-4
) -> list[float]:
    """Return the centrality of each vector: PageRank over the graph of cosines (LexRank).

    Cosines are not computed pairwise. The random walk passes through the terms, so that time and
    memory grow linearly with the number of words. It stops after `rounds`, or when the total change
    of a round is below `tolerance`. The values sum to 1.
    """
    vectors_ = list(rows)
    count = len(vectors_)
    if not count:
        return []
    degrees = _walk(vectors_, [1.0] * count)
    ranks = [1.0 / count] * count
    for _ in range(rounds):
        shares = [rank / d if d else 0.0 for rank, d in zip(ranks, degrees, strict=True)]
        spread = _walk(vectors_, shares)
        kept = sum(rank for rank, d in zip(ranks, degrees, strict=True) if not d)
        base = (1 - damping + damping * kept) / count
        following = [base + damping * value for value in spread]
        moved = sum(abs(new - old) for new, old in zip(following, ranks, strict=True))
        ranks = following
        if moved < tolerance:
            break
    return ranks


def _walk(rows: Sequence[Vector], values: Sequence[float]) -> list[float]:
    """Multiply the matrix of cosines by the values."""
    by_term: dict[str, float] = {}
    for row, value in zip(rows, values, strict=True):
        for term, weight in row.items():
            by_term[term] = by_term.get(term, 0.0) + weight * value
    return [sum(weight * by_term[term] for term, weight in row.items()) for row in rows]
