"""Find and replace in the text of segments."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import re2  # type: ignore[import-untyped]

from common import characters
from common.errors import ValidationError
from transcriber.editing.items import ItemId
from transcriber.editing.operations import DeleteWords, Operation, ReplaceWords
from transcriber.editing.views import SegmentView

#: Memory of one compiled expression.
_MOST_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Text to find and its replacement.

    The replacement of a regular expression may refer to groups: `\\1`, or `\\g<0>` for the whole.
    """

    text: str
    replacement: str
    match_case: bool = False
    whole_words: bool = False
    regular_expression: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """Change of one segment by `count` replacements, and the operations for it."""

    segment: ItemId
    before: str
    after: str
    count: int
    operations: tuple[Operation, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Text to write in place of the characters from `start` to `end`."""

    start: int
    end: int
    text: str


class Replacer:
    """Finds a query in texts, in time linear in their length."""

    def __init__(self, query: Query) -> None:
        """Compile the query.

        Raises:
            ValidationError: the regular expression or its replacement is invalid.
        """
        self._query = query
        options = re2.Options()
        options.case_sensitive = query.match_case
        options.literal = not query.regular_expression
        options.log_errors = False
        options.max_mem = _MOST_BYTES
        try:
            self._pattern = re2.compile(query.text, options=options)
        except re2.error as error:
            reason = str(error.args[0], "utf-8", "replace") if error.args else "it is invalid"
            raise ValidationError.of("query", f"Invalid regular expression: {reason}.") from error

    def finds(self, text: str) -> bool:
        """Return whether a text has matches."""
        return next(self._matches(text), None) is not None

    def replace(self, segment: SegmentView) -> Replacement | None:
        """Return the change of a segment, None without matches."""
        matches = list(self._matches(segment.text))
        return replacement_of(segment, matches) if matches else None

    def _matches(self, text: str) -> Iterator[Found]:
        for match in self._pattern.finditer(text):
            start, end = match.span()
            if start == end or (self._query.whole_words and not _is_whole(text, start, end)):
                continue
            yield Found(start=start, end=end, text=self._written(match))

    def _written(self, match: Any) -> str:
        if not self._query.regular_expression:
            return self._query.replacement
        try:
            text: str = match.expand(self._query.replacement)
        except (re2.error, IndexError, ValueError) as error:
            raise ValidationError.of(
                "replacement", "The replacement refers to a group that does not exist."
            ) from error
        if characters.has_forbidden(text):
            raise ValidationError.of("replacement", "The replacement makes control characters.")
        return text


def replacement_of(segment: SegmentView, matches: Sequence[Found]) -> Replacement:
    """Return the change of a segment by matches, in order and without overlap."""
    spans = spans_of(segment)
    return Replacement(
        segment=segment.id,
        before=segment.text,
        after=_replaced(segment.text, matches),
        count=len(matches),
        operations=tuple(_operation(segment, spans, group) for group in _grouped(spans, matches)),
    )


def _is_whole(text: str, start: int, end: int) -> bool:
    before, after = text[start - 1 : start], text[end : end + 1]
    return not (before.isalnum() and text[start].isalnum()) and not (
        after.isalnum() and text[end - 1].isalnum()
    )


def spans_of(segment: SegmentView) -> list[tuple[int, int]]:
    """Return the start and end of each word in the text of its segment."""
    spans = []
    position = 0
    for word in segment.words:
        start = segment.text.index(word.text, position)
        position = start + len(word.text)
        spans.append((start, position))
    return spans


def touched(spans: Sequence[tuple[int, int]], match: Found) -> range:
    """Return the numbers of the words touched by a match, or the one before a blank."""
    first = next(place for place, (_, end) in enumerate(spans) if end > match.start)
    last = max(place for place, (start, _) in enumerate(spans) if start < match.end)
    return range(min(first, last), max(first, last) + 1)


def _grouped(
    spans: Sequence[tuple[int, int]], matches: Sequence[Found]
) -> Iterator[tuple[range, list[Found]]]:
    """Yield ranges of words with the matches in them. Matches in one word belong together."""
    words = range(0)
    group: list[Found] = []
    for match in matches:
        found = touched(spans, match)
        if group and found.start < words.stop:
            words = range(words.start, max(words.stop, found.stop))
            group.append(match)
            continue
        if group:
            yield words, group
        words, group = found, [match]
    if group:
        yield words, group


def _operation(
    segment: SegmentView, spans: Sequence[tuple[int, int]], group: tuple[range, list[Found]]
) -> Operation:
    words, matches = group
    start, end = spans[words.start][0], spans[words.stop - 1][1]
    first, last = segment.words[words.start].id, segment.words[words.stop - 1].id
    inside = [
        Found(start=match.start - start, end=match.end - start, text=match.text)
        for match in matches
    ]
    text = _replaced(segment.text[start:end], inside)
    if not text.strip():
        return DeleteWords(first=first, last=last)
    return ReplaceWords(first=first, last=last, text=text)


def _replaced(text: str, matches: Sequence[Found]) -> str:
    parts: list[str] = []
    position = 0
    for match in matches:
        parts.extend((text[position : max(match.start, position)], match.text))
        position = match.end
    return "".join((*parts, text[position:]))
