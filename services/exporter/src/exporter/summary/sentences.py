"""Sentences of the conversation with their source segments."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from common.writing_systems import joined
from exporter.document import Document
from exporter.safe_text import one_line
from exporter.turns import Turn, turns

# Longer turns are processed in pieces, so that time does not grow quadratically.
_PIECE_SECONDS = 600.0
# Recognized speech is not always punctuated. Longer runs are split between segments.
_LONGEST_WORDS = 60
_END = re.compile(
    r"""
    [.!?…]+["'”’»)\]]*(?=\s)  # followed by a blank in spaced scripts
    | [。！？؟۔।॥]+["'”’»」』）]*
    """,
    re.VERBOSE,
)
_ABBREVIATION = re.compile(
    r"(?:^|\s)(?:[A-Z]|Mr|Mrs|Ms|Dr|Prof|St|vs|etc|approx|No|e\.g|i\.e|z\.B|bzw|ca|Nr)\.$"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sentence:
    """Sentence of one speaker with the indexes of its segments.

    `start` is the start of the first segment, in seconds from the beginning of the recording.
    """

    text: str
    speaker_label: str
    segments: tuple[int, ...]
    start: float

    @property
    def is_question(self) -> bool:
        """Whether it ends with a question mark."""
        return self.text.rstrip("\"'”’»").endswith(("?", "？", "؟"))


def sentences(document: Document) -> Iterator[Sentence]:
    """Yield all sentences in order. A sentence may extend over several segments of a turn."""
    for turn in turns(document.segments, paragraph_seconds=_PIECE_SECONDS):
        yield from _of_turn(turn)


def _of_turn(turn: Turn) -> Iterator[Sentence]:
    starts: list[int] = []
    text = ""
    for segment in turn.segments:
        longer = joined([text, one_line(segment.text)])
        starts.append(len(longer) - len(one_line(segment.text)))
        text = longer
    for begin, end in _spans(text, starts):
        raw = text[begin:end]
        said = raw.strip()
        if not said:
            continue
        first = bisect_right(starts, end - len(raw.lstrip()))
        last = bisect_right(starts, begin + len(raw.rstrip()) - 1)
        touched = turn.segments[first - 1 : last]
        yield Sentence(
            text=said,
            speaker_label=turn.speaker_label,
            segments=tuple(segment.index for segment in touched),
            start=touched[0].start,
        )


def _spans(text: str, starts: list[int]) -> Iterator[tuple[int, int]]:
    if len(starts) > 1 and not _END.search(f"{text} "):
        # Without punctuation, a segment is the best approximation of a sentence.
        yield from pairwise([*starts, len(text)])
        return
    begin = 0
    for match in _END.finditer(text):
        following = text[match.end() :].lstrip()[:1]
        if following.islower() or _ABBREVIATION.search(text[begin : match.end()]):
            continue
        yield from _cut(text, begin, match.end(), starts)
        begin = match.end()
    yield from _cut(text, begin, len(text), starts)


def _cut(text: str, begin: int, end: int, starts: list[int]) -> Iterator[tuple[int, int]]:
    """Split a span that is too long where segments begin."""
    for boundary in starts:
        if begin < boundary < end and len(text[begin:boundary].split()) >= _LONGEST_WORDS // 2:
            if len(text[begin:end].split()) <= _LONGEST_WORDS:
                break
            yield begin, boundary
            begin = boundary
    if begin < end:
        yield begin, end
