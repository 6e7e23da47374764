"""Phrases from the beginning of a transcript that can serve as its title."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import log, sqrt

import regex  # type: ignore[import-untyped]

from common import characters, writing_systems
from common.function_words import function_words

#: Only what is said until then (seconds) makes a title.
MOST_SECONDS = 300.0
#: Columns of a title. A wide character takes two.
_MOST_CELLS = 60
_LEAST_TERMS = 2
#: Shorter words rarely name a topic. Without a list of function words, more are taken for one.
_SHORTEST = 3
_SHORTEST_UNLISTED = 5
_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+(?:['’\-][\p{L}\p{M}\p{N}]+)*")
_UNSPACED = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]+")
_SENTENCE_END = regex.compile(r"(?<=\p{STerm}['\"\p{Pe}\p{Pf}]*)(?<!\b\p{Lu}\.)(?:\s+|(?=\p{Lo}))")
_CLAUSE_END = regex.compile(r"[,;:，、；：،؛]\s*|\s[–—-]\s")
_FILLER_WORDS = """
and but so well okay ok um uh hm yeah yes no now then also because oh
und aber ja nein nun dann äh ähm denn gut
et mais donc alors bon euh oui non puis
y pero pues bueno entonces sí eh
"""
#: Words that sentences begin with and titles do not.
_FILLERS = frozenset(_FILLER_WORDS.split())
_EDGES = " \t.,;:!?…¡¿-–—\"'«»„“”()[]，、。；：！？،؛؟।"


@dataclass(frozen=True, kw_only=True, slots=True)
class Spoken:
    """A passage of the transcript. `start` is in seconds, `language` a code (ISO 639-1)."""

    text: str
    start: float
    language: str = ""


@dataclass(frozen=True, slots=True)
class _Clause:
    text: str
    terms: tuple[str, ...]
    place: int


def phrase(spoken: Iterable[Spoken]) -> str:
    """Return a short phrase that tells what the beginning is about, empty if none does.

    It consists of words that were said, at most 60 columns of them. Clauses are preferred whose
    terms are often used in the first minutes.
    """
    early = [one for one in spoken if one.start < MOST_SECONDS and one.text.strip()]
    if not early:
        return ""
    clauses = list(_clauses(early))
    uses = Counter(term for clause in clauses for term in clause.terms)
    fitting = [clause for clause in clauses if len(set(clause.terms)) >= _LEAST_TERMS]
    best = max(fitting, key=lambda clause: _score(clause, uses, len(clauses)), default=None)
    return _tidy(best.text, early[0].language) if best else ""


def _clauses(spoken: Sequence[Spoken]) -> Iterator[_Clause]:
    place = 0
    for language, text in _runs(spoken):
        for sentence in _SENTENCE_END.split(text):
            for part in _CLAUSE_END.split(sentence):
                words = part.strip(_EDGES)
                if words:
                    yield _Clause(words, tuple(_terms(words, language)), place)
                    place += 1


def _runs(spoken: Sequence[Spoken]) -> Iterator[tuple[str, str]]:
    """Yield what is said in one language without a break, since sentences span segments."""
    begun: list[str] = []
    language = spoken[0].language
    for one in spoken:
        if one.language != language and begun:
            yield language, writing_systems.joined(begun)
            begun = []
        language = one.language
        begun.append(one.text.strip())
    yield language, writing_systems.joined(begun)


def _terms(text: str, language: str) -> Iterator[str]:
    """Yield content words, or pairs of characters in scripts without blanks."""
    listed = function_words(language)
    shortest = _SHORTEST if listed else _SHORTEST_UNLISTED
    for match in _WORD.finditer(text.casefold().replace("’", "'")):
        word = match.group()
        unspaced = _UNSPACED.findall(word)
        if unspaced:
            yield from (run[at : at + 2] for run in unspaced for at in range(len(run) - 1))
        elif word not in listed and len(word) >= shortest and not word.isdigit():
            yield word


def _score(clause: _Clause, uses: Counter[str], total: int) -> float:
    """Return how much a clause is about, with a slight preference for earlier ones."""
    terms = set(clause.terms)
    weight = sum(log(1 + uses[term]) for term in terms) / sqrt(len(terms) + 1)
    if writing_systems.cells(clause.text) > _MOST_CELLS:
        weight *= 0.7
    return weight * (1 - 0.3 * clause.place / total)


def _tidy(text: str, language: str) -> str:
    """Return a clause without function words at its edges, short and with a capital letter."""
    text = characters.tidied(characters.without_forbidden(text)).strip(_EDGES)
    words = text.split(" ")
    listed = function_words(language)
    while len(words) > _LEAST_TERMS and words[0].casefold().strip(_EDGES) in _FILLERS:
        words.pop(0)
    short = _shortened(" ".join(words))
    kept = short.split(" ")
    if short != " ".join(words):
        while len(kept) > _LEAST_TERMS and kept[-1].casefold().strip(_EDGES) in listed:
            kept.pop()
    title = " ".join(kept).strip(_EDGES)
    return title[:1].upper() + title[1:]


def _shortened(text: str) -> str:
    """Return the beginning of a text that fits, up to a place where a line could break."""
    if writing_systems.cells(text) <= _MOST_CELLS:
        return text
    kept = ""
    for piece in writing_systems.pieces(text):
        if writing_systems.cells((kept + piece).rstrip()) > _MOST_CELLS:
            break
        kept += piece
    return kept.rstrip()
