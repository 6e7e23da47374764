"""Who is to do what by when: found by the ways people undertake, ask for and hand out work.

English only; for a transcript in another language nothing is searched for, and that is said.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from exporter.document import Document
from exporter.summary.action_patterns import PATTERNS, Owner, Pattern
from exporter.summary.action_verbs import TALK, TALK_PHRASES, WORK, WORK_PHRASES
from exporter.summary.due_dates import due
from exporter.summary.model import ActionItem
from exporter.summary.sentences import Sentence

LANGUAGES = frozenset({"en"})

# Where a sentence falls apart into clauses that may each be something to do.
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
_REFUSAL = re.compile(r"\b(?:no|can't|cannot|won't|not|but|unfortunately|sorry)\b", re.IGNORECASE)
_QUESTION_WORD = re.compile(
    r"^(?:(?:and|but|so|well|okay)\W+)*(?:what|where|when|how|which|do|does|did|have|has|is|"
    r"are|was|were)\b",
    re.IGNORECASE,
)
_REFLEXIVE = re.compile(r"^(?:my|your|our|him|her|them|it)sel(?:f|ves)\b", re.IGNORECASE)
_PEOPLE = frozenset(
    "someone somebody anyone anybody everyone everybody we you one they us all".split()
)
_FEWEST_WORDS = 4
_ACCEPTED_WITHIN = 2  # sentences


@dataclass(frozen=True, kw_only=True, slots=True)
class _Found:
    text: str
    owner: str
    asked: bool  # whether it was asked of somebody who is not named


def action_items(
    document: Document, found: Sequence[Sentence]
) -> tuple[tuple[ActionItem, ...], tuple[str, ...]]:
    """The action items of the sentences, in order of time, and what the reader should know."""
    language = document.language[:2].lower()
    if language and language not in LANGUAGES:
        return (), (f"Action items are searched for in English only; this is in {language}.",)
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
            owner=one.owner or (_accepting(document, found, place) if one.asked else ""),
            due=due(one.text) or due(sentence.text),
        )
        for place, sentence in enumerate(found)
        for one in _in_sentence(sentence, document.name_of(sentence.speaker_label), names)
    ]
    return tuple(items), ()


def _accepting(document: Document, found: Sequence[Sentence], place: int) -> str:
    """The name of who agrees to what was asked of nobody by name; empty when nobody does."""
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
    # `please do that` says nothing of its own where another clause says what.
    hits = [one for one in hits if len(hits) == 1 or not _DO_THAT.search(one[0])]
    if len(hits) == 1:
        # Alone it is shown with its whole sentence: reasons and dates often stand beside it.
        yield _Found(text=_tidy(text), owner=hits[0][1].owner, asked=hits[0][1].asked)
    else:
        yield from (hit for _, hit in hits)


def _clauses(text: str) -> list[str]:
    """Clauses of the sentence; a name that is called stays with what is asked of it."""
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
            owner = _owner(pattern, match, clause, sentence, speaker, names)
            return _Found(
                text=_tidy(clause),
                owner=owner,
                asked=not owner and pattern.owner is Owner.ADDRESSEE,
            )
    return None


def _is_work(
    pattern: Pattern, match: re.Match[str], clause: str, sentence: str, names: frozenset[str]
) -> bool:
    if pattern.owner is Owner.NAMED and not _is_name(match.group("name"), names):
        return False
    before = clause[: match.start()] + match.group()
    if _NEGATED.search(before) and not pattern.holds_negation:
        return False
    groups = match.groupdict()
    if groups.get("verb") is None:
        return True
    verb, rest = groups["verb"].lower(), clause[match.end("verb") :].strip()
    if _PRONOUNS_ONLY.match(rest) and not due(clause) and not _has_context(clause, sentence):
        return False
    if _REFLEXIVE.match(rest):
        return False
    base = next((form for form in base_forms(verb) if form in WORK or form in WORK_PHRASES), verb)
    if base in TALK_PHRASES and re.search(TALK_PHRASES[base], rest, re.IGNORECASE):
        return False
    if base in WORK_PHRASES:
        return bool(re.search(WORK_PHRASES[base], rest, re.IGNORECASE))
    if base in WORK:
        return True
    if pattern.needs_work_verb or base in TALK or any(form in TALK for form in base_forms(verb)):
        return False
    return bool(rest)


def _has_context(clause: str, sentence: str) -> bool:
    """Whether `that` can only mean what the rest of the sentence says."""
    return len(sentence.split()) - len(clause.split()) >= _FEWEST_WORDS


def _owner(
    pattern: Pattern,
    match: re.Match[str],
    clause: str,
    sentence: str,
    speaker: str,
    names: frozenset[str],
) -> str:
    if pattern.owner is Owner.SPEAKER:
        return speaker
    named = match.groupdict().get("name") or ""
    if named and _is_name(named, names):
        return named
    if pattern.owner is Owner.NOBODY:
        return ""
    return _called(clause, names) or _called(sentence, names)


def _called(text: str, names: frozenset[str]) -> str:
    """The name that is called at the beginning or the end: `Ben, could you …`, `…, Ben?`."""
    first = re.match(r"(?:(?:and|so|okay|ok|well|hey)\W+)?([A-Z][\w-]+),", text, re.IGNORECASE)
    last = re.search(r",\s*([A-Z][\w-]+)\s*[.?!]*$", text)
    for match in (first, last):
        if match and _is_name(match.group(1), names):
            return match.group(1)
    return ""


_NOT_NAMES = frozenset(
    """
    I A An The This That These Those It He She They We You Who What Where When Why How Which There
    Here And But So Or If Then Well Okay Ok Yes Yeah Yep No Not Now Please Sure Maybe Perhaps Also
    Just Let Lets Let's Somebody Someone Anybody Anyone Everybody Everyone Nobody One All Both Each
    My Our Your His Her Its Their Monday Tuesday Wednesday Thursday Friday Saturday Sunday January
    February March April May June July August September October November December Today Tomorrow
    Thanks Thank Great Good Fine Right Actually Basically First Second Next Finally Nothing
    Something Everything People Sales Things Work Time
    """.split()
)


def _is_name(word: str, names: frozenset[str]) -> bool:
    """Whether a word names a person: a participant, or a capitalised word that is nothing else."""
    if word in names:
        return True
    return word[:1].isupper() and word not in _NOT_NAMES and word.lower() not in _PEOPLE


def base_forms(word: str) -> list[str]:
    """What the verb may be an inflected form of, itself first: `reviews`, `signed`, `sending`."""
    forms = [word]
    irregular = _IRREGULAR.get(word)
    if irregular:
        forms.append(irregular)
    if word.endswith("ies") or word.endswith("ied"):
        forms.append(word[:-3] + "y")
    for ending in ("es", "s", "ed", "d", "ing"):
        if word.endswith(ending) and len(word) - len(ending) >= 2:
            stem = word[: -len(ending)]
            forms.append(stem)
            if ending in {"ed", "ing"}:
                forms.append(stem + "e")
                if len(stem) > 2 and stem[-1] == stem[-2]:
                    forms.append(stem[:-1])
    return forms


_IRREGULAR = {
    "sent": "send", "done": "do", "made": "make", "written": "write", "bought": "buy",
    "brought": "bring", "built": "build", "found": "find", "paid": "pay", "told": "tell",
    "taken": "take", "given": "give", "said": "say", "rewritten": "rewrite", "sold": "sell",
    "redone": "redo", "seen": "see", "known": "know", "gone": "go", "kept": "keep",
    "does": "do", "goes": "go", "drawn": "draw", "chosen": "choose", "rebuilt": "rebuild",
}  # fmt: skip

_FILLERS = re.compile(
    r"^(?:(?:um+|uh+|er+|so|well|yeah|yes|okay|ok|right|and|but|now|then|alright|fine|sure|"
    r"you know|i mean|actually|basically)[,\s]+)+(?=\w)",
    re.IGNORECASE,
)


def _tidy(text: str) -> str:
    """The clause with a capital, and without the `okay, so` at its head."""
    rest = _FILLERS.sub("", text.strip())
    return rest[:1].upper() + rest[1:]
