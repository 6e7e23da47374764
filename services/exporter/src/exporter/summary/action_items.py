"""Action items: tasks with their owners and due dates, found by patterns of speech.

Only English is supported. For other languages, there are no action items and a warning.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from exporter.document import Document
from exporter.front_matter import language_name
from exporter.summary.action_patterns import PATTERNS, Owner, Pattern
from exporter.summary.action_people import addressed, is_name
from exporter.summary.action_verbs import TALK, TALK_PHRASES, WORK, WORK_PHRASES, base_forms
from exporter.summary.due_dates import due
from exporter.summary.model import ActionItem
from exporter.summary.sentences import Sentence

LANGUAGES = frozenset({"en"})

# Boundaries of clauses, each of which may be a task of its own.
_CLAUSES = re.compile(
    r"(?:[,;:]\s*|\s+)(?:and\s+then|and\s+so|so\s+then|and\s+also)\s+|"
    r"[,;]\s*(?:and|but|so|then|or)\s+|;\s+|,\s+(?=(?:I|we|you|he|she|they|please|[A-Z]\w+)\b(?!,))"
)
_NEGATED = re.compile(
    r"\b(?:never|don't|doesn't|didn't|won't|can't|cannot|not|shouldn't|wouldn't|needn't|no need)\b",
    re.IGNORECASE,
)
_UNREAL = re.compile(
    r"\b(?:would|could|should|might|must|may)(?:\s+not|n't)?\s+(?:\w+ly\s+)?(?:have|of)\s+\w+|"
    r"\bif\s+(?:I|we|you|they|he|she|it)\s+(?:had|were)\b|^if\s+I\s+\w+|\bwould\s+never\b|\bused\s+to\b",
    re.IGNORECASE,
)
_PRONOUNS_ONLY = re.compile(
    r"^\W*(?:(?:that|it|this|these|those|them|one|ones|so|the\s+same|care\s+of\s+(?:it|that|this)|"
    r"too|then|now|up|out|for\s+you|right|away|please|myself)\W*)*$",
    re.IGNORECASE,
)
_DO_THAT = re.compile(r"\b(?:do|handle|take\s+care\s+of)\s+(?:that|it|this|so)\b", re.IGNORECASE)
_ACCEPTANCE = re.compile(
    r"^(?:(?:oh|um|uh|well)\W+)*(?:yes|yeah|yep|sure|okay|ok|of course|no problem|will do|fine|"
    r"absolutely|certainly|happy to|gladly|i(?:'ll| will| can) (?:do|take|handle|send|look))\b",
    re.IGNORECASE,
)
_REFUSAL = re.compile(
    r"\b(?:no(?!\s+(?:problem|worries|trouble))|can't|cannot|won't|not|but|unfortunately|sorry)\b",
    re.IGNORECASE,
)
_QUESTION_WORD = re.compile(
    r"^(?:(?:and|but|so|well|okay)\W+)*(?:what|where|when|how|which|do|does|did|have|has|is|"
    r"are|was|were)\b",
    re.IGNORECASE,
)
_REFLEXIVE = re.compile(r"^(?:my|your|our|him|her|them|it)sel(?:f|ves)\b", re.IGNORECASE)
_FEWEST_WORDS = 4
_ACCEPTED_WITHIN = 2  # sentences


@dataclass(frozen=True, kw_only=True, slots=True)
class _Found:
    text: str
    owner: str
    requested: bool  # of a person not named


def action_items(
    document: Document, found: Sequence[Sentence]
) -> tuple[tuple[ActionItem, ...], tuple[str, ...]]:
    """Return the action items of sentences in order of time, and warnings for the reader."""
    language = document.language[:2].lower()
    if language and language not in LANGUAGES:
        return (), (
            f"Action items are supported in English only, not in {language_name(language)}.",
        )
    names = frozenset(
        part
        for speaker in document.speakers
        for part in [document.name_of(speaker.label).split(" ")[0]]
        if part.isalpha()
    )
    items = [
        ActionItem(
            text=one.text,
            segment=sentence.segments[0],
            start=sentence.start,
            owner=one.owner or (_accepting(document, found, place) if one.requested else ""),
            due=due(one.text) or due(sentence.text),
        )
        for place, sentence in enumerate(found)
        for one in _in_sentence(sentence, document.name_of(sentence.speaker_label), names)
    ]
    return tuple(items), ()


def _accepting(document: Document, found: Sequence[Sentence], place: int) -> str:
    """Return the name of the next person to agree to a request, or an empty string."""
    asker = found[place].speaker_label
    for answer in found[place + 1 : place + 1 + _ACCEPTED_WITHIN]:
        if answer.speaker_label != asker:
            agreed = _ACCEPTANCE.match(answer.text) and not _REFUSAL.search(answer.text)
            return document.name_of(answer.speaker_label) if agreed else ""
    return ""


def _in_sentence(sentence: Sentence, speaker: str, names: frozenset[str]) -> Iterator[_Found]:
    text = sentence.text.replace("’", "'")
    if len(text.split()) < _FEWEST_WORDS or _UNREAL.search(text):
        return
    clauses = _clauses(text)
    hits: list[tuple[str, _Found]] = []
    for clause in clauses:
        hit = _in_clause(clause, text, speaker, names, question=sentence.is_question)
        if hit is not None:
            hits.append((clause, hit))
    # `please do that` is no task of its own next to the clause with the task.
    hits = [one for one in hits if len(hits) == 1 or not _DO_THAT.search(one[0])]
    if len(hits) == 1:
        # A single task is shown with its whole sentence, which often has reasons and dates.
        yield _Found(text=_tidy(text), owner=hits[0][1].owner, requested=hits[0][1].requested)
    else:
        yield from (hit for _, hit in hits)


def _clauses(text: str) -> list[str]:
    """Split a sentence into clauses. A name in direct address stays with its request."""
    pieces = [piece.strip() for piece in _CLAUSES.split(text) if piece and piece.strip()]
    joined: list[str] = []
    for piece in pieces:
        if joined and len(joined[-1].split()) == 1:
            joined[-1] = f"{joined[-1]}, {piece}"
        else:
            joined.append(piece)
    return joined


def _in_clause(
    clause: str, sentence: str, speaker: str, names: frozenset[str], *, question: bool
) -> _Found | None:
    for pattern in PATTERNS:
        if question and not pattern.may_be_question:
            continue
        if question and _QUESTION_WORD.match(clause):
            continue
        for match in pattern.expression.finditer(clause):
            if not _is_work(pattern, match, clause, sentence, names):
                continue
            owner = speaker
            if pattern.owner is not Owner.SPEAKER:
                owner = _owner(pattern, match, (clause, sentence), names)
            return _Found(
                text=_tidy(clause),
                owner=owner,
                requested=not owner and pattern.owner is Owner.ADDRESSEE,
            )
    return None


def _is_work(
    pattern: Pattern, match: re.Match[str], clause: str, sentence: str, names: frozenset[str]
) -> bool:
    """Return whether a match is a task and not said in passing."""
    groups = match.groupdict()
    if pattern.owner is Owner.NAMED and not is_name(groups["name"], names):
        return False
    before = clause[: match.end()]
    if _NEGATED.search(before) and not pattern.holds_negation:
        return False
    if groups.get("verb") is None:
        return True
    rest = clause[match.end("verb") :].strip()
    if _PRONOUNS_ONLY.match(rest) and not due(clause) and not _has_context(clause, sentence):
        return False
    return _verb_is_work(groups["verb"].lower(), rest, certain=not pattern.needs_work_verb)


def _verb_is_work(verb: str, rest: str, *, certain: bool) -> bool:
    """Return whether a verb is work, given the words after it. Unknown verbs are if `certain`."""
    if _REFLEXIVE.match(rest):
        return False
    forms = base_forms(verb)
    base = next((form for form in forms if form in WORK or form in WORK_PHRASES), verb)
    if base in TALK_PHRASES and re.search(TALK_PHRASES[base], rest, re.IGNORECASE):
        return False
    if base in WORK_PHRASES:
        return bool(re.search(WORK_PHRASES[base], rest, re.IGNORECASE))
    if base in WORK:
        return True
    return certain and bool(rest) and not any(form in TALK for form in forms)


def _has_context(clause: str, sentence: str) -> bool:
    """Return whether the rest of the sentence can explain a pronoun in the clause."""
    return len(sentence.split()) - len(clause.split()) >= _FEWEST_WORDS


def _owner(
    pattern: Pattern, match: re.Match[str], texts: Sequence[str], names: frozenset[str]
) -> str:
    """Return the name of the person responsible, from the match or else from the texts."""
    named = match.groupdict().get("name") or ""
    if named and is_name(named, names):
        return named
    if pattern.owner is Owner.NOBODY:
        return ""
    return next((name for text in texts if (name := addressed(text, names))), "")


_FILLERS = re.compile(
    r"^(?:(?:um+|uh+|er+|so|well|yeah|yes|okay|ok|right|and|but|now|then|alright|fine|sure|"
    r"you know|i mean|actually|basically)[,\s]+)+(?=\w)",
    re.IGNORECASE,
)


def _tidy(text: str) -> str:
    """Remove fillers such as `okay, so` from the start of a clause and capitalize it."""
    rest = _FILLERS.sub("", text.strip())
    return rest[:1].upper() + rest[1:]
