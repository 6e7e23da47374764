"""Abstractive summaries: a language model reads chunks and condenses the results."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil

from exporter.document import Document
from exporter.safe_text import one_line
from exporter.summary.chat import ChatEndpoint, LanguageModelError, TextTooLongError
from exporter.summary.extractive import MOST, statement_count
from exporter.summary.model import ActionItem, Statement, Summary
from exporter.summary.prompts import (
    REMINDER,
    SYSTEM_CONDENSE,
    SYSTEM_SUMMARIZE,
    ReportedStatement,
    condense_request,
    items_in,
    parsed,
    statements_in,
    summarize_request,
)

# About 3,000 tokens, so that instructions and answer fit into small local models too.
CHUNK_CHARACTERS = 10_000
_SMALLEST_CHARACTERS = 400  # shorter text is not split further
_PER_CHUNK = 6  # statements requested per chunk


@dataclass(frozen=True, kw_only=True, slots=True)
class _Line:
    index: int
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _ChunkResult:
    """Result for a chunk. `dropped` counts statements without a source in it."""

    statements: tuple[Statement, ...]
    items: tuple[ActionItem, ...]
    dropped: int = 0


class AbstractiveSummarizer:
    """Summarizer with a language model.

    A request carries up to `chunk_characters` of the transcript. Text that exceeds the context of
    the model is halved until it fits. Up to `parallel` requests run concurrently.
    """

    def __init__(
        self,
        endpoint: ChatEndpoint,
        *,
        chunk_characters: int = CHUNK_CHARACTERS,
        parallel: int = 2,
    ) -> None:
        self._endpoint = endpoint
        self._chunk_characters = chunk_characters
        self._parallel = max(1, parallel)

    @property
    def model(self) -> str:
        """Name of the language model."""
        return self._endpoint.model

    async def summarize(self, document: Document) -> Summary:
        """Summarize all segments. Raise LanguageModelError when the model fails on any of them."""
        lines = list(_lines(document, self._chunk_characters))
        if not lines:
            return Summary(statements=(), action_items=(), method=self.model)
        parts = await self._map(document, list(_chunks(lines, self._chunk_characters)))
        statements = [one for part in parts for one in part.statements]
        count = min(MOST, statement_count(len(lines)))
        condensed = await self._reduce(statements, count, document.language)
        dropped = sum(part.dropped for part in parts)
        warnings = (
            (f"{dropped} statements of the language model cited no source and were left out.",)
            if dropped
            else ()
        )
        return Summary(
            statements=tuple(sorted(condensed, key=lambda one: one.segments)),
            action_items=_unique([item for part in parts for item in part.items]),
            method=self.model,
            warnings=warnings,
        )

    async def _map(
        self, document: Document, chunks: Sequence[Sequence[_Line]]
    ) -> list[_ChunkResult]:
        places = asyncio.Semaphore(self._parallel)

        async def read(chunk: Sequence[_Line]) -> _ChunkResult:
            async with places:
                return await self._read(document, chunk)

        try:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(read(chunk), name=f"summarize-{number}")
                    for number, chunk in enumerate(chunks)
                ]
        except ExceptionGroup as failures:
            # Not `except*`: early releases of Python 3.11 wrap what is raised there in a group.
            ours, others = failures.split(LanguageModelError)
            if ours is None or others is not None:
                raise
            raise ours.exceptions[0] from None
        return [task.result() for task in tasks]

    async def _read(self, document: Document, chunk: Sequence[_Line]) -> _ChunkResult:
        """Return the result for a chunk, or that of its halves if it exceeds the context."""
        request = summarize_request(
            "\n".join(line.text for line in chunk), _PER_CHUNK, document.language
        )
        try:
            answer = await self._answer(SYSTEM_SUMMARIZE, request)
        except TextTooLongError:
            first, second = _halves(chunk)
            parts = [await self._read(document, half) for half in (first, second)]
            return _ChunkResult(
                statements=tuple(one for part in parts for one in part.statements),
                items=tuple(one for part in parts for one in part.items),
                dropped=sum(part.dropped for part in parts),
            )
        allowed = {line.index for line in chunk}
        reported = statements_in(answer, "segments")
        statements = [
            Statement(text=one.text, segments=cited)
            for one in reported
            if (cited := tuple(sorted(set(one.sources) & allowed)))
        ]
        items = [
            ActionItem(
                text=one.text,
                owner=one.owner,
                due=one.due,
                segment=one.source,
                start=document.segments_by_index[one.source].start,
            )
            for one in items_in(answer)
            if one.source in allowed
        ]
        return _ChunkResult(
            statements=tuple(statements),
            items=tuple(items),
            dropped=len(reported) - len(statements),
        )

    async def _reduce(
        self, statements: Sequence[Statement], count: int, language: str
    ) -> Sequence[Statement]:
        """Condense to `count` statements, or more if the model stops making progress."""
        while len(statements) > count:
            batches = list(_batches(statements, self._chunk_characters))
            share = max(1, ceil(count / len(batches)))
            condensed: list[Statement] = []
            for batch in batches:
                condensed += await self._condense(batch, share, language)
            if len(condensed) >= len(statements):
                break
            statements = condensed
        return statements

    async def _condense(
        self, batch: Sequence[Statement], count: int, language: str
    ) -> list[Statement]:
        if len(batch) <= count:
            return list(batch)
        numbered = "\n".join(f"[{place}] {one.text}" for place, one in enumerate(batch))
        try:
            answer = await self._answer(
                SYSTEM_CONDENSE, condense_request(numbered, count, language)
            )
        except TextTooLongError:
            middle = len(batch) // 2
            if not middle:
                raise
            halves = (batch[:middle], batch[middle:])
            share = max(1, ceil(count / 2))
            return [one for half in halves for one in await self._condense(half, share, language)]
        merged = [
            one
            for reported in statements_in(answer, "sources")
            if (one := _merged(reported, batch)) is not None
        ]
        # Statements with sources are kept when the model condenses them without citing any.
        return merged[:count] if merged else list(batch)

    async def _answer(self, system: str, request: str) -> dict[str, object]:
        """Return the parsed answer. Ask once more if it is malformed.

        Raise TextTooLongError when it was cut off.
        """
        for text in (request, request + REMINDER):
            answer = await self._endpoint.ask(system, text)
            if not answer.complete:
                raise TextTooLongError("its answer was cut off")
            try:
                return parsed(answer.text)
            except LanguageModelError:
                if text != request:
                    raise
        raise AssertionError


def _lines(document: Document, longest: int) -> Iterator[_Line]:
    """Yield segments as numbered lines. Segments longer than a request take several lines."""
    for segment in document.segments:
        text = one_line(segment.text)
        name = one_line(document.name_of(segment.speaker_label)) or "Unknown"
        head = f"[{segment.index}] {name}: "
        step = max(_SMALLEST_CHARACTERS, longest - len(head))
        for place in range(0, len(text), step):
            yield _Line(index=segment.index, text=head + text[place : place + step])


def _chunks(lines: Sequence[_Line], size: int) -> Iterator[list[_Line]]:
    chunk: list[_Line] = []
    filled = 0
    for line in lines:
        if chunk and filled + len(line.text) > size:
            yield chunk
            chunk, filled = [], 0
        chunk.append(line)
        filled += len(line.text) + 1
    if chunk:
        yield chunk


def _halves(chunk: Sequence[_Line]) -> tuple[list[_Line], list[_Line]]:
    if len(chunk) > 1:
        middle = len(chunk) // 2
        return list(chunk[:middle]), list(chunk[middle:])
    line = chunk[0]
    if len(line.text) < _SMALLEST_CHARACTERS:
        raise LanguageModelError("its context is too small")
    middle = len(line.text) // 2
    head, _, _ = line.text.partition(": ")
    return [_Line(index=line.index, text=line.text[:middle])], [
        _Line(index=line.index, text=f"{head}: {line.text[middle:]}")
    ]


def _batches(statements: Sequence[Statement], size: int) -> Iterator[list[Statement]]:
    batch: list[Statement] = []
    filled = 0
    for statement in statements:
        if len(batch) > 1 and filled + len(statement.text) > size:
            yield batch
            batch, filled = [], 0
        batch.append(statement)
        filled += len(statement.text) + 8
    if batch:
        yield batch


def _merged(reported: ReportedStatement, batch: Sequence[Statement]) -> Statement | None:
    sources = [batch[number] for number in reported.sources if 0 <= number < len(batch)]
    segments = sorted({index for source in sources for index in source.segments})
    return Statement(text=reported.text, segments=tuple(segments)) if segments else None


def _unique(items: Sequence[ActionItem]) -> tuple[ActionItem, ...]:
    """Sort by time and remove duplicates, since models repeat themselves."""
    unique = {(item.segment, item.text.casefold()): item for item in items}
    return tuple(sorted(unique.values(), key=lambda item: (item.start, item.segment)))
