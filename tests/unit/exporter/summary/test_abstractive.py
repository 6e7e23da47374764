"""Abstractive summaries with a real HTTP server for the language model."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest

from exporter.document import Document
from exporter.summary.abstractive import AbstractiveSummarizer
from exporter.summary.chat import ChatEndpoint, LanguageModelError
from tests.unit.exporter.documents import document, long_meeting, meeting, segment
from tests.unit.exporter.summary.fake_chat_server import (
    Behavior,
    FakeChatServer,
    Reply,
    Request,
    fake_chat_server,
)


def line_numbers(request: Request) -> list[int]:
    return [int(number) for number in re.findall(r"^\[(\d+)\]", request.user, re.MULTILINE)]


def is_condensing(request: Request) -> bool:
    return "numbered statements" in request.system


def honest(request: Request) -> Reply:
    """Report the first and the last line, and condense to the first statements."""
    numbers = line_numbers(request)
    if is_condensing(request):
        count = int(re.search(r"at most (\d+)", request.user).group(1))  # type: ignore[union-attr]
        merged = [
            {"text": f"Merged {number}.", "sources": numbers[place::count]}
            for place, number in enumerate(numbers[:count])
        ]
        return Reply(json.dumps({"statements": merged}))
    statements = [
        {"text": f"About {number}.", "segments": [number]} for number in {numbers[0], numbers[-1]}
    ]
    items = [{"text": f"Do {numbers[0]}", "owner": "Anna", "due": "", "segment": numbers[0]}]
    return Reply(json.dumps({"statements": statements, "action_items": items}))


@asynccontextmanager
async def summarizer(
    behave: Behavior, *, chunk_characters: int = 10_000
) -> AsyncIterator[tuple[AbstractiveSummarizer, FakeChatServer]]:
    with fake_chat_server(behave) as server:
        async with httpx2.AsyncClient(timeout=60) as client:
            endpoint = ChatEndpoint(
                client, base_url=server.base_url, model="local-model", attempts=1
            )
            yield AbstractiveSummarizer(endpoint, chunk_characters=chunk_characters), server


def seen_lines(server: FakeChatServer) -> set[int]:
    return {
        number
        for request in server.requests
        if not is_condensing(request)
        for number in line_numbers(request)
    }


async def test_a_short_conversation_takes_one_request() -> None:
    async with summarizer(honest) as (subject, server):
        summary = await subject.summarize(meeting())

    assert len(server.requests) == 1
    assert "[3] Ben Ode: I'll send the new figures by Friday." in server.requests[0].user
    assert summary.method == "local-model"
    assert summary.coverage == 1.0
    assert [one.segments for one in summary.statements] == [(0,), (4,)]
    assert [(one.text, one.owner, one.start) for one in summary.action_items] == [
        ("Do 0", "Anna", 0.0)
    ]


async def test_a_long_conversation_is_read_completely_and_condensed() -> None:
    source = long_meeting(4_000)
    async with summarizer(honest, chunk_characters=1_500) as (subject, server):
        summary = await subject.summarize(source)

    assert seen_lines(server) == {one.index for one in source.segments}
    assert any(is_condensing(request) for request in server.requests)
    assert 3 <= len(summary.statements) <= 24
    known = {one.index for one in source.segments}
    assert all(one.segments and set(one.segments) <= known for one in summary.statements)
    starts = [one.segments[0] for one in summary.statements]
    assert starts == sorted(starts)


async def test_chunks_too_long_are_halved_until_they_fit() -> None:
    def narrow(request: Request) -> Reply:
        if len(request.user) > 1_000:
            return Reply(status=400, body='{"error": "context length exceeded"}')
        return honest(request)

    source = long_meeting(1_500)
    async with summarizer(narrow) as (subject, server):
        summary = await subject.summarize(source)
    accepted = [one for one in server.requests if len(one.user) <= 1_000]
    read = {n for one in accepted if not is_condensing(one) for n in line_numbers(one)}
    assert read == {one.index for one in source.segments}
    assert summary.coverage == 1.0


async def test_a_chunk_with_an_incomplete_answer_is_halved() -> None:
    def short_of_breath(request: Request) -> Reply:
        if len(line_numbers(request)) > 2:
            return Reply('{"statements": [{"te', finish_reason="length")
        return honest(request)

    async with summarizer(short_of_breath) as (subject, server):
        summary = await subject.summarize(meeting())
    assert seen_lines(server) == {0, 1, 2, 3, 4}
    assert len(server.requests) > 3
    assert summary.statements


async def test_a_segment_longer_than_a_request_is_read_completely() -> None:
    text = " ".join(f"word{number}" for number in range(1_000))
    async with summarizer(honest, chunk_characters=1_000) as (subject, server):
        await subject.summarize(document([segment(0, "a", text, 0, 600, with_words=False)]))
    seen = "".join(
        line.partition(": ")[2]
        for request in sorted(
            (one for one in server.requests if not is_condensing(one)),
            key=lambda one: int(re.search(r"word(\d+)\b", one.user).group(1)),  # type: ignore[union-attr]
        )
        for line in request.user.splitlines()
        if line.startswith("[0]")
    )
    assert "".join(seen.split()) == "".join(text.split())


async def test_statements_without_source_are_left_out_and_counted() -> None:
    def careless(_: Request) -> Reply:
        statements = [
            {"text": "Rests on something.", "segments": [2, 99]},
            {"text": "Made up.", "segments": [99]},
            {"text": "Made up as well."},
        ]
        items = [{"text": "Invented", "segment": 99}, {"text": "Real", "segment": 3}]
        return Reply(json.dumps({"statements": statements, "action_items": items}))

    async with summarizer(careless) as (subject, _):
        summary = await subject.summarize(meeting())
    assert [(one.text, one.segments) for one in summary.statements] == [
        ("Rests on something.", (2,))
    ]
    assert [one.text for one in summary.action_items] == ["Real"]
    assert summary.warnings == (
        "2 statements of the language model cited no source and were left out.",
    )


async def test_a_malformed_answer_is_requested_once_more() -> None:
    def slow_to_understand(request: Request) -> Reply:
        return honest(request) if "JSON object only" in request.user else Reply("Let me see.")

    async with summarizer(slow_to_understand) as (subject, server):
        summary = await subject.summarize(meeting())
    assert len(server.requests) == 2
    assert summary.statements


async def test_a_model_that_cannot_condense_keeps_all_statements() -> None:
    def stubborn(request: Request) -> Reply:
        return Reply('{"statements": []}') if is_condensing(request) else honest(request)

    async with summarizer(stubborn, chunk_characters=600) as (subject, _):
        summary = await subject.summarize(long_meeting(2_000))
    assert len(summary.statements) > 24


async def test_a_failure_of_any_chunk_is_a_failure() -> None:
    def flaky(request: Request) -> Reply:
        return Reply(status=500) if 0 not in line_numbers(request) else honest(request)

    async with summarizer(flaky, chunk_characters=600) as (subject, _):
        with pytest.raises(LanguageModelError, match="status 500"):
            await subject.summarize(long_meeting(500))


async def test_a_context_too_small_for_any_text_is_an_error() -> None:
    async with summarizer(lambda _: Reply(status=413)) as (subject, server):
        with pytest.raises(LanguageModelError, match="too small"):
            await subject.summarize(meeting())
    assert len(server.requests) < 10


async def test_an_empty_transcript_sends_no_request() -> None:
    empty: Document = document([])
    async with summarizer(honest) as (subject, server):
        summary = await subject.summarize(empty)
    assert server.requests == []
    assert summary.statements == ()
