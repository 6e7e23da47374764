"""Extractive summaries: the most central sentences of the conversation, without repetitions."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, sqrt

from exporter.document import Document
from exporter.summary.action_items import action_items
from exporter.summary.model import Statement, Summary
from exporter.summary.sentences import Sentence, sentences
from exporter.summary.terms import TermExtractor, Vector, centrality, similarity, vectors

FEWEST, MOST = 3, 24  # statements
_REDUNDANCY = 0.45  # weight of similarity to chosen sentences against centrality, 0 to 1
_TOO_ALIKE = 0.6  # cosine of sentences with the same meaning
_SHORT_TERMS, _LONG_WORDS = 4, 45
_PER_SECTION = 3  # most statements from one section of the meeting

# Words that people use for decisions, deadlines and problems.
_WEIGHTY = re.compile(
    r"\b(agree[ds]?|decided?|decision|deadline|conclusion|conclude|therefore|because|problem|issue|"
    r"important|main|key|plan|goal|budget|cost|risk|propos\w+|suggest\w*|result|summar\w+|"
    r"recommend\w*|must|priority|next step)\b",
    re.IGNORECASE,
)
_FIGURE = re.compile(r"\d")
_FILLERS = re.compile(
    r"^(?:(?:um+|uh+|er+m?|ah|oh|so|well|yeah|yes|yep|no|okay|ok|right|and|but|now|then|alright|"
    r"you know|i mean|i guess|actually|basically|like)(?:,\s*|\s+(?=(?:um+|uh+|so|well|yeah|okay|"
    r"you know|i mean)\b)))+",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Candidate:
    sentence: Sentence
    vector: Vector
    score: float  # 0 to 1
    section: int


def statement_count(sentence_total: int) -> int:
    """Return the number of statements for a conversation of the given number of sentences."""
    return min(sentence_total, max(FEWEST, min(MOST, round(0.8 * sqrt(sentence_total)))))


def extract(document: Document, *, count: int | None = None) -> Summary:
    """Summarize by selecting `count` sentences, by default a number that suits the length."""
    found = list(sentences(document))
    chosen = choose(found, document.language, count or statement_count(len(found)))
    several = len({sentence.speaker_label for sentence in found}) > 1
    statements = tuple(
        Statement(
            text=without_fillers(sentence.text),
            segments=sentence.segments,
            speaker=document.name_of(sentence.speaker_label) if several else "",
            speaker_label=sentence.speaker_label if several else "",
        )
        for sentence in chosen
    )
    items, warnings = action_items(document, found)
    return Summary(statements=statements, action_items=items, warnings=warnings)


def without_fillers(text: str) -> str:
    """Remove fillers such as `so, um, yeah` from the start of a sentence."""
    rest = _FILLERS.sub("", text)
    return rest[:1].upper() + rest[1:] if rest else text


def choose(found: Sequence[Sentence], language: str, count: int) -> list[Sentence]:
    """Select the `count` most representative sentences and return them in order of time.

    The most central sentence is chosen first. Others are discounted by their similarity to the
    chosen ones (maximal marginal relevance), and the number per section of the conversation is
    limited.
    """
    extractor = TermExtractor(language)
    bags = [extractor.terms(sentence.text) for sentence in found]
    rows = vectors(bags, drop_common=not extractor.has_function_words)
    candidates = _candidates(found, rows, sections=max(1, ceil(count / 2)))
    chosen: list[_Candidate] = []
    alike = [0.0] * len(candidates)
    taken: dict[int, int] = {}
    open_places = set(range(len(candidates)))
    while open_places and len(chosen) < count:
        best = max(
            open_places,
            key=lambda place: (
                (1 - _REDUNDANCY) * candidates[place].score - _REDUNDANCY * alike[place],
                -place,
            ),
        )
        open_places.discard(best)
        candidate = candidates[best]
        if alike[best] > _TOO_ALIKE or taken.get(candidate.section, 0) >= _PER_SECTION:
            continue
        chosen.append(candidate)
        taken[candidate.section] = taken.get(candidate.section, 0) + 1
        for place in open_places:
            alike[place] = max(alike[place], similarity(candidate.vector, candidates[place].vector))
    chosen.sort(key=lambda one: (one.sentence.start, one.sentence.segments))
    return [candidate.sentence for candidate in chosen]


def _candidates(
    found: Sequence[Sentence], rows: Sequence[Vector], *, sections: int
) -> list[_Candidate]:
    """Score sentences by centrality in the conversation and in their section."""
    size = max(1, ceil(len(found) / sections))
    overall = _relative(centrality(rows))
    local: list[float] = []
    for start in range(0, len(found), size):
        local += _relative(centrality(rows[start : start + size]))
    return [
        _Candidate(
            sentence=sentence,
            vector=row,
            score=(whole + near) / 2 * _weight(sentence, row),
            section=place // size,
        )
        for place, (sentence, row, whole, near) in enumerate(
            zip(found, rows, overall, local, strict=True)
        )
        if row
    ]


def _relative(ranks: Sequence[float]) -> list[float]:
    highest = max(ranks, default=0.0)
    return [rank / highest for rank in ranks] if highest else list(ranks)


def _weight(sentence: Sentence, row: Vector) -> float:
    """Return a factor, about 0.2 to 1.3, for length, form and key words of a sentence."""
    weight = 1.0
    if len(row) < _SHORT_TERMS:
        weight *= 0.25 + 0.15 * len(row)
    words = len(sentence.text.split())
    if words > _LONG_WORDS:
        weight *= _LONG_WORDS / words
    if sentence.is_question:
        weight *= 0.5
    if _WEIGHTY.search(sentence.text):
        weight *= 1.2
    if _FIGURE.search(sentence.text):
        weight *= 1.1
    return weight
