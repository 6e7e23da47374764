"""Recognitions of several signals: without echoes of each other, and joined into one."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from transcriber.worker.echoes.search import EchoLine
from transcriber.worker.engines.protocol import (
    Recognition,
    RecognizedLanguage,
    RecognizedSegment,
)

#: Spans of one language with at most this gap (seconds) are one span.
_SEAM = 0.05


def without_echoes(found: Recognition, echoes: Sequence[EchoLine]) -> Recognition:
    """Return a recognition without the words of echoes, and without segments left empty."""
    dropped: dict[int, set[int]] = {}
    for line in echoes:
        dropped.setdefault(line.segment, set()).update(line.words)
    segments = (
        _without_words(segment, dropped[number]) if number in dropped else segment
        for number, segment in enumerate(found.segments)
    )
    return replace(found, segments=tuple(segment for segment in segments if segment is not None))


def echo_warnings(signal: int, echoes: Sequence[EchoLine]) -> tuple[str, ...]:
    """Return sentences about the echoes left out of a signal, one per other signal."""
    counts: dict[int, int] = {}
    for line in echoes:
        counts[line.original] = counts.get(line.original, 0) + 1
    return tuple(
        f"1 line of channel {signal + 1} was an echo of channel {original + 1} and was left out."
        if count == 1
        else f"{count} lines of channel {signal + 1} were echoes of channel {original + 1} and "
        "were left out."
        for original, count in sorted(counts.items())
    )


def join_languages(spans: Iterable[RecognizedLanguage]) -> tuple[RecognizedLanguage, ...]:
    """Join the languages of several signals. Spans of different languages may overlap."""
    last: dict[str, RecognizedLanguage] = {}
    joined: list[RecognizedLanguage] = []
    for span in sorted(spans, key=lambda span: (span.start, span.end)):
        before = last.get(span.language)
        if before is not None and span.start <= before.end + _SEAM:
            last[span.language] = _together(before, span)
            continue
        if before is not None:
            joined.append(before)
        last[span.language] = span
    return tuple(sorted((*joined, *last.values()), key=lambda span: (span.start, span.end)))


def _together(one: RecognizedLanguage, other: RecognizedLanguage) -> RecognizedLanguage:
    lengths = [max(1e-3, span.end - span.start) for span in (one, other)]
    weighted = one.probability * lengths[0] + other.probability * lengths[1]
    return replace(one, end=max(one.end, other.end), probability=min(1.0, weighted / sum(lengths)))


def _without_words(segment: RecognizedSegment, dropped: set[int]) -> RecognizedSegment | None:
    """Return a segment without some of its words, None if no word is left."""
    words = tuple(word for number, word in enumerate(segment.words) if number not in dropped)
    if not words:
        return None
    return replace(
        segment,
        start=words[0].start,
        end=max(word.end for word in words),
        words=words,
        text=_text_without(segment, dropped),
    )


def _text_without(segment: RecognizedSegment, dropped: set[int]) -> str:
    """Return the text of the remaining words, spaced as in the text of the segment."""
    text, between, position = "", "", 0
    for number, word in enumerate(segment.words):
        found = segment.text.find(word.text, position)
        if found < 0:
            # The text spells its words differently.
            kept = (word.text for n, word in enumerate(segment.words) if n not in dropped)
            return " ".join(kept)
        between += segment.text[position:found]
        position = found + len(word.text)
        if number not in dropped:
            text += (between if number - 1 not in dropped else _blank(between)) + word.text
            between = ""
    return text.strip()


def _blank(between: str) -> str:
    return " " if any(char.isspace() for char in between) else ""
