"""Tiers of annotations: passages of a speaker, and those with the words of another tier."""

from collections.abc import Sequence
from dataclasses import dataclass

from transcriber.imports.content import ImportedSegment, ImportedWord
from transcriber.imports.passages import passages, with_words
from transcriber.imports.problems import Omissions

MOST_TIERS = 1000
#: Dependent tiers that are compared with the text of theirs. Each takes as long as that text.
_MOST_COMPARED = 20
_WORDS = " - words"
_OF_WORDS = {"words", "word"}
_OF_SOUNDS = ("phones", "phone", "phonemes", "phoneme")


@dataclass(frozen=True, kw_only=True, slots=True)
class Annotation:
    """Text from `start` to `end`."""

    start: float
    end: float
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Tier:
    """Annotations in order. `parent` is the name of the tier that they divide, if they do."""

    name: str
    speaker: str
    annotations: Sequence[Annotation]
    parent: str = ""


def segments_of(tiers: Sequence[Tier], omissions: Omissions) -> list[ImportedSegment]:
    """Return the passages of all tiers in order of time.

    A tier of words belongs to its parent, or to the tier with the name before ` - words`. Alone,
    its words are passages. Tiers of single sounds are left out.
    """
    by_name = {tier.name: tier for tier in tiers}
    own: dict[str, list[Tier]] = {}
    roots: list[Tier] = []
    for tier in tiers:
        parent = tier.parent or tier.name.removesuffix(_WORDS)
        if parent != tier.name and parent in by_name:
            own.setdefault(parent, []).append(tier)
        elif tier.name.lower().endswith(_OF_SOUNDS):
            omissions.add("annotations of sounds", len(tier.annotations))
        else:
            roots.append(tier)
    # Tiers below dependent ones, and circles, belong to no passages.
    for parent in own.keys() - {tier.name for tier in roots}:
        for tier in own[parent]:
            omissions.add("annotations of dependent tiers", len(tier.annotations))
    found: list[ImportedSegment] = []
    for tier in roots:
        found += _passages(tier, own.get(tier.name, ()), omissions)
    return sorted(found, key=lambda segment: (segment.start, segment.end))


def _passages(tier: Tier, children: Sequence[Tier], omissions: Omissions) -> list[ImportedSegment]:
    spoken = [one for one in tier.annotations if one.text]
    name = tier.speaker.removesuffix(_WORDS)
    if tier.name.lower() in _OF_WORDS or tier.name.endswith(_WORDS):
        return passages(_words(tier), speaker="" if name.lower() in _OF_WORDS else name)
    segments = [
        ImportedSegment(start=one.start, end=one.end, text=one.text, speaker=name) for one in spoken
    ]
    chosen: Tier | None = None
    for child in [child for child in children if child.annotations][:_MOST_COMPARED]:
        timed = with_words(segments, _words(child)) if segments else []
        if _have_words(timed):
            chosen, segments = child, timed
            break
    for child in children:
        if child is not chosen:
            omissions.add("annotations of dependent tiers", len(child.annotations))
    return segments


def _have_words(segments: Sequence[ImportedSegment]) -> bool:
    return any(segment.words for segment in segments)


def _words(tier: Tier) -> list[ImportedWord]:
    return [
        ImportedWord(text=one.text, start=one.start, end=one.end)
        for one in tier.annotations
        if one.text
    ]
