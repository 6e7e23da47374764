"""Transcripts that are edited while they are read."""

import pytest

from common.errors import ConflictError, StateError
from common.identity import Identity
from tests.unit.exporter.fake_transcriber import client_of, edited

CALLER = Identity(session_id="session_a", workspace_id="session_a", token="token-a")


async def test_a_transcript_edited_meanwhile_is_read_again() -> None:
    servicer = edited(changes=3)
    async with client_of(servicer) as client:
        document = await client.read(CALLER, 7, words=False)
    assert [segment.text for segment in document.segments] == ["attempt 4"]


async def test_a_transcript_that_never_stays_the_same_is_refused() -> None:
    servicer = edited(changes=100)
    async with client_of(servicer) as client:
        with pytest.raises(ConflictError):
            await client.read(CALLER, 7, words=False)
    assert servicer.attempts == 4


async def test_an_incomplete_transcript_is_read_once() -> None:
    servicer = edited(changes=0, complete=False)
    async with client_of(servicer) as client:
        with pytest.raises(StateError):
            await client.read(CALLER, 7, words=False)
    assert servicer.attempts == 1
