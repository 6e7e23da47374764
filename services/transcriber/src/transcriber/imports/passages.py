"""Passages made of words, for files without any, and words divided among passages."""

from collections.abc import Sequence

from transcriber.domain.transcripts import SpokenWord
from transcriber.imports.content import ImportedSegment, ImportedWord
from transcriber.transcripts import segmentation


def passages(
    words: Sequence[ImportedWord], *, speaker: str = "", channel: int = 0
) -> list[ImportedSegment]:
    """Return the words of one speaker as passages, cut where recognized words would be."""
    ordered = sorted(words, key=lambda word: word.start)
    spoken = [
        SpokenWord(
            text=word.text,
            start=word.start,
            end=word.end,
            probability=1.0 if word.probability is None else word.probability,
            passage=place,
        )
        for place, word in enumerate(ordered)
    ]
    return [
        ImportedSegment(
            start=ordered[part.start].start,
            end=max(word.end for word in ordered[part.start : part.stop]),
            text=segmentation.join(spoken[part.start : part.stop]),
            speaker=speaker,
            channel=channel,
            words=tuple(ordered[part.start : part.stop]),
        )
        for part in segmentation.split(spoken, [speaker] * len(spoken))
    ]


def with_words(
    segments: Sequence[ImportedSegment], words: Sequence[ImportedWord]
) -> list[ImportedSegment]:
    """Divide words among passages by the middle of each.

    A passage whose text has other letters than its words together gets none.
    """
    own: list[list[ImportedWord]] = [[] for _ in segments]
    place = 0
    for word in sorted(words, key=lambda word: word.start):
        middle = (word.start + word.end) / 2
        while place < len(segments) - 1 and middle >= segments[place].end:
            place += 1
        own[place].append(word)
    return [
        ImportedSegment(
            start=segment.start,
            end=segment.end,
            text=segment.text,
            speaker=segment.speaker,
            channel=segment.channel,
            words=tuple(found) if _letters(segment.text) == _letters(_text(found)) else (),
        )
        for segment, found in zip(segments, own, strict=True)
    ]


def _text(words: Sequence[ImportedWord]) -> str:
    return "".join(word.text for word in words)


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))
